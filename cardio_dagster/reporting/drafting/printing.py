"""Numbers and units as a sentence prints them.

Belongs here: the digits and the unit of a measurement in a sentence. Not here: sentences
(templates.py) or which measurement stands where (slots.py).
"""

import re

from cardio_dagster.finding import Measurement
from cardio_dagster.reporting import wording

# Digits after the point by UCUM unit: what the method can tell apart, not what the arithmetic gives.
DIGITS: dict[str, int] = {
    "ms": 0,
    "/min": 0,
    "a": 0,
    "deg": 0,
    "cm": 1,
    "mm": 1,
    "kg": 0,
    "%": 1,
    "mL": 0,
    "mL/m2": 1,
    "L/min": 1,
    "mV": 2,
    "mV.ms": 0,
    "cm2": 1,
    "m2": 2,
    "mm[Hg]": 0,
    "mmol/L": 1,
    "umol/L": 0,
    "kg/m2": 1,
    "mL/min/{1.73_m2}": 0,
    "1": 2,
    "{score}": 0,
}
_OTHER_DIGITS, _MOST_DIGITS = 2, 6
WHOLE = ("lvef_pct",)  # judged by its source in whole percent: 74.4 % counts as 74 %
_TIGHT = ("/min", "°")  # stand without a space after the number
_SPELLED = {"umol/L": "µmol/L", "mV.ms": "mV·ms", "{tier}": ""}
_IN_TEXT = ("mL/min/{1.73_m2}", "mm[Hg]", "kg/m2", "mL/m2", "umol/L", "mV.ms", "cm2", "ms2", "{score}")


def unit(ucum: str) -> str:
    """Return the unit as it follows a number, with its space.

    >>> unit("mL/m2"), unit("/min"), unit("1")
    (' mL/m²', '/min', '')
    """
    text = _SPELLED.get(ucum, wording.unit(ucum))
    return text if text in _TIGHT or not text else f" {text}"


def number(measurement: Measurement) -> str:
    """Return the value rounded by its unit, with more digits where rounding would move it across a limit.

    An ejection fraction is judged in whole percent (WHOLE): where its decimal would say another
    side of a limit than the whole percent does, the whole percent is printed. The measurement must have a value.
    """
    value, limits = float(measurement.value or 0.0), _limits(measurement)
    digits = DIGITS.get(measurement.unit, _OTHER_DIGITS)
    if measurement.name in WHOLE:
        return _fixed(value, digits if _sides(value, limits) == _sides(round(value), limits) else 0)
    for more in range(digits, _MOST_DIGITS):
        if _sides(round(value, more), limits) == _sides(value, limits):
            return _fixed(value, more)
    return repr(value)


def judged(measurement: Measurement) -> float | None:
    """Return the value that is held against the limits: whole percent for an ejection fraction, else the value itself."""
    return (
        round(measurement.value) if measurement.value is not None and measurement.name in WHOLE else measurement.value
    )


def bound(limit: float) -> str:
    """Return a limit with the digits it was published with."""
    return f"{limit:g}"


def spoken(text: str) -> str:
    """Return a text with its UCUM units as people write them.

    >>> spoken("Body mass index 26.67 kg/m2")
    'Body mass index 26.67 kg/m²'
    """
    for ucum in _IN_TEXT:
        text = text.replace(ucum, unit(ucum).strip())
    return re.sub(r"(?<=\d) deg\b", "°", text)


def _limits(measurement: Measurement) -> tuple[float, ...]:
    return tuple(x for x in (measurement.reference_low, measurement.reference_high) if x is not None)


def _sides(value: float, limits: tuple[float, ...]) -> tuple[int, ...]:
    return tuple((value > limit) - (value < limit) for limit in limits)


def _fixed(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}"  # no minus before a zero
