"""Bands of scores: the words for a value, and the points of the items against their sum.

Belongs here: the verifier's own table of bands. Not here: computing scores (scoring/). Sources: PREVENT AHA 2023 calculator
(doi:10.1161/CIRCULATIONAHA.123.067626); CHA2DS2-VASc ESC 2020 (doi:10.1093/eurheartj/ehaa612), -VA ESC 2024
(doi:10.1093/eurheartj/ehae176); HAS-BLED Pisters 2010 (doi:10.1378/chest.10-0134); SCORE2 ESC 2021
(doi:10.1093/eurheartj/ehab484); H2FPEF Reddy 2018 (doi:10.1161/CIRCULATIONAHA.118.034646); MAGGIC Pocock 2013, table 4
(doi:10.1093/eurheartj/ehs337).
"""

import re
from collections.abc import Iterator

from cardio_dagster.finding import Score

Band = tuple[
    str, float, float
]  # pattern of the words, and the values from (included) to (not included) of which they are said

_ANTICOAGULATION: tuple[Band, ...] = (
    (r"anticoagulation is recommended", 2, 10),
    (r"anticoagulation should be considered", 1, 2),
    (r"\blow risk\b", 0, 1),
)
_BLEEDS = ("1.13", "1.02", "1.88", "3.74", "8.70", "12.50")  # major bleeds in 100 patient-years, by points
_BANDS: dict[str, tuple[Band, ...]] = {
    "prevent_cvd_10y_pct": (
        (r"\blow \(", 0, 5),
        (r"\bborderline \(", 5, 7.5),
        (r"\bintermediate \(", 7.5, 20),
        (r"\bhigh \(", 20, 101),
    ),
    "cha2ds2_vasc": _ANTICOAGULATION,  # of the points without that for the female sex
    "cha2ds2_va": _ANTICOAGULATION,
    "has_bled": (
        *((rf"(?<![\d.]){re.escape(rate)} major bleeds", n, n + 1) for n, rate in enumerate(_BLEEDS)),
        (r"\btoo few patients\b", 6, 10),
        (r"\bhigh bleeding risk\b", 3, 10),
    ),
    "h2fpef": ((r"\bis likely\b", 6, 10), (r"\bfurther tests\b", 2, 6), (r"\bunlikely\b", 0, 2)),
}
_SCORE2 = ((50, 2.5, 7.5), (70, 5.0, 10.0), (200, 7.5, 15.0))  # below this age: high from, very high from, in percent
# Points -> mortality in percent within one and three years, from table 4; between two rows it lies between their rates.
_MAGGIC = ((0, 1.5, 3.9), (10, 3.9, 10.2), (20, 10.2, 24.7), (30, 24.8, 52.3), (40, 52.3, 84.2), (50, 84.2, 98.5))
_ITEM = re.compile(r"^.+: (\d+) of \d+$")
_AGE = re.compile(r"^age_years = ([\d.]+)")


def band_faults(score: Score, value: float, text: str) -> Iterator[str]:
    """Give a message for each band whose words are said and not true, or true and not said."""
    counted = value - ("female sex: 1 of 1" in score.inputs) if score.name == "cha2ds2_vasc" else value
    for pattern, least, end in (*_BANDS.get(score.name, ()), *_score2_bands(score)):
        said = re.search(pattern, text, re.IGNORECASE) is not None
        if said and not least <= counted < end:
            yield f"{score.name} is {value:.6g}, of which {pattern!r} must not be said"
        elif not said and least <= counted < end:
            yield f"{score.name} is {value:.6g}, of which {pattern!r} must be said"


def _score2_bands(score: Score) -> tuple[Band, ...]:
    ages = [float(m[1]) for i in score.inputs if (m := _AGE.match(i))]
    if not score.name.startswith("score2") or not ages:
        return ()
    _, high, very_high = next(row for row in _SCORE2 if ages[0] < row[0])
    return ((r"\blow-to-moderate \(", 0, high), (r"(?<!very )\bhigh \(", high, very_high), (r"\bvery high \(", very_high, 101))  # fmt: skip


def sum_faults(score: Score, value: float) -> Iterator[str]:
    """Give a message where the items do not add up to the points, or a mortality does not belong to them."""
    points = [int(m[1]) for i in score.inputs if (m := _ITEM.match(i))]
    if not points:
        return
    if score.unit == "{score}" and sum(points) != value:
        yield f"the items of {score.name} add up to {sum(points)}, its value is {value:.6g}"
    if score.name in ("maggic_1y_pct", "maggic_3y_pct"):
        column = 1 if score.name == "maggic_1y_pct" else 2
        low = max((row for row in _MAGGIC if row[0] <= sum(points)), default=_MAGGIC[0])[column]
        high = min((row for row in _MAGGIC if row[0] >= sum(points)), default=_MAGGIC[-1])[column]
        if not low <= value <= high:
            yield f"{score.name} is {value:.6g}, for {sum(points)} points it lies between {low} and {high}"
