"""Explain: why each stage of a study ran or did not, and what the study waits for.

Belongs here: reading that out of the ledger and the registry. Not here: deciding it (pipeline/, orchestration/), or
arguments and exit codes (commands/).
"""
