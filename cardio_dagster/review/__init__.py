"""Review: a person decides on a report, and the study goes on to its release.

Belongs here: whether a decision may be taken (deciding.py, identity.py), what follows from it (continuing.py), and what is
shown to the person (worklist.py). Not here: rows (stores/reviews.py), the report's new form (pipeline/reviewed.py), Dagster.
"""
