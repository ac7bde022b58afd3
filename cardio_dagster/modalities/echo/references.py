"""Reference ranges and grades of echocardiography, with their source and version.

Belongs here: published limits. Not here: measuring (measuring/), statements on them (findings.py).

Source: Lang et al., ASE/EACVI 2015, doi:10.1016/j.echo.2014.10.003: Table 2 (volumes, normal ejection
fraction) and Table 4 (grades of the ejection fraction). The table of 2005, EF 55 and above, is superseded. The limits differ between the sexes, which this branch does not know: ranges are
the wider pair of the two, and a value on which the sexes differ is graded with both readings.

Left out, because the source indexes them by body surface area or gives no limits for this view: volume and
area of the atrium, stroke volume, cardiac output, length and A4C diameters of the ventricle, annulus; volumes
by area-length, because the limits are those of discs. Nor are the limits of the septum used (Table 6, men 6 to
10, women 6 to 9 mm): they are parasternal, along the beam. In A4C, across the beam, walls look thicker: experts'
contours of 387 patients have a median of 12.4 mm, and 85 % would be called thick.
"""

from dataclasses import dataclass

from cardio_dagster.finding import Grade

VERSION = "ASE/EACVI 2015"


@dataclass(frozen=True, slots=True)
class Range:
    """The normal range of men and of women, in the measurement's unit, and its source."""

    men: tuple[float, float]
    women: tuple[float, float]
    source: str

    @property
    def low(self) -> float:
        """Return the lower of the two lower limits."""
        return min(self.men[0], self.women[0])

    @property
    def high(self) -> float:
        """Return the higher of the two upper limits."""
        return max(self.men[1], self.women[1])

    def normal_for(self, value: float) -> tuple[bool, bool]:
        """Return whether `value` is normal for a man, and for a woman."""
        return self.men[0] <= value <= self.men[1], self.women[0] <= value <= self.women[1]


def _range(men: tuple[float, float], women: tuple[float, float], where: str) -> Range:
    limits = f"men {men[0]:g}-{men[1]:g}, women {women[0]:g}-{women[1]:g}"
    return Range(men, women, f"{VERSION}, {where}: {limits}; the wider pair, as the sex is not known here")


LVEF_PCT = _range((52, 72), (54, 74), "Table 2, biplane")
LV_EDV_ML = _range((62, 150), (46, 106), "Table 2, biplane")
LV_ESV_ML = _range((21, 61), (14, 42), "Table 2, biplane")
HEART_RATE_BPM = Range((60, 100), (60, 100), "adult at rest")

RANGES = {  # by the name of the measurement
    "lvef_pct": LVEF_PCT,
    "lv_edv_ml": LV_EDV_ML,
    "lv_esv_ml": LV_ESV_ML,
    "echo_heart_rate_bpm": HEART_RATE_BPM,
    "echo_heart_rate_r_waves_bpm": HEART_RATE_BPM,
}


@dataclass(frozen=True, slots=True)
class EfGrade:
    """The statement for ejection fractions from `low` upwards, in whole percent."""

    low: int
    code: str
    text: str
    grade: Grade


EF_GRADES = (  # Table 4
    EfGrade(75, "LVEF_ABOVE_NORMAL", "Ejection fraction above the normal range", Grade.NOTE),
    EfGrade(73, "LVEF_BORDERLINE_HIGH", "Ejection fraction normal for a woman, above the range for a man", Grade.NOTE),
    EfGrade(54, "LVEF_NORMAL", "Ejection fraction normal", Grade.NORMAL),
    EfGrade(52, "LVEF_BORDERLINE_LOW", "Ejection fraction normal for a man, mildly reduced for a woman", Grade.NOTE),
    EfGrade(41, "LVEF_MILDLY_REDUCED", "Ejection fraction mildly reduced", Grade.ABNORMAL),
    EfGrade(30, "LVEF_MODERATELY_REDUCED", "Ejection fraction moderately reduced", Grade.ABNORMAL),
    EfGrade(0, "LVEF_SEVERELY_REDUCED", "Ejection fraction severely reduced", Grade.CRITICAL),
)


def grade_ef(lvef_pct: float) -> EfGrade:
    """Return the grade of an ejection fraction, rounded to whole percent as the tables are.

    >>> grade_ef(40.4).code, grade_ef(40.6).code
    ('LVEF_MODERATELY_REDUCED', 'LVEF_MILDLY_REDUCED')
    """
    rounded = round(lvef_pct)
    return next((grade for grade in EF_GRADES if rounded >= grade.low), EF_GRADES[-1])
