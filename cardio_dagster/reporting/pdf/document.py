"""report.pdf: the report as a file of A4 pages.

Belongs here: the order of the sections. Not here: the sections, or the pages that carry them (pages.py).
"""

from cardio_dagster.reporting.parts import Report
from cardio_dagster.reporting.pdf.details import details
from cardio_dagster.reporting.pdf.figures import figures
from cardio_dagster.reporting.pdf.fonts import register_fonts
from cardio_dagster.reporting.pdf.front import front
from cardio_dagster.reporting.pdf.pages import Pages
from cardio_dagster.reporting.pdf.record import record


def to_pdf(report: Report) -> bytes:
    """Return the report as a PDF; equal reports give equal bytes.

    A4, in English, text selectable, an outline of the sections, the type embedded. An ECG is drawn true to
    scale, one millimetre of its paper to a millimetre, on a page laid across. Raises StudyError
    (E_INTERNAL_001) for a drawing that is not plain (see drawing.inline); `build_report` leaves such a
    drawing out beforehand. Raises FileNotFoundError where the font is not installed (see fonts.py).
    """
    register_fonts()
    return Pages(report).render([*front(report), *figures(report), *details(report), *record(report)])
