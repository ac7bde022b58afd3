"""Watching: whether the installation lives, and how it does.

Belongs here: looking and counting, in plain Python. Not here: HTTP (gateway/health.py), the terminal (commands/) or Dagster itself:
of it only the tables are read, because importing it costs a second.
"""
