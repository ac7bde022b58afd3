"""Deriving what other values imply: body mass index and filtration rate.

Belongs here: formulas of one person's values, each marked as derived. Not here: risk
scores (scoring/). A stated value is never replaced.
"""

from dataclasses import replace

from cardio_dagster.modalities.clinical.record import ClinicalRecord, Quantity

_UMOL_L_PER_MG_DL = 88.42


def bmi_kg_m2(*, height_cm: float, weight_kg: float) -> float:
    """Return the body mass index.

    >>> round(bmi_kg_m2(height_cm=165, weight_kg=68), 1)
    25.0
    """
    return weight_kg / (height_cm / 100) ** 2


def egfr_ckd_epi_2021(*, creatinine_umol_l: float, age_years: float, sex: str) -> float:
    """Return the filtration rate by the CKD-EPI 2021 creatinine equation, in mL/min/1.73 m2.

    Adults only. Source: Inker 2021, doi:10.1056/NEJMoa2102953. `sex` is "female" or "male".

    >>> round(egfr_ckd_epi_2021(creatinine_umol_l=0.9 * 88.42, age_years=55, sex="female"))
    75
    """
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "female" else (0.9, -0.302, 1.0)
    ratio = creatinine_umol_l / _UMOL_L_PER_MG_DL / kappa
    return float(142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age_years * factor)


def with_derived(record: ClinicalRecord) -> ClinicalRecord:
    """Return the record with body mass index and filtration rate where they are absent and can be had."""
    for derived in (_bmi(record), _egfr(record)):
        if derived and record.number(derived.name) is None:
            others = tuple(q for q in record.quantities if q.name != derived.name)
            record = replace(record, quantities=(*others, derived))
    return record


def _bmi(record: ClinicalRecord) -> Quantity | None:
    height_cm, weight_kg = record.number("height_cm"), record.number("weight_kg")
    if height_cm is None or weight_kg is None:
        return None
    value = bmi_kg_m2(height_cm=height_cm, weight_kg=weight_kg)
    return Quantity("bmi_kg_m2", value, "", derived_from=("height_cm", "weight_kg"), method="weight / height^2")


def _egfr(record: ClinicalRecord) -> Quantity | None:
    creatinine_umol_l, age_years = record.number("creatinine_umol_l"), record.number("age_years")
    if creatinine_umol_l is None or age_years is None or record.sex is None or age_years < 18:
        return None
    value = egfr_ckd_epi_2021(creatinine_umol_l=creatinine_umol_l, age_years=age_years, sex=record.sex)
    inputs = ("creatinine_umol_l", "age_years", "sex")
    return Quantity("egfr_ml_min_1_73m2", value, "", derived_from=inputs, method="CKD-EPI 2021 creatinine")
