"""Studies for the tests of draft and verifier: the real demo study, and made-up hearts judged by the real rules.

`real_study` holds what `cardio process` measured of the public ECG and cine (revision of November 2026); fusion and scores
are computed anew. `made_up` takes any values and lets the package's own rules make the findings.
"""

import json
from dataclasses import fields, replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from cardio_dagster.finding import Analysis, Fact, Finding, Grade, Measurement
from cardio_dagster.fusion import fuse
from cardio_dagster.modalities.clinical.findings import to_analysis
from cardio_dagster.modalities.clinical.record import ClinicalRecord, Inventory, Quantity
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues
from cardio_dagster.modalities.ecg.rhythm.classify import Rhythm
from cardio_dagster.modalities.ecg.statements import Case, state
from cardio_dagster.modalities.echo import references
from cardio_dagster.modalities.echo.findings import _ejection, _size
from cardio_dagster.scoring import score, summarise
from cardio_dagster.statement import Passage

TWELVE = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
_FLAT = {"st_j_mv": 0.0, "st_j80_mv": 0.0, "t_mv": 0.3, "r_mv": 1.0, "qrs_pattern": "R", "peak_to_peak_mv": 1.2}
_ECG = {  # name: label, unit, low, high
    "heart_rate_bpm": ("Heart rate", "/min", 60.0, 100.0),
    "p_ms": ("P duration", "ms", None, 119.9),
    "pr_ms": ("PR interval", "ms", 120.0, 200.0),
    "qrs_ms": ("QRS duration", "ms", None, 110.0),
    "qt_ms": ("QT interval", "ms", None, None),
    "qtc_bazett_ms": ("QTc (Bazett)", "ms", 391.0, 449.0),
    "qtc_fridericia_ms": ("QTc (Fridericia)", "ms", 391.0, 449.0),
    "qtc_adjusted_ms": ("QTc adjusted for QRS", "ms", 391.0, 449.0),
    "qrs_axis_deg": ("QRS axis", "deg", -30.0, 90.0),
    "sokolow_lyon_mv": ("Sokolow-Lyon voltage", "mV", None, 3.49),
    "cornell_mv": ("Cornell voltage", "mV", None, 2.0),
}
_ECHO = {"lvef_pct": ("LV ejection fraction", "%"), "lv_edv_ml": ("LV end-diastolic volume", "mL"), "lv_esv_ml": ("LV end-systolic volume", "mL"), "la_volume_ml": ("LA volume at end-systole", "mL")}  # fmt: skip


def complete(analyses):
    """Return analyses, fusion and scores as a run has them."""
    fusion = fuse(analyses, ())
    scores = score(fusion)
    tier = summarise(fusion.findings + fusion.consistency, scores)
    return (*analyses, *fusion.indexed), fusion, (*scores, tier)


@cache
def real_study():
    """Return the real demo study."""
    stored = json.loads((Path(__file__).parent / "real_study.json").read_text())

    def made(kind, rows, where):
        names = [f.name for f in fields(kind)]
        own = [r for r in rows if (r["recording_id"], r["modality"]) == where]
        return tuple(kind(**{n: _typed(n, r[n]) for n in names if n in r}) for r in own)

    analyses = []
    for row in stored["recordings"]:
        where = (row["recording_id"], row["modality"])
        parts = [made(k, stored[n], where) for k, n in ((Measurement, "measurements"), (Finding, "findings"), (Fact, "facts"))]  # fmt: skip
        analyses.append(Analysis(row["modality"], row["recording_id"], *parts))
    return complete(tuple(analyses))


def _typed(name, value):
    return Grade(value) if name == "grade" else tuple(value) if isinstance(value, list) else value


def ecg(values, *, rhythm="sinus", sex="M", types="N" * 10, leads=None, recording_id="r01"):
    """Return an ECG with these values; findings by the branch's own rules."""
    measurements = tuple(_ecg_value(n, v, recording_id) for n, v in values.items())
    changed = leads or {}
    case = Case(
        measurements, Rhythm(rhythm, 0.9, 0.02, 1.0), tuple(types), recording_id, 0.5 + 0.9 * np.arange(len(types)), 0.9 * len(types) + 0.5,
        leads={n: LeadValues(**(_FLAT | changed.get(n, {}))) for n in TWELVE}, sex=sex,
    )  # fmt: skip
    facts = (Fact("rhythm", rhythm, recording_id=recording_id), Fact("sex", sex, recording_id=recording_id))
    return Analysis("ecg", recording_id, measurements, state(case), facts)


def _ecg_value(name, value, recording_id):
    label, unit, low, high = _ECG[name]
    why = "not found" if value is None else None
    return Measurement(name, label, value, unit, "test", low, high, "test", why, recording_id=recording_id)


def echo(values, *, beats=4, sd_pct=2.5, recording_id="r02"):
    """Return an echo with these values; findings by the branch's own rules."""
    method = "single-plane (A4C) method of 20 discs, contours by network; mean of beats"
    evidence = f"frames 21 (ED) and 33 (ES); {beats} beats: 62.1 % (SD {sd_pct})"
    measured = []
    for name, value in values.items():
        limits = references.RANGES.get(name)
        low, high = (limits.low, limits.high) if limits else (None, None)
        label, unit = _ECHO[name]
        measured.append(
            Measurement(name, label, value, unit, method, low, high, evidence=evidence, recording_id=recording_id)
        )
    spread = Measurement("lvef_sd_pct", "Spread of the ejection fraction over the beats", sd_pct, "%", "SD", recording_id=recording_id)  # fmt: skip
    found = [f for m in measured for f in (_ejection(m) if m.name == "lvef_pct" else _size(m) if m.name in ("lv_edv_ml", "lv_esv_ml") else [])]  # fmt: skip
    findings = tuple(replace(f, modality="echo", recording_id=recording_id) for f in found)
    return Analysis("echo", recording_id, (*measured, spread), findings)


def clinical(values, *, sex="female", recording_id="r03"):
    """Return metadata with these numbers; findings by the branch's own rules."""
    quantities = tuple(Quantity(n, v, f"$.{n}") for n, v in values.items())
    return to_analysis(ClinicalRecord("json", sex, None, quantities, ()), Inventory((), ()), recording_id)


@cache
def sick_study():
    """Return a study in which much is abnormal, in all modalities."""
    changed = {"V2": {"st_j_mv": 0.31, "st_j80_mv": 0.3}, "V3": {"st_j_mv": 0.27, "st_j80_mv": 0.3}, "I": {"t_mv": -0.24}, "aVL": {"t_mv": -0.2}}  # fmt: skip
    values = {
        "heart_rate_bpm": 118.0, "p_ms": 131.0, "pr_ms": 243.0, "qrs_ms": 126.4, "qt_ms": 402.0, "qtc_bazett_ms": 520.1,
        "qtc_fridericia_ms": 507.3, "qtc_adjusted_ms": 452.6, "qrs_axis_deg": -41.0, "sokolow_lyon_mv": 4.12, "cornell_mv": 2.31,
    }  # fmt: skip
    one = ecg(values, leads=changed, types="NNVVNNNNVNNN")
    two = echo({"lvef_pct": 28.4, "lv_edv_ml": 187.3, "lv_esv_ml": 134.1, "la_volume_ml": 92.7})
    numbers = {
        "age_years": 63.0, "height_cm": 168.0, "weight_kg": 74.0, "sbp_mmhg": 191.0, "dbp_mmhg": 97.0, "heart_rate_bpm": 92.0,
        "total_cholesterol_mmol_l": 6.43, "hdl_cholesterol_mmol_l": 0.91, "creatinine_umol_l": 121.0, "egfr_ml_min_1_73m2": 47.2,
        "hba1c_pct": 7.3, "bmi_kg_m2": 26.22,
    }  # fmt: skip
    return complete((one, two, clinical(numbers, sex="male")))


def passage(passage_id, *topics, text="What is known of it."):
    """Return a passage with the hash that the evidence corpus would give it."""
    title, heading, references = "Protocol note", passage_id, ("Author. Title. Journal 2020. doi:10.1000/x",)
    content = "\x1f".join((title, heading, text, *references, "\x1e", *topics))
    return Passage(passage_id, f"{title}: {heading}", text, references, topics, sha256(content.encode()).hexdigest())


PASSAGES = (
    passage("ecg#intervals", "ECG_QTC_*", "ECG_PR_*", "ECG_QRS_*", "ECG_P_*"),
    passage("ecg#all", "ECG_*"),
    passage("echo#function", "LVEF_*", "LV_*", "LA_*", "WALL_*", "*KINESIA*", "ECHO_*"),
    passage("clinical#limits", "clinical.*"),
    passage("fusion#across", "fusion.*"),
    passage("scores#prevent", "prevent_*", "summary_tier"),
    passage("scores#others", "cha2ds2_*", "h2fpef", "has_bled", "maggic*", "score2*", "summary_tier"),
)
