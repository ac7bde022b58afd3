"""Truth: running the pipeline's own verbs on cases whose answer is known.

Belongs here: one module a case set, each from a case to an Observed. Not here: what is made of the answers.
"""
