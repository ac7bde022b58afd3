"""Appraisal (tier 2): how good the written report is, what it cites and what it cost.

Belongs here: quality, references with their check, cost, and running the three as one tier. Not
here: the draft (drafting/), the proof of its numbers (verification/) or the formats.
"""
