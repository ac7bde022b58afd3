"""Checks: the looks at each part, one module a dependency.

Belongs here: functions that take a connection or a place and return Checks. Not here: time-outs (watch/asking.py) or what all
of them amount to (watch/health.py).
"""
