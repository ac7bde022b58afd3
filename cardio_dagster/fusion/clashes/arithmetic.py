"""Arithmetic: a stated index against the values of the same document that it is made of.

Belongs here: body mass index against height and weight, filtration rate against creatinine. Not here: deriving what is
not stated (modalities/clinical/derive.py): a derived value cannot contradict its inputs.

Limits: 2 cm and 2 kg, the care of an ordinary scale, change the index by 1.3 kg/m2 in a person of 170 cm and 70 kg. Equations of the
filtration rate and the sources of one creatinine differ by less than a third; a laboratory that reports "90" for all
above it stays within the limit up to 128.
"""

from cardio_dagster.finding import Analysis, Finding, Grade, Measurement
from cardio_dagster.fusion.clashes.readings import CLINICAL, measured, of, value, where, word
from cardio_dagster.fusion.clashes.rule import Rule

BMI_APART_KG_M2 = 2.0
EGFR_APART_SHARE, EGFR_APART = 0.3, 15.0
ADULT_YEARS = 18.0
_UMOL_L_PER_MG_DL = 88.42
BMI = Rule(
    "fusion.bmi_height_weight",
    Grade.ABNORMAL,
    f"the stated body mass index and weight over height squared differ by more than {BMI_APART_KG_M2:g} kg/m2",
    "WHO 2000, Technical Report 894; Lang 2015, doi:10.1016/j.echo.2014.10.003",
)
EGFR = Rule(
    "fusion.egfr_creatinine",
    Grade.ABNORMAL,
    f"the stated filtration rate and that of CKD-EPI 2021 from creatinine, age and sex differ by more than {100 * EGFR_APART_SHARE:g} % of the larger "
    f"and by more than {EGFR_APART:g} mL/min/{{1.73_m2}}",
    "Inker 2021, doi:10.1056/NEJMoa2102953",
)
RULES = (BMI, EGFR)


def ckd_epi_2021(*, creatinine_umol_l: float, age_years: float, sex: str) -> float:
    """Return the filtration rate of an adult in mL/min/1.73 m2; `sex` is "female" or "male".

    Inker 2021, doi:10.1056/NEJMoa2102953.

    >>> round(ckd_epi_2021(creatinine_umol_l=88.42, age_years=50, sex="male"), 1)
    91.7
    """
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "female" else (0.9, -0.302, 1.0)
    ratio = creatinine_umol_l / _UMOL_L_PER_MG_DL / kappa
    return float(142 * min(ratio, 1.0) ** alpha * max(ratio, 1.0) ** -1.2 * 0.9938**age_years * factor)


def body_mass_index(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State a body mass index that height and weight of its document contradict; None where all fit or one is absent."""
    for document in of(analyses, CLINICAL):
        stated = _stated(document, "bmi_kg_m2")
        height_cm, weight_kg = value(document, "height_cm"), value(document, "weight_kg")
        if stated is None or not height_cm or not weight_kg:
            continue
        expected = weight_kg / (height_cm / 100) ** 2
        if abs((stated.value or 0.0) - expected) > BMI_APART_KG_M2:
            from_what = f"height {height_cm:.4g} cm and weight {weight_kg:.4g} kg"
            return BMI.finding(
                _told(stated, expected, from_what, document), (stated.name, "height_cm", "weight_kg"), stated.evidence
            )
    return None


def filtration_rate(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State a filtration rate that the creatinine of its document contradicts; None in children and where an input is absent."""
    for document in of(analyses, CLINICAL):
        stated, sex = _stated(document, "egfr_ml_min_1_73m2"), word(document, "sex")
        creatinine, age_years = value(document, "creatinine_umol_l"), value(document, "age_years")
        if stated is None or creatinine is None or age_years is None or age_years < ADULT_YEARS or sex is None:
            continue
        expected = ckd_epi_2021(creatinine_umol_l=creatinine, age_years=age_years, sex=sex)
        apart, larger = abs((stated.value or 0.0) - expected), max(stated.value or 0.0, expected)
        if apart > max(EGFR_APART, EGFR_APART_SHARE * larger):
            from_what = f"creatinine {creatinine:.4g} umol/L at {age_years:.4g} years"
            names = (stated.name, "creatinine_umol_l", "age_years")
            return EGFR.finding(_told(stated, expected, from_what, document), names, stated.evidence)
    return None


def _stated(document: Analysis, name: str) -> Measurement | None:
    found = measured(document, name)
    return found if found and not found.method.startswith("derived") else None


def _told(stated: Measurement, expected: float, from_what: str, document: Analysis) -> str:
    return (
        f"{stated.label} is stated as {stated.value:.4g} {stated.unit}, but {from_what} give "
        f"{expected:.1f} {stated.unit} ({where(document)}): one of them is wrong."
    )
