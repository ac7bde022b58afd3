"""Drift: whether what comes in, and what is said of it, has changed against the weeks before.

Belongs here: which quantities, reading them from the result tables, and the tests. Not here: accuracy, which needs a truth.
"""
