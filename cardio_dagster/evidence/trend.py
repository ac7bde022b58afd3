"""Trends: ejection fraction, QTc, heart rate and rhythm over the released studies of one patient.

Belongs here: what counts as a change and the sentence that says so. Not here: finding the earlier
studies (stores/priors.py) or a verdict on the patient. Dates are those of receipt: the day of the
examination is not kept.

| quantity | a change of less than this is within the variability between studies | why |
|---|---|---|
| LVEF | 10 points | Thavendiranathan 2013, doi:10.1016/j.jacc.2012.09.035: over 0.10 between visits of stable patients by 2-D methods |
| QTc | 20 ms | PMID 18929329: within-person SD of a 10 s Fridericia QTc 7.8 ms over a day, so 1.96 x sqrt(2) x 7.8 = 21.6 ms between two ECGs, rounded down |
| heart rate | not judged | it follows the moment, not the heart's state |
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cardio_dagster.finding import Finding
from cardio_dagster.statement import Trend, TrendPoint
from cardio_dagster.stores.priors import COMPARED, RHYTHM, RHYTHM_CODES, PriorValue

__all__ = ["KnownFeature", "PriorValue", "find_trends"]


class KnownFeature(Protocol):
    """What is read of a fusion feature; `source` is its modality."""

    @property
    def name(self) -> str:
        """The feature's name, a measurement's or a fact's."""

    @property
    def value(self) -> float | None:
        """A number; a yes is 1.0 and a no 0.0; None where it is not known or a text."""

    @property
    def source(self) -> str:
        """The modality."""


@dataclass(frozen=True, slots=True)
class _Quantity:
    name: str
    label: str
    unit: str  # UCUM
    spoken: str  # the unit as people write it
    difference: str  # the unit of a difference
    digits: int
    variability: float | None = None
    source: str = ""


_QUANTITIES = (
    _Quantity(
        "lvef_pct", "LV ejection fraction", "%", "%", "points", 1, 10.0,
        "Thavendiranathan 2013, doi:10.1016/j.jacc.2012.09.035",
    ),
    _Quantity("qtc_fridericia_ms", "QTc (Fridericia)", "ms", "ms", "ms", 0, 20.0, "PMID 18929329"),
    _Quantity("heart_rate_bpm", "Heart rate", "/min", "/min", "/min", 0),
)  # fmt: skip
_RHYTHMS: dict[str, str] = {
    "ECG_SINUS": "sinus rhythm",
    "ECG_AFIB": "atrial fibrillation",
    "ECG_AFLUTTER": "atrial flutter",
    "ECG_PACED": "paced rhythm",
    "ECG_CHAOTIC": "chaotic rhythm",
    "ECG_RHYTHM_OTHER": "another rhythm",
    "ECG_RHYTHM_UNKNOWN": "rhythm not classified",
}


def find_trends(
    study_id: str,
    received_at: str,
    findings: Iterable[Finding],
    features: Sequence[KnownFeature],
    priors: Sequence[PriorValue],
) -> tuple[Trend, ...]:
    """Return a trend of every quantity that an earlier study has, the oldest point first, this study last.

    `priors` may come in any order; a value of this study among them is left out. A value counts only from the
    modality that measured the earlier ones. Where this study has none its point has no value and the text says so.
    Without an earlier value there is no trend.
    """
    earlier = sorted((p for p in priors if p.study_id != study_id), key=lambda p: (p.received_at, p.study_id))
    now = {f.name: f.value for f in features if COMPARED.get(f.name) == f.source}
    codes = {f.code for f in findings}
    found = [
        _of_number(q, [p for p in earlier if p.name == q.name], TrendPoint(study_id, received_at, now.get(q.name)))
        for q in _QUANTITIES
    ]
    this = TrendPoint(study_id, received_at, None, _rhythm(codes))
    found.append(_of_rhythm([p for p in earlier if p.name == RHYTHM], this))
    return tuple(trend for trend in found if trend)


def _of_number(quantity: _Quantity, priors: list[PriorValue], now: TrendPoint) -> Trend | None:
    before = [TrendPoint(p.study_id, p.received_at, p.value) for p in priors if p.value is not None]
    if not before:
        return None
    return Trend(quantity.name, quantity.label, quantity.unit, (*before, now), _change(quantity, before, now))


def _change(quantity: _Quantity, before: list[TrendPoint], now: TrendPoint) -> str:
    """Say how this value differs from the last and, as small steps add up, from the first."""
    if now.value is None:
        return f"{quantity.label}: not measured in this study; {_told(quantity, before[-1])}."
    said = f"{quantity.label} {now.value:.{quantity.digits}f} {quantity.spoken}"
    said += f"; {_told(quantity, before[-1])}: {_difference(quantity, before[-1], now)}."
    if len(before) > 1:
        said += f" Since the first of {len(before) + 1} studies, {_told(quantity, before[0])}: "
        said += f"{_difference(quantity, before[0], now)}."
    return said


def _told(quantity: _Quantity, point: TrendPoint) -> str:
    return f"{point.value:.{quantity.digits}f} {quantity.spoken} in the study received {point.received_at[:10]}"


def _difference(quantity: _Quantity, then: TrendPoint, now: TrendPoint) -> str:
    """Say the difference of the printed values, so that a reader who subtracts them finds the same."""
    digits = quantity.digits
    by = round(round(now.value or 0.0, digits) - round(then.value or 0.0, digits), digits)
    if not by:
        return "no change"
    said = f"{'up' if by > 0 else 'down'} by {abs(by):.{digits}f} {quantity.difference}"
    if quantity.variability is None:
        return said
    limit = f"{quantity.variability:g} {quantity.difference}"
    if abs(by) < quantity.variability:
        return f"{said}, within the variability between studies (less than {limit}, {quantity.source})"
    return f"{said}, beyond the variability between studies ({limit} or more, {quantity.source})"


def _rhythm(codes: Iterable[str]) -> str | None:
    held = set(codes)
    return ", ".join(_RHYTHMS[code] for code in RHYTHM_CODES if code in held) or None


def _of_rhythm(priors: list[PriorValue], now: TrendPoint) -> Trend | None:
    studies = dict.fromkeys((p.study_id, p.received_at) for p in priors)
    before = [
        TrendPoint(study_id, received_at, None, _rhythm(p.text or "" for p in priors if p.study_id == study_id))
        for study_id, received_at in studies
    ]
    if not before:
        return None
    last = f"{before[-1].text} in the study received {before[-1].received_at[:10]}"
    if now.text is None:
        said = f"Rhythm: not determined in this study; {last}."
    elif now.text == before[-1].text:
        said = f"Rhythm: {now.text}, as in the study received {before[-1].received_at[:10]}."
    else:
        said = f"Rhythm: {now.text}; {last}: the rhythm has changed."
    return Trend(RHYTHM, "Rhythm", "", (*before, now), said + _fibrillation(before, now))


def _fibrillation(before: list[TrendPoint], now: TrendPoint) -> str:
    """Recall an earlier fibrillation that neither this study nor the last shows: a sinus rhythm does not undo it."""
    name = _RHYTHMS["ECG_AFIB"]
    seen = [p for p in before if name in (p.text or "")]
    if not seen or name in (now.text or "") or seen[-1] == before[-1]:
        return ""
    return f" {name.capitalize()} was found in the study received {seen[-1].received_at[:10]}."
