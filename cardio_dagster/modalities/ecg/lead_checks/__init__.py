"""Whether the leads are those that they are called.

Belongs here: what the other parts of the branch may use. Not here: noise (quality/), or the names in a file (formats/leads.py).
"""

from cardio_dagster.modalities.ecg.lead_checks.check import LeadChecks, check_leads, lead_findings
from cardio_dagster.modalities.ecg.lead_checks.problem import LeadProblem

__all__ = ["LeadChecks", "LeadProblem", "check_leads", "lead_findings"]
