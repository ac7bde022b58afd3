"""Promotion: a change of a model or of a gate is a candidate until it was measured beside what stands.

Belongs here: reading a candidate, judging it, putting it in force. Not here: measuring (evaluation/measure.py) or the command
(commands/evaluate.py).
"""
