"""Lineage: from each sentence of a report back to files, code, models, parameters, people and evidence.

Belongs here: reading ledger, registry and report, and tracing one through the others. Not here: rebuilding a report
(replay/), why a stage ran (explain/) or arguments and exit codes (commands/).
"""
