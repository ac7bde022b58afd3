"""Worklist: the pages on which people find studies, read reports, decide on them and acknowledge notices.

Belongs here: `router`, and the modules behind it. Not here: the rules of deciding (review/), of notices (escalation/) or who may
come in (gateway/auth.py).
"""

from cardio_dagster.gateway.worklist.routes import router

__all__ = ["router"]
