"""The pages: their size, the head and foot that each carries, the outline of the file.

Belongs here: what is the same on every page. Not here: the sections between head and foot.
"""

from io import BytesIO

from reportlab import rl_config
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from cardio_dagster.reporting.parts import INTENDED_USE, Report
from cardio_dagster.reporting.pdf.fonts import BOLD, REGULAR, clean
from cardio_dagster.reporting.pdf.headings import Heading
from cardio_dagster.reporting.pdf.look import ALERT, CALM, INK, LINE, MUTED, PAGE_MARGIN

_HEAD, _FOOT = 8 * mm, 7 * mm
_SIZE = 7.5
_STATES = {"released", "released after review", "held for review", "rejected, not for use"}
_TOTAL = "number-of-pages"  # a form that is drawn on every page and defined after the last


def release_state(report: Report) -> str:
    """Return the state of release in two or three words; what is not said to be released is not released."""
    first = report.release_status.partition(":")[0].strip().lower()
    return first if first in _STATES else "not released"


def name_of(report: Report) -> str:
    """Return study, revision and, from the second on, version."""
    version = f", version {report.version}" if report.version > 1 else ""
    return clean(f"{report.study_id}, revision {report.revision}{version}")


class Pages(BaseDocTemplate):
    """A file of A4 pages, upright and across; equal stories give equal bytes."""

    def __init__(self, report: Report) -> None:
        self.buffer, self.report, self.headings = BytesIO(), report, 0
        super().__init__(
            self.buffer,
            invariant=1,  # no date, no random identifier
            title=f"Cardiology report {name_of(report)}",
            author="cardio_dagster",
            creator=f"cardio_dagster {report.software_version}",
            subject=INTENDED_USE,
            lang="en",
        )
        self.addPageTemplates([self._template("upright", A4), self._template("across", landscape(A4))])

    def render(self, story: list[Flowable]) -> bytes:
        """Return the file, its streams as bytes: as text, reportlab's way, they are a quarter larger and slower."""
        before, rl_config.useA85 = rl_config.useA85, 0
        try:
            self._doSave = 0  # as multiBuild does: the file is saved below
            self.build(story)
            self._count_pages()
            self.canv.save()
        finally:
            rl_config.useA85 = before
        return self.buffer.getvalue()

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802 (reportlab's name)
        """Enter a heading into the outline; called by reportlab."""
        if isinstance(flowable, Heading):
            self.headings += 1
            key = f"heading-{self.headings}"
            self.canv.bookmarkPage(key)
            self.canv.addOutlineEntry(flowable.title, key, flowable.level)

    def _template(self, name: str, size: tuple[float, float]) -> PageTemplate:
        width, height = size
        frame = Frame(
            PAGE_MARGIN,
            PAGE_MARGIN + _FOOT,
            width - 2 * PAGE_MARGIN,
            height - 2 * PAGE_MARGIN - _HEAD - _FOOT + 6 * mm,
            leftPadding=0, rightPadding=0, topPadding=0, bottomPadding=0,
        )  # fmt: skip
        return PageTemplate(
            name, [frame], onPage=lambda canvas, _: self._head_and_foot(canvas, width, height), pagesize=size
        )

    def _head_and_foot(self, canvas: Canvas, width: float, height: float) -> None:
        canvas.setViewerPreference("DisplayDocTitle", "true")
        right, top, bottom = width - PAGE_MARGIN, height - 11 * mm, 10 * mm
        canvas.saveState()
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.5)
        canvas.line(PAGE_MARGIN, top - 5, right, top - 5)
        canvas.line(PAGE_MARGIN, bottom + 10, right, bottom + 10)
        state = release_state(self.report)
        is_released = state.startswith("released")
        canvas.setFillColor(CALM if is_released else ALERT)
        canvas.setFont(BOLD, _SIZE)
        canvas.drawRightString(right, top, state.upper() if is_released else f"! {state.upper()}")
        canvas.drawString(PAGE_MARGIN, bottom, INTENDED_USE)
        canvas.setFillColor(INK)
        canvas.setFont(REGULAR, _SIZE)
        canvas.drawString(PAGE_MARGIN, top, f"Cardiology report  {name_of(self.report)}")
        self._page_number(canvas, right, bottom)
        canvas.restoreState()

    def _page_number(self, canvas: Canvas, right: float, bottom: float) -> None:
        canvas.setFillColor(MUTED)
        before = f"Page {canvas.getPageNumber()} of "
        left = right - stringWidth(f"{before}000", REGULAR, _SIZE)
        canvas.drawString(left, bottom, before)
        canvas.translate(left + stringWidth(before, REGULAR, _SIZE), bottom)
        canvas.doForm(_TOTAL)

    def _count_pages(self) -> None:
        """Define the form that every page refers to, now that the pages are counted."""
        self.canv.beginForm(_TOTAL)
        self.canv.setFillColor(MUTED)
        self.canv.setFont(REGULAR, _SIZE)
        self.canv.drawString(0, 0, str(self.page))
        self.canv.endForm()
