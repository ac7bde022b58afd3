"""The report on paper: report.pdf.

Belongs here: pages, type and drawings in PDF. Not here: what the report says (parts.py), what of it
comes first (summary.py), or how a value is written (wording.py).
"""

from cardio_dagster.reporting.pdf.document import to_pdf

__all__ = ["to_pdf"]
