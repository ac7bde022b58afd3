"""evaluation.html: one night as one self-contained page.

Belongs here: words, tables and drawings. Not here: anything that is counted.
"""
