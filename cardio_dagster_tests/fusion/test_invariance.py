"""What must not matter: the order of the analyses, and recordings that were sent twice."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.fusion import feature_table, fuse
from cardio_dagster_tests.fusion.analyses import SEGMENTS, analysis, clip, ecg

RATE = st.integers(40, 180)
ECG_CODES = ("ECG_AFIB", "ECG_SINUS", "ECG_LBBB", "ECG_PACED", "ECG_LOW_VOLTAGE_LIMB", "ECG_LVH_VOLTAGE", "ECG_PVC")
ECHO_CODES = ("AKINESIA_MID_INFEROSEPTUM", "HYPOKINESIA_MID_ANTEROLATERAL_WALL", "GLOBAL_HYPOKINESIA")


@st.composite
def one(draw):
    kind = draw(st.sampled_from(("ecg", "echo", "clinical")))
    rate = draw(RATE)
    if kind == "ecg":
        codes = draw(st.lists(st.sampled_from(ECG_CODES), unique=True))
        found = ecg(rhythm=draw(st.sampled_from(("sinus", "afib", "paced", "other"))), rate=rate, codes=codes)
    elif kind == "echo":
        numbers = {
            "lvef_pct": draw(st.integers(10, 85)),
            "lvef_sd_pct": draw(st.integers(0, 12)),
            "wall_motion_score_index": draw(st.sampled_from((1.0, 1.7, 2.5))),
            "septal_thickness_a4c_mm": draw(st.integers(7, 18)),
            "lateral_thickness_a4c_mm": draw(st.integers(7, 18)),
            **SEGMENTS,
        }
        beats, rhythm = draw(st.integers(2, 12)), draw(st.sampled_from(("regular", "irregular", "ectopic", "unknown")))
        codes = draw(st.lists(st.sampled_from(ECHO_CODES), unique=True))
        found = clip(beats=beats, rhythm=rhythm, rate=rate, numbers=numbers, codes=codes)
    else:
        facts = {"sex": draw(st.sampled_from(("F", "M")))}
        found = analysis(
            "clinical", numbers={"heart_rate_bpm": rate, "lvef_pct": draw(st.integers(10, 85))}, facts=facts
        )
    return found


@st.composite
def study(draw):
    return [_named(a, f"r{i:02d}") for i, a in enumerate(draw(st.lists(one(), max_size=5)), 1)]


def _named(found, recording_id):
    renamed = tuple(replace(m, recording_id=recording_id) for m in found.measurements)
    return replace(found, recording_id=recording_id, measurements=renamed)


@settings(max_examples=50, deadline=None)
@given(study(), st.randoms(use_true_random=False))
def test_the_order_of_the_analyses_changes_nothing(analyses, random):
    before = fuse(tuple(analyses), ())
    shuffled = random.sample(analyses, len(analyses))
    assert fuse(tuple(shuffled), ()) == before
    assert feature_table(before, tuple(shuffled)) == feature_table(before, tuple(analyses))


@settings(max_examples=50, deadline=None)
@given(study(), st.data())
def test_a_recording_sent_twice_adds_no_contradiction(analyses, data):
    before = fuse(tuple(analyses), ())
    twice = data.draw(st.lists(st.sampled_from(analyses), max_size=3)) if analyses else []
    same = fuse((*analyses, *twice), ())
    assert same == before, "the very same analysis counts once"
    copies = [_named(a, f"r{50 + i}") for i, a in enumerate(twice)]
    after = fuse((*analyses, *copies), ())
    assert [f.code for f in after.consistency] == [f.code for f in before.consistency]
    assert [f.code for f in after.relations] == [f.code for f in before.relations]


def test_recordings_are_counted_not_spelt():
    """r100 comes after r11: the first in the study wins a tie."""
    late, early = (analysis("echo", r, numbers={"lvef_pct": v}) for r, v in (("r100", 50), ("r11", 60)))
    assert fuse((late, early), ()).get("lvef_pct").recording_id == "r11"
