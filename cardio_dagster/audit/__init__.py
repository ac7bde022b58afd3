"""Audit: the ledger read for people: lineage, replay, explanation, export, and what goes after its retention."""
