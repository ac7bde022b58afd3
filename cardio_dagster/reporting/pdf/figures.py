"""The figures of a report as pieces of a page: the ECG true to scale, the others as wide as they need.

Belongs here: size and place of drawings. Not here: painting them (svg.py).
"""

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, NextPageTemplate, PageBreak, Paragraph

from cardio_dagster.reporting.parts import Report, ReportedFigure
from cardio_dagster.reporting.pdf.fonts import markup
from cardio_dagster.reporting.pdf.headings import Heading, where
from cardio_dagster.reporting.pdf.look import BODY, NOTE, PAGE_HEIGHT, PAGE_MARGIN, TEXT_WIDTH
from cardio_dagster.reporting.pdf.svg import Svg

LANDSCAPE_WIDTH = PAGE_HEIGHT - 2 * PAGE_MARGIN
_WIDEST, _TALLEST = 135 * mm, 88 * mm  # of a figure without a scale of its own: two to a page
_ROW_MM, _TOP_MM = 25.0, 10.0  # of an ECG: between two rows it may be cut for the next page
_TRUE = "Printed at 100 % (actual size) this is true to scale: 25 mm/s, 10 mm/mV; thick grid lines are 5 mm apart."
_SHRUNK = (
    "Not true to scale: the drawing is wider than the page. Measure by its grid: 0.2 s and 0.5 mV between thick lines."
)


def figures(report: Report) -> list[Flowable]:
    """Return the figures with their captions; those too wide for upright pages follow on pages laid across.

    Raises StudyError (E_INTERNAL_001) for a drawing that is not plain (see drawing.inline).
    """
    drawn = [(figure, _drawing(figure)) for figure in report.figures]
    upright = [_figure(*pair) for pair in drawn if not _is_wide(pair[1])]
    if upright:
        upright[0].insert(0, Heading("Figures"))
    across = [_figure(*pair) for pair in drawn if _is_wide(pair[1])]
    story: list[Flowable] = [KeepTogether(pieces) for pieces in upright]
    for pieces in across:
        story += [NextPageTemplate("across"), PageBreak(), *pieces]
    return [*story, NextPageTemplate("upright"), PageBreak()] if across else story


def _drawing(figure: ReportedFigure) -> "Drawing | None":
    return Drawing(Svg(figure.svg, figure.anchor, label=figure.title)) if figure.svg else None


def _is_wide(drawing: "Drawing | None") -> bool:
    return drawing is not None and drawing.svg.in_mm and drawing.svg.width * mm > TEXT_WIDTH


def _figure(figure: ReportedFigure, drawing: "Drawing | None") -> list[Flowable]:
    title = Heading(figure.title, level=1)
    place = markup(where(figure.modality, figure.recording_id))
    caption = Paragraph(f"{markup(figure.description)} ({place})", NOTE)
    if drawing is None:
        why = figure.reason or "report.json refers to drawings, it does not hold them"
        return [title, Paragraph(f"No drawing here: {markup(why)}", BODY), caption]
    if not drawing.svg.in_mm:
        return [title, drawing, caption]
    scale = Paragraph(_TRUE if drawing.is_true else _SHRUNK, NOTE) if figure.name == "ecg" else None
    return [title, caption, *([scale] if scale else []), drawing]


class Drawing(Flowable):
    """A drawing on the page, or the part of it from `first` to `last` units downwards; cut between rows if too tall."""

    def __init__(self, svg: Svg, first: float = 0.0, last: float | None = None) -> None:
        super().__init__()
        self.svg, self.first, self.last = svg, first, svg.height if last is None else last
        widest = LANDSCAPE_WIDTH if svg.in_mm else _WIDEST
        tallest = float("inf") if svg.in_mm else _TALLEST
        self.scale = min(mm if svg.in_mm else tallest, widest / svg.width, tallest / svg.height)
        self.width, self.height = svg.width * self.scale, (self.last - self.first) * self.scale

    @property
    def is_true(self) -> bool:
        """Whether one unit is one millimetre on paper."""
        return self.svg.in_mm and self.scale == mm

    def split(self, available_width: float, available_height: float) -> list[Flowable]:
        """Return two parts, the first of as many whole rows as fit; none where not one fits."""
        rows = int((available_height / self.scale + self.first - _TOP_MM) // _ROW_MM)
        cut = _TOP_MM + rows * _ROW_MM
        if not self.svg.in_mm or rows < 1 or not self.first < cut < self.last:
            return []
        return [Drawing(self.svg, self.first, cut), Drawing(self.svg, cut, self.last)]

    def draw(self) -> None:
        """Paint onto the page; called by reportlab."""
        path = self.canv.beginPath()
        path.rect(0, 0, self.width, self.height)
        self.canv.saveState()
        self.canv.clipPath(path, stroke=0, fill=0)
        self.svg.paint(self.canv, left=0.0, top=self.height + self.first * self.scale, scale=self.scale)
        self.canv.restoreState()
