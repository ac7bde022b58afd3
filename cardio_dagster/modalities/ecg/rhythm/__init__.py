"""The rhythm of a recording: one label with its evidence, and episodes where it is long.

Belongs here: intervals, atria and the model that weighs them. Not here: statements (statements/).
"""
