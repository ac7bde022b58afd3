"""Measurements of the branch: names, units, methods, evidence and reasons."""
