"""Contradictions between modalities and between documents: a statement for each, so that none is averaged away.

Belongs here: comparing what several sources say of one name. Not here: which of them
is used (select.py), or comparing different names, and the heart rate, whose limit depends on the rhythm (clashes/).
"""

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.fusion.fused import Feature

TOLERANCES: dict[str, float] = {
    "age_years": 1.0,  # a birthday may lie between
    "lvef_pct": 10.0,  # about twice the inter-observer error
    "height_cm": 5.0,
    "weight_kg": 5.0,
}
# Two documents of one study: an absolute difference, and the share of the larger value that the difference must also exceed.
# Pressure: three readings of one visit have an SD of 5.3 mmHg or more in a fifth of people (Muntner 2012,
# doi:10.1111/j.1751-7176.2011.00581.x): 30 mmHg is four SD of a difference. Laboratory: creatinine and eGFR change by 16.5 % by chance
# (37 studies, doi:10.3389/fmed.2022.1009358), cholesterol by about as much; 30 % is about twice that.
DOCUMENT_LIMITS: dict[str, tuple[float, float]] = {
    "age_years": (1.0, 0.0),
    "height_cm": (5.0, 0.0),
    "weight_kg": (5.0, 0.0),
    "bmi_kg_m2": (3.0, 0.0),  # 5 cm and 5 kg make that difference
    "sbp_mmhg": (30.0, 0.0),
    "dbp_mmhg": (20.0, 0.0),
    "heart_rate_bpm": (25.0, 0.25),  # as between modalities, clashes/heart_rate.py
    "total_cholesterol_mmol_l": (0.0, 0.3),
    "hdl_cholesterol_mmol_l": (0.0, 0.3),
    "creatinine_umol_l": (0.0, 0.3),
    "egfr_ml_min_1_73m2": (0.0, 0.3),
    "glucose_mmol_l": (4.0, 0.3),  # a meal lies between
    "hba1c_pct": (1.0, 0.0),
    "lvef_pct": (10.0, 0.0),
    "e_over_e_prime": (4.0, 0.3),
    "pasp_mmhg": (15.0, 0.3),
    "nyha_class": (1.0, 0.0),  # observers differ by a class
    "antihypertensive_count": (1.0, 0.0),
    "hf_duration_months": (12.0, 0.3),
    "alcohol_drinks_per_week": (7.0, 0.3),
}
_WORDS = ("sex", "score2_region")  # texts of which two mean two things; other text is free
_CLINICAL = "clinical"
_UNITS_IN_WORDS = {"a": "years", "1": "", "mm[Hg]": "mmHg", "mo": "months", "{drinks}/wk": "a week"}
_IN_WORDS = {
    "bmi_kg_m2": "Body mass index", "sbp_mmhg": "Systolic blood pressure", "dbp_mmhg": "Diastolic blood pressure", "hba1c_pct": "HbA1c",
    "hdl_cholesterol_mmol_l": "HDL cholesterol", "egfr_ml_min_1_73m2": "Estimated glomerular filtration rate", "lvef_pct": "Left ventricular ejection fraction",
    "e_over_e_prime": "E/e' ratio", "pasp_mmhg": "Pulmonary artery systolic pressure", "nyha_class": "NYHA class",
    "hf_duration_months": "Duration of heart failure", "alcohol_drinks_per_week": "Alcoholic drinks",
}  # fmt: skip
_WHOSE = ("sex", "age_years")  # a contradiction here may mean that files of two people were mixed
WHOSE_CODES = tuple(f"fusion.conflict.{name}" for name in _WHOSE)


def contradictions(features: list[Feature]) -> tuple[Finding, ...]:
    """Return a finding for each name on which two modalities, or two documents, differ by more than is usual.

    `features` are all candidates. Sex and age, which tell whose recording it is, are also
    compared within a modality, and so is all that documents state; what two signals measure may truly change between them.
    """
    found = []
    for name in dict.fromkeys(f.name for f in features):
        group = [f for f in features if f.name == name and f.known]
        across = (name in _WHOSE and len(group) > 1) or len({f.source for f in group}) > 1
        conflict = _compare(name, group) if across else None
        found.append(conflict or _compare_documents(name, [f for f in group if f.source == _CLINICAL]))
    return tuple(f for f in found if f)


def _compare_documents(name: str, group: list[Feature]) -> Finding | None:
    limits, values = DOCUMENT_LIMITS.get(name), [f.value for f in group if f.value is not None]
    if limits is None or not values or any(f.text for f in group):
        return _compare(name, group)
    least, share = limits
    if max(values) - min(values) <= max(least, share * max(values)):
        return None
    limit = " and ".join(
        filter(
            None,
            (f"by more than {least:g}" * (least > 0), f"by more than {100 * share:g} % of the larger" * (share > 0)),
        )
    )
    return _finding(name, group, f"differ {limit}")


def _compare(name: str, group: list[Feature]) -> Finding | None:
    texts = {f.text.casefold() for f in group if f.text}
    values = [f.value for f in group if f.value is not None]
    tolerance = TOLERANCES.get(name)
    apart = tolerance is not None and bool(values) and max(values) - min(values) > tolerance
    comparable = len(texts) > 1 and (name in _WORDS or all(f.value is not None for f in group))  # free text may differ
    limit = "differ" if tolerance is None else f"differ by more than {tolerance:g}"
    return _finding(name, group, limit) if apart or comparable else None


def _finding(name: str, group: list[Feature], limit: str) -> Finding:
    said = ", ".join(f"{_told(f)} ({f.source} {f.recording_id})" for f in group)
    whose = " The files may belong to different patients." if name in _WHOSE else ""
    return Finding(
        code=f"fusion.conflict.{name}",
        text=f"{_in_words(name)} differs between sources: {said}.{whose}",
        grade=Grade.CRITICAL if name in _WHOSE else Grade.NOTE,
        rule=f"the sources of {name} {limit}",
        measurements=(name,),
        modality="fusion",
    )


def _told(feature: Feature) -> str:
    unit = _UNITS_IN_WORDS.get(feature.unit, feature.unit)
    return feature.text or f"{feature.value:.4g} {unit}".strip()


def _in_words(name: str) -> str:
    """Return `heart_rate_bpm` as "Heart rate": the unit stands beside each value."""
    if name in _IN_WORDS:
        return _IN_WORDS[name]
    unit = ("_bpm", "_years", "_pct", "_cm", "_kg", "_mmhg", "_ms", "_mmol_l", "_umol_l", "_ml")
    words = next((name.removesuffix(u) for u in unit if name.endswith(u)), name)
    return words.replace("_", " ").capitalize()
