"""The table of numeric fields: names, units, possible and reference ranges, LOINC codes.

Belongs here: what each number of a metadata document means and how its units convert.
Not here: yes/no history (history.py) or reading and checking documents.

| name | unit | also accepted |
|---|---|---|
| age_years | a | months |
| height_cm, weight_kg | cm, kg | m, mm, in; g, lb |
| sbp_mmhg, dbp_mmhg, pasp_mmhg | mm[Hg] | kPa (not pasp) |
| total_cholesterol_mmol_l, hdl_cholesterol_mmol_l | mmol/L | mg/dL x 0.02586, the factor of PREVENT |
| creatinine_umol_l | umol/L | mg/dL x 88.42 |
| glucose_mmol_l | mmol/L | mg/dL x 0.05551 |
| hba1c_pct | % (NGSP) | mmol/mol (IFCC) x 0.09148 + 2.152, doi:10.1373/clinchem.2003.024802 |
| hf_duration_months | mo | years, weeks, days |
| nyha_class | 1 | I to IV, NYHA II, class III |
| egfr_ml_min_1_73m2, bmi_kg_m2, heart_rate_bpm, lvef_pct, e_over_e_prime, antihypertensive_count, alcohol_drinks_per_week | as named | - |

Where files differ in the customary unit (`needs_unit`), a number without one is refused, not guessed.
"""

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from cardio_dagster.finding import Grade
from cardio_dagster.modalities.clinical.naming import field_key, unit_key


@dataclass(frozen=True, slots=True)
class Conversion:
    """A linear change of unit: canonical = factor * given + offset."""

    factor: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The values that are usual; beyond `critical_*` a finding is critical. None: no such limit."""

    source: str
    low: float | None = None
    high: float | None = None
    critical_low: float | None = None
    critical_high: float | None = None
    grade: Grade = Grade.ABNORMAL  # a risk factor alone is a note


@dataclass(frozen=True, slots=True)
class QuantitySpec:
    """One numeric field. `possible_*` bound what a human can have; a value beyond is an error.

    `words` are texts that stand for a number ("III"), by their field key; `whole`: no fractions.
    """

    name: str
    label: str
    unit: str  # UCUM
    possible_low: float
    possible_high: float
    aliases: tuple[str, ...]
    units: dict[str, Conversion]
    loinc: tuple[str, ...] = ()
    needs_unit: bool = False
    limits: Limits | None = None
    limits_by_sex: dict[str, Limits] = field(default_factory=dict)
    words: dict[str, float] = field(default_factory=dict)
    whole: bool = False

    def limits_for(self, sex: str | None) -> Limits | None:
        """Return the reference limits; of an unknown sex, those that are beyond the limits of either."""
        if self.limits_by_sex and sex not in self.limits_by_sex:
            return _wider(*self.limits_by_sex.values())
        return self.limits_by_sex.get(sex or "", self.limits)

    @property
    def accepted(self) -> str:
        """Return the accepted units as a person writes them."""
        return ", ".join(dict.fromkeys((self.unit, *(_SPELLED.get(key, key) for key in self.units if key))))

    def conversion(self, unit: str) -> Conversion | None:
        """Return how to convert from `unit` in any spelling; None if it is not accepted."""
        return self.units.get(unit_key(unit))


def _wider(one: Limits, other: Limits) -> Limits:
    """Return limits beyond which a value lies beyond both; the critical ones are the same for both."""
    low = None if one.low is None or other.low is None else min(one.low, other.low)
    high = None if one.high is None or other.high is None else max(one.high, other.high)
    return replace(one, source=f"{one.source}, the wider of both sexes", low=low, high=high)


_SPELLED = {
    "mmoll": "mmol/L",
    "umoll": "umol/L",
    "mgdl": "mg/dL",
    "mmolmol": "mmol/mol",
    "kgm2": "kg/m2",
    "mmhg": "mmHg",
    "min": "/min",
}


def _units(*same: str, **other: Conversion) -> dict[str, Conversion]:
    return {**{unit_key(u): Conversion() for u in same}, **other}


def _nyha_words() -> dict[str, float]:
    """Return what stands for a class: Roman or Arabic with its usual prefixes, LOINC answers, SNOMED CT findings."""
    prefixes = ("", "class_", "nyha_", "nyha_class_")
    numerals = {"i": 1.0, "ii": 2.0, "iii": 3.0, "iv": 4.0, "1": 1.0, "2": 2.0, "3": 3.0, "4": 4.0}
    words = {prefix + numeral: value for prefix in prefixes for numeral, value in numerals.items()}
    return words | {
        "la28404_4": 1.0, "la28405_1": 2.0, "la28406_9": 3.0, "la28407_7": 4.0,
        "420300004": 1.0, "421704003": 2.0, "420913000": 3.0, "422293003": 4.0,
    }  # fmt: skip


_PER_MG_DL_CHOLESTEROL = Conversion(0.02586)
_KPA = Conversion(7.50062)
_MMHG = ("mmHg", "mm[Hg]")
_RATE = ("bpm", "/min", "1/min", "beats/min", "beats per minute", "{beats}/min")
_ATP3 = "NCEP ATP III, doi:10.1161/circ.106.25.3143"
_ESC_BP = "ESC 2024 elevated blood pressure and hypertension, doi:10.1093/eurheartj/ehae178"
_ADA = "ADA Standards of Care 2024, section 2, doi:10.2337/dc24-S002"
_IFCC_AKI = (
    "IFCC C-RIDL 2008, doi:10.1373/clinchem.2007.099648; critical KDIGO 2012 AKI stage 3, doi:10.1038/kisup.2012.1"
)
_ASE = "ASE/EACVI 2015, doi:10.1016/j.echo.2014.10.003"

QUANTITIES: tuple[QuantitySpec, ...] = (
    QuantitySpec(
        "age_years", "Age", "a", 0, 125, ("age", "patient_age"),
        _units("years", "year", "y", "yr", "yrs", "a", months=Conversion(1 / 12), mo=Conversion(1 / 12)), ("30525-0",),
    ),
    QuantitySpec(
        "height_cm", "Height", "cm", 30, 260, ("height", "body_height", "stature"),
        _units("cm", m=Conversion(100), mm=Conversion(0.1), **{"in": Conversion(2.54)}, ini=Conversion(2.54), inch=Conversion(2.54), inches=Conversion(2.54)),
        ("8302-2", "3137-7"), needs_unit=True,
    ),
    QuantitySpec(
        "weight_kg", "Weight", "kg", 0.5, 650, ("weight", "body_weight", "mass"),
        _units("kg", g=Conversion(0.001), lb=Conversion(0.45359237), lbs=Conversion(0.45359237), lbav=Conversion(0.45359237)),
        ("29463-7", "3141-9"), needs_unit=True,
    ),
    QuantitySpec(
        "bmi_kg_m2", "Body mass index", "kg/m2", 7, 120, ("bmi", "body_mass_index"), _units("kg/m2"), ("39156-5",),
        limits=Limits("WHO 2000, Technical Report 894", 18.5, 25, grade=Grade.NOTE),
    ),
    QuantitySpec(
        "sbp_mmhg", "Systolic blood pressure", "mm[Hg]", 40, 320, ("sbp", "systolic_bp", "systolic_blood_pressure", "systolic"),
        _units(*_MMHG, kpa=_KPA), ("8480-6",), limits=Limits(_ESC_BP, 90, 139, 70, 180),
    ),
    QuantitySpec(
        "dbp_mmhg", "Diastolic blood pressure", "mm[Hg]", 15, 220, ("dbp", "diastolic_bp", "diastolic_blood_pressure", "diastolic"),
        _units(*_MMHG, kpa=_KPA), ("8462-4",), limits=Limits(_ESC_BP, 60, 89, None, 110),
    ),
    QuantitySpec(
        "heart_rate_bpm", "Heart rate", "/min", 15, 350, ("heart_rate", "hr", "pulse", "pulse_rate"), _units(*_RATE), ("8867-4",),
        limits=Limits("AHA/ACCF/HRS 2009, doi:10.1161/CIRCULATIONAHA.108.191095", 50, 100, 30, 150),
    ),
    QuantitySpec(
        "total_cholesterol_mmol_l", "Total cholesterol", "mmol/L", 0.5, 40,
        ("total_cholesterol", "cholesterol", "tc", "cholesterol_total", "total_chol", "chol"),
        _units("mmol/L", mgdl=_PER_MG_DL_CHOLESTEROL), ("2093-3", "14647-2"), needs_unit=True, limits=Limits(_ATP3, None, 5.2, grade=Grade.NOTE),
    ),
    QuantitySpec(
        "hdl_cholesterol_mmol_l", "HDL cholesterol", "mmol/L", 0.05, 8, ("hdl_cholesterol", "hdl", "hdl_c", "cholesterol_hdl"),
        _units("mmol/L", mgdl=_PER_MG_DL_CHOLESTEROL), ("2085-9", "14646-4"), needs_unit=True, limits=Limits(_ATP3, 1.03, grade=Grade.NOTE),
    ),
    QuantitySpec(
        "creatinine_umol_l", "Serum creatinine", "umol/L", 5, 3500, ("creatinine", "serum_creatinine", "crea", "scr"),
        _units("umol/L", "mcmol/L", mgdl=Conversion(88.42)), ("2160-0", "14682-9", "38483-4"), needs_unit=True,
        limits_by_sex={"male": Limits(_IFCC_AKI, None, 104, None, 353.6), "female": Limits(_IFCC_AKI, None, 90, None, 353.6)},
    ),
    QuantitySpec(
        "egfr_ml_min_1_73m2", "Estimated glomerular filtration rate", "mL/min/{1.73_m2}", 1, 250, ("egfr", "gfr", "estimated_gfr"),
        _units("mL/min/1.73m2", "mL/min/1.73", "mL/min"), ("98979-8", "62238-1", "33914-3"),
        limits=Limits("KDIGO 2024, doi:10.1016/j.kint.2023.10.018", 60, None, 15),
    ),
    QuantitySpec(
        "glucose_mmol_l", "Glucose (fasting state not known)", "mmol/L", 0.3, 100, ("glucose", "blood_glucose", "plasma_glucose"),
        _units("mmol/L", mgdl=Conversion(0.05551)), ("2339-0", "2345-7", "15074-8", "14749-6"), needs_unit=True,
        limits=Limits(_ADA, 3.9, 11.0, 3.0),
    ),
    QuantitySpec(
        "hba1c_pct", "HbA1c", "%", 2, 22, ("hba1c", "a1c", "hb_a1c", "glycated_haemoglobin", "glycated_hemoglobin"),
        _units("%", mmolmol=Conversion(0.09148, 2.152)), ("4548-4", "17856-6", "59261-8"), needs_unit=True,
        limits=Limits(_ADA, None, 6.4),
    ),
    QuantitySpec(
        "lvef_pct", "Left ventricular ejection fraction, as stated", "%", 3, 95, ("lvef", "ejection_fraction", "ef"), _units("%"),
        ("10230-1", "18043-0", "8806-2"), limits_by_sex={"male": Limits(_ASE, 52, 72, 30), "female": Limits(_ASE, 54, 74, 30)},
    ),
    QuantitySpec(
        "e_over_e_prime", "E/e' ratio, as stated", "1", 1, 60, ("e_over_e_prime", "e_e_prime", "e_e", "e_to_e_prime"), _units("1", ""),
        limits=Limits("ASE/EACVI 2016, doi:10.1016/j.echo.2016.01.011", None, 14),
    ),
    QuantitySpec(
        "pasp_mmhg", "Pulmonary artery systolic pressure, as stated", "mm[Hg]", 5, 200, ("pasp", "rvsp", "pulmonary_artery_systolic_pressure"),
        _units(*_MMHG), limits=Limits("ASE 2010 right heart, doi:10.1016/j.echo.2010.05.010", None, 35),
    ),
    QuantitySpec(
        "antihypertensive_count", "Antihypertensive medicines", "1", 0, 12,
        ("antihypertensive_count", "antihypertensives_count", "number_of_antihypertensives", "count_of_antihypertensives"), _units("1", ""),
    ),
    QuantitySpec(
        "nyha_class", "NYHA functional class", "1", 1, 4, ("nyha_class", "nyha", "nyha_functional_class"), _units("1", ""), ("88020-3",),
        words=_nyha_words(), whole=True,
    ),
    QuantitySpec(
        "hf_duration_months", "Time since heart failure was first diagnosed", "mo", 0, 1200, ("hf_duration", "heart_failure_duration"),
        _units("months", "month", "mo", **dict.fromkeys(("years", "year", "y", "a"), Conversion(12)), **dict.fromkeys(("weeks", "wk"), Conversion(12 / 52.18)),
               **dict.fromkeys(("days", "d"), Conversion(12 / 365.25))), needs_unit=True,
    ),
    QuantitySpec(
        "alcohol_drinks_per_week", "Alcoholic drinks in a week", "{drinks}/wk", 0, 300,
        ("alcohol_drinks_per_week", "alcoholic_drinks_per_week", "drinks_per_week", "alcohol_units_per_week"), _units("{drinks}/wk", "/wk", "drinks/week", ""),
    ),
)  # fmt: skip

BY_NAME: dict[str, QuantitySpec] = {spec.name: spec for spec in QUANTITIES}
BY_LOINC: dict[str, QuantitySpec] = {code: spec for spec in QUANTITIES for code in spec.loinc}
_BY_ALIAS: dict[str, QuantitySpec] = {alias: spec for spec in QUANTITIES for alias in spec.aliases}
_LONGEST_NAME = 100
_LEAST_OF_MANY = re.compile(r"(?<!/)(?<!/ )min\W*$", re.IGNORECASE)  # "heart_rate_min", but not "heart rate (/min)"


@lru_cache(maxsize=4096)
def find_quantity(name: str) -> tuple[QuantitySpec, str | None] | None:
    """Return the field that `name` means and the unit that the name itself carries, if any.

    A minimum, maximum or mean is another quantity, and "min" a unit only after a stroke.

    >>> spec, unit = find_quantity("Creatinine [mg/dL]")
    >>> spec.name, unit
    ('creatinine_umol_l', 'mgdl')
    >>> find_quantity("weight_date") is None
    True
    """
    if len(name) > _LONGEST_NAME:
        return None
    words = field_key(name).split("_")
    for size in range(len(words), 0, -1):
        spec = _BY_ALIAS.get("_".join(words[:size]))
        unit = unit_key("".join(words[size:]))
        if unit == "min" and _LEAST_OF_MANY.search(name):
            continue
        if spec and (not unit or unit in spec.units):
            return spec, unit or None
    return None
