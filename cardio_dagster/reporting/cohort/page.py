"""cohort.html: the cohort as one self-contained page.

Belongs here: joining summary, template, style and drawings. Not here: counting (summary.py) or drawing (histogram.py).
No script, no request: the content policy of the page forbids both.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cardio_dagster import __version__
from cardio_dagster.reporting.cohort.dictionary import VERSION, reference_text
from cardio_dagster.reporting.cohort.histogram import histogram, months_chart
from cardio_dagster.reporting.cohort.summary import MIN_COUNT, MIN_VALUES, STATUSES, Summary, masked, share_shown
from cardio_dagster.reporting.parts import INTENDED_USE
from cardio_dagster.reporting.wording import plain, unit

_HERE = Path(__file__).parent
_STYLES = (_HERE.parent / "templates" / "report.css", _HERE / "cohort.css")


def to_page(summary: Summary) -> str:
    """Return the page as text; equal summaries give equal pages."""
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        masked=masked, share=share_shown, plain=plain, unit=unit, histogram=histogram, reference=reference_text
    )
    return environment.get_template("cohort.html.j2").render(
        summary=summary,
        style=Markup("\n".join(path.read_text(encoding="utf-8") for path in _STYLES)),  # the package's own
        months_chart=months_chart(summary.months) if summary.months else "",
        statuses=STATUSES,
        min_count=MIN_COUNT,
        min_values=MIN_VALUES,
        intended_use=INTENDED_USE,
        version=__version__,
        cohort_version=VERSION,
    )
