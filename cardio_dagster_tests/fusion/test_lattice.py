"""The degradation lattice as a table: what is there, what failed, what was read in vain, and what the study is called then."""

import pytest

from cardio_dagster.finding import Fact
from cardio_dagster.fusion import NOT_MEASURABLE, Coverage, fuse
from cardio_dagster_tests.fusion.analyses import analysis

GOOD = {
    "ecg": analysis("ecg", "r01", numbers={"heart_rate_bpm": 70}),
    "echo": analysis("echo", "r02", numbers={"lvef_pct": 60}),
    "clinical": analysis("clinical", "r03", numbers={"age_years": 60}),
}
# contours too uncertain: detection goes on, functional analysis is skipped, every measurement is null with that reason
UNCERTAIN = analysis("echo", "r02", absent=("lvef_pct", "lv_edv_ml", "wall_motion_score_index", "echo_heart_rate_bpm"))
NO_SPACING = analysis("echo", "r02", numbers={"lvef_pct": 60}, absent=("lv_edv_ml", "la_volume_ml"))
STILL = analysis("echo", "r02", numbers={"lv_volume_ml": 110}, absent=("lvef_pct", "wall_motion_score_index"))
FLAT_ECG = analysis("ecg", "r01", codes=("ECG_NO_BEATS",), absent=("heart_rate_bpm",))
LOST_ECG = analysis("ecg", "r01", absent=("heart_rate_bpm",))
EMPTY_PAPER = analysis("clinical", "r03", facts={"sex": None})
SEX_ONLY = analysis("clinical", "r03", facts={"sex": "F"})
FULL, ECG, ECHO, PAPER, NONE = (
    Coverage.FULL,
    Coverage.ECG_ONLY,
    Coverage.ECHO_ONLY,
    Coverage.CLINICAL_ONLY,
    Coverage.NONE,
)

LATTICE = [  # analyses, modalities that failed before ANALYSIS, coverage, metadata there, why each is missing
    (("ecg", "echo", "clinical"), (), FULL, True, {}),
    (("ecg", "echo"), (), FULL, False, {"clinical": "not in the study"}),
    (("ecg", "echo"), ("clinical",), FULL, False, {"clinical": "failed"}),
    (("ecg", "clinical"), ("echo",), ECG, True, {"echo": "failed"}),
    (("ecg", "clinical", UNCERTAIN), (), ECG, True, {"echo": NOT_MEASURABLE}),
    (("ecg", "clinical", UNCERTAIN), ("echo",), ECG, True, {"echo": NOT_MEASURABLE}),
    (("ecg", "clinical", UNCERTAIN, "echo"), ("echo",), FULL, True, {}),
    (("ecg", NO_SPACING, "clinical"), (), FULL, True, {}),
    (("ecg", STILL, "clinical"), (), FULL, True, {}),
    ((FLAT_ECG, "echo", "clinical"), (), FULL, True, {}),
    ((LOST_ECG, "echo", "clinical"), (), ECHO, True, {"ecg": NOT_MEASURABLE}),
    (("echo", "clinical"), ("ecg",), ECHO, True, {"ecg": "failed"}),
    (("echo",), ("ecg", "clinical"), ECHO, False, {"ecg": "failed", "clinical": "failed"}),
    (("clinical",), ("ecg", "echo"), PAPER, True, {"ecg": "failed", "echo": "failed"}),
    (("clinical", UNCERTAIN, LOST_ECG), (), PAPER, True, {"ecg": NOT_MEASURABLE, "echo": NOT_MEASURABLE}),
    ((SEX_ONLY,), ("ecg", "echo"), PAPER, True, {"ecg": "failed", "echo": "failed"}),
    ((EMPTY_PAPER, "ecg"), (), ECG, False, {"clinical": NOT_MEASURABLE, "echo": "not in the study"}),
    ((EMPTY_PAPER,), ("ecg", "echo"), NONE, False, {"ecg": "failed", "echo": "failed", "clinical": NOT_MEASURABLE}),
    ((), ("ecg", "echo", "clinical"), NONE, False, dict.fromkeys(("ecg", "echo", "clinical"), "failed")),
    ((), (), NONE, False, dict.fromkeys(("ecg", "echo", "clinical"), "not in the study")),
]


@pytest.mark.parametrize(("given", "failed", "coverage", "paper", "missing"), LATTICE)
def test_degradation_lattice(given, failed, coverage, paper, missing):
    fusion = fuse(tuple(GOOD[g] if isinstance(g, str) else g for g in given), failed)
    assert fusion.coverage is coverage
    assert fusion.has_clinical is paper
    assert {m.name: m.why for m in fusion.missing} == missing
    assert all(m.effect for m in fusion.missing)
    lost = {name for name, why in missing.items() if why != "not in the study"}
    assert set(fusion.failed) == lost | set(failed)


def test_a_device_fact_alone_is_no_ecg():
    header = analysis("ecg", "r01", absent=("heart_rate_bpm",))
    assert fuse((header,), ()).coverage is NONE
    named = fuse((analysis("ecg", "r01", facts={"sex": "F"}), GOOD["clinical"]), ())
    assert named.coverage is PAPER
    assert Fact("sex", "F") in analysis("ecg", "r01", facts={"sex": "F"}).facts
