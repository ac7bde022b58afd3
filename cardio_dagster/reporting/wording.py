"""Numbers, units, ranges and sizes in the form in which people read them.

Belongs here: formatting of single values, shared by page and terminal. Not here: markup or selection.
"""

import re

from cardio_dagster.finding import Measurement
from cardio_dagster.outcome import Verdict

ABSENT = "\N{EM DASH}"
_UNITS = {
    "1": "",
    "{score}": "points",
    "mm[Hg]": "mmHg",
    "m2": "m²",
    "kg/m2": "kg/m²",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "mL/m2": "mL/m²",
    "cm2": "cm²",
    "ms2": "ms²",
    "uV": "µV",
    "deg": "°",
    "Cel": "°C",
    "a": "years",
}
_MOST_DIGITS = 6
_UTC = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)[\d:.]*(?:Z|\+00:00)")


def unit(ucum: str) -> str:
    """Return a UCUM unit as it is printed; annotations in braces are dropped.

    >>> unit("mm[Hg]"), unit("{beats}/min"), unit("mL")
    ('mmHg', '/min', 'mL')
    """
    if ucum in _UNITS:
        return _UNITS[ucum]
    head, brace, rest = ucum.partition("{")
    return head + rest.partition("}")[2] if brace else ucum


def number(measurement: Measurement) -> str:
    """Return the value with as few digits as show it on the right side of its limits.

    >>> number(Measurement("qrs_ms", "QRS", 120.04, "ms", "x", reference_high=120.0))
    '120.04'
    >>> number(Measurement("qrs_ms", "QRS", 96.04, "ms", "x", reference_high=120.0))
    '96'
    """
    if measurement.value is None:
        return ABSENT
    limits = (measurement.reference_low, measurement.reference_high)
    return plain(measurement.value, limits=tuple(limit for limit in limits if limit is not None))


def plain(value: float, *, limits: tuple[float, ...] = ()) -> str:
    """Return a number with about three significant digits, more where rounding would cross a limit."""
    for digits in range(_digits(value), _MOST_DIGITS):
        rounded = round(value, digits) + 0.0  # no minus before a zero
        if all(_side(rounded, limit) == _side(value, limit) for limit in limits):
            text = f"{rounded:.{digits}f}"
            return text.rstrip("0").rstrip(".") if digits else text
    return repr(value)


def _digits(value: float) -> int:
    size = abs(value)
    return next(digits for least, digits in ((100, 0), (10, 1), (1, 2), (0.1, 3), (0, 4)) if size >= least)


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)


def between(low: float | None, high: float | None) -> str:
    r"""Return a range as low-high, or its one limit, or a dash.

    >>> between(52.0, 72.0) == "52\N{EN DASH}72", between(None, 450.0), between(0.5, None)
    (True, '≤ 450', '≥ 0.5')
    """
    if low is not None and high is not None:
        return f"{low:g}\N{EN DASH}{high:g}" if low >= 0 else f"{low:g} to {high:g}"
    if high is not None:
        return f"\N{LESS-THAN OR EQUAL TO} {high:g}"
    return ABSENT if low is None else f"\N{GREATER-THAN OR EQUAL TO} {low:g}"


def verdict_value(verdict: Verdict) -> str:
    """Return the judged value with its unit; a value that could not be had is said so."""
    if verdict.value is None:
        return "not measurable"
    limits = tuple(limit for limit in (verdict.minimum, verdict.maximum) if limit is not None)
    return f"{plain(verdict.value, limits=limits)} {unit(verdict.unit)}".strip()


def size(size_bytes: int) -> str:
    """Return a file size.

    >>> size(512), size(48_300), size(2_500_000)
    ('512 B', '48.3 kB', '2.5 MB')
    """
    for limit, name in ((1e6, "MB"), (1e3, "kB")):
        if size_bytes >= limit:
            return f"{plain(size_bytes / limit)} {name}"
    return f"{size_bytes} B"


def moment(at: str) -> str:
    """Return an ISO 8601 time in UTC to the minute; anything else as it stands.

    >>> moment("2026-11-22T08:15:01.250+00:00"), moment("yesterday")
    ('2026-11-22 08:15 UTC', 'yesterday')
    """
    found = _UTC.fullmatch(at)
    return f"{found[1]} {found[2]} UTC" if found else at
