"""ECG voltage against the thickness of the walls: the two should grow together.

Belongs here: the pattern of infiltration (thick walls, low voltage) and voltage without thick walls. Not here: measuring
either. Neither holds the report: low voltage is found in a third to two thirds of those with cardiac amyloid (Cyrille 2014)
and has many other causes, and voltage criteria without hypertrophy are common.

Walls are measured across the four-chamber plane, where they look thicker than in the parasternal view that the usual limit of 12 mm is
made for (references.py of the echo branch). So the limits are those of experts' outlines of 387 CAMUS patients: both walls reach 14 mm in 10 %, and neither exceeds 10 mm in 6 %.
"""

from cardio_dagster.finding import Analysis, Finding, Grade
from cardio_dagster.fusion.clashes.readings import ECG, ECHO, codes, of, value, where
from cardio_dagster.fusion.clashes.rule import Rule

THICK_MM, THIN_MM = 14.0, 10.0
WALLS = ("septal_thickness_a4c_mm", "lateral_thickness_a4c_mm")
UNSCALED = "no common scale"  # as the ECG branch words it (modalities/ecg/interpret.py)
_LOW = frozenset({"ECG_LOW_VOLTAGE_LIMB", "ECG_LOW_VOLTAGE_CHEST"})
_HIGH = frozenset({"ECG_LVH_VOLTAGE", "ECG_LVH_STRAIN"})
_WIDE = frozenset({"ECG_LBBB", "ECG_PACED", "ECG_QRS_WIDE"})  # their voltage says nothing of the wall
LOW_VOLTAGE = Rule(
    "fusion.thick_walls_low_voltage",
    Grade.NOTE,
    f"septal and lateral wall {THICK_MM:g} mm or more in the four-chamber plane, and low voltage in the limb or chest leads without a wide QRS",
    "Cyrille 2014, doi:10.1016/j.amjcard.2014.07.026",
)
HIGH_VOLTAGE = Rule(
    "fusion.thin_walls_high_voltage",
    Grade.NOTE,
    f"septal and lateral wall {THIN_MM:g} mm or less in the four-chamber plane, and a voltage criterion of hypertrophy met without a wide QRS",
    "Hancock 2009, doi:10.1161/CIRCULATIONAHA.108.191097",
)
RULES = (LOW_VOLTAGE, HIGH_VOLTAGE)


def thick_with_low_voltage(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State thick walls under a low voltage, the pattern of infiltration; None where either is not seen."""
    ecg = next((e for e in of(analyses, ECG) if _voltage(e, _LOW)), None)
    echo = next((e for e in of(analyses, ECHO) if _both(e, at_least=THICK_MM)), None)
    if ecg is None or echo is None:
        return None
    text = f"Thick walls ({_sizes(echo)}) with low voltage in the ECG: infiltration, such as by amyloid, is one of the causes to think of."
    return LOW_VOLTAGE.finding(text, WALLS, where(ecg, echo))


def thin_with_high_voltage(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State a voltage criterion of hypertrophy over walls that are not thick; None where either is not seen."""
    ecg = next((e for e in of(analyses, ECG) if _voltage(e, _HIGH)), None)
    echo = next((e for e in of(analyses, ECHO) if _both(e, at_most=THIN_MM)), None)
    if ecg is None or echo is None:
        return None
    text = f"Voltage criteria of hypertrophy, but the walls are not thick ({_sizes(echo)}): dilatation, youth or build may raise the voltage."
    met = tuple(name for f in _voltage(ecg, _HIGH) for name in f.measurements)
    return HIGH_VOLTAGE.finding(text, (*met, *WALLS), where(ecg, echo))


def _voltage(ecg: Analysis, wanted: frozenset[str]) -> tuple[Finding, ...]:
    """Return the voltage findings that may be relied on: none with a wide QRS, none of leads whose scale is not known."""
    if codes(ecg) & _WIDE:
        return ()
    return tuple(f for f in ecg.findings if f.code in wanted and UNSCALED not in f.text)


def _both(echo: Analysis, *, at_least: float = 0.0, at_most: float = float("inf")) -> bool:
    """Return whether both walls were measured and lie within the limits, in mm."""
    sizes = [value(echo, name) for name in WALLS]
    return all(size is not None and at_least <= size <= at_most for size in sizes)


def _sizes(echo: Analysis) -> str:
    septal, lateral = (value(echo, name) for name in WALLS)
    return f"septum {septal:.1f} mm, lateral {lateral:.1f} mm"
