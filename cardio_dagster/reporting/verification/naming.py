"""Whether a number stands behind the name of what it quotes: no value of PR behind the word QRS.

Belongs here: the spoken names of measurements. Not here: values (quotes.py). A sentence may use words that are
not known here; a fault is only a number whose words name another measurement and not its own.
"""

from collections.abc import Iterator

from cardio_dagster.finding import Measurement
from cardio_dagster.reporting.verification.material import Material
from cardio_dagster.statement import Quote, QuoteKind, Statement

SPOKEN: dict[str, tuple[str, ...]] = {  # beside the label
    "lvef_pct": ("left ventricular ejection fraction", "ejection fraction"),
    "lvef_sd_pct": ("SD",),
    "pr_ms": ("PR",),
    "qtc_adjusted_ms": ("QRS wide",),  # "QRS wide, 431 ms when adjusted for it"
    "echo_heart_rate_bpm": ("heart rate",),
    "echo_heart_rate_r_waves_bpm": ("heart rate",),
    "heart_rate_bpm": ("heart rate",),
}


def misnamed(statement: Statement, material: Material) -> Iterator[str]:
    """Give a message for each measured number before which another measurement is named, and its own is not."""
    begin = 0
    quotes = [q for q in sorted(statement.quotes, key=lambda q: q.start) if q.kind is QuoteKind.MEASUREMENT]
    for quote in quotes:
        before = statement.text[begin : quote.start].lower()
        begin = quote.start + len(quote.text)
        own = material.measurement(quote.name, quote.recording_id)
        if own is None or _named(before, own):
            continue
        other = next((m for m in _others(quote, material) if _named(before, m)), None)
        if other:
            yield f"{quote.text} quotes {quote.name}, but stands behind the name of {other.name}"


def _others(quote: Quote, material: Material) -> Iterator[Measurement]:
    yield from (m for m in material.measurements if m.recording_id == quote.recording_id and m.name != quote.name)


def _named(text: str, measurement: Measurement) -> bool:
    return any(_says(text, name.lower()) for name in (measurement.label, *SPOKEN.get(measurement.name, ())))


def _says(text: str, name: str) -> bool:
    at = text.rfind(name)
    if at < 0:
        return False
    return not text[at - 1 : at].isalnum() and not text[at + len(name) :][:1].isalnum()
