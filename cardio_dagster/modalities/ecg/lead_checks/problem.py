"""LeadProblem: one thing that is wrong with the leads.

Belongs here: the value alone. Not here: any check.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LeadProblem:
    """A code (ECG_LEADS_*), what it says, the leads it is about, and how sure it is, 0 to 1."""

    code: str
    text: str
    leads: tuple[str, ...]
    confidence: float
