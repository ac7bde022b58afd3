"""The chaos suite: what must hold whatever breaks. `test_*.py` is its quick form, `python -m cardio_dagster_tests.chaos` the full one.

Belongs here: breaking real runs of the real pipeline from outside, and saying what was seen. Not here: hooks in the product,
of which there are none.
"""
