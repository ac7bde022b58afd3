"""The report as DICOM Structured Reports: echo by TID 5200, ECG by TID 3700, both Comprehensive SR.

Belongs here: what an image archive can store and another system can read. Not here: the report's shape (parts.py) or
any medical judgement. See docs/dicom_sr.md.
"""

from cardio_dagster.reporting.dicom_sr.ecg import to_ecg_sr
from cardio_dagster.reporting.dicom_sr.echo import to_echo_sr

__all__ = ["to_ecg_sr", "to_echo_sr"]
