"""Replay: the report made again from the recorded inputs, and compared byte by byte.

Belongs here: what must be the same before a comparison means anything, the earlier studies as they stood then, and the
comparison. Not here: making reports (pipeline/) or arguments and exit codes (commands/).
"""
