"""Fusion: coverage, one source per name by a stated rule, contradictions, what is missing."""

import itertools

import msgspec
import pytest

from cardio_dagster.finding import Grade
from cardio_dagster.fusion import Coverage, Fusion, fuse
from cardio_dagster_tests.fusion.analyses import analysis

TABLE = {
    (True, True, True): Coverage.FULL,
    (True, True, False): Coverage.FULL,
    (True, False, True): Coverage.ECG_ONLY,
    (True, False, False): Coverage.ECG_ONLY,
    (False, True, True): Coverage.ECHO_ONLY,
    (False, True, False): Coverage.ECHO_ONLY,
    (False, False, True): Coverage.CLINICAL_ONLY,
    (False, False, False): Coverage.NONE,
}


@pytest.mark.parametrize("present", TABLE)
def test_coverage_lattice(present):
    names = [n for n, there in zip(("ecg", "echo", "clinical"), present, strict=True) if there]
    absent = sorted({"ecg", "echo", "clinical"} - set(names))
    fusion = fuse(tuple(analysis(n, numbers={f"{n}_value": 1.0}) for n in names), ())
    assert fusion.coverage is TABLE[present]
    assert fusion.has_clinical is present[2]
    assert sorted(m.name for m in fusion.missing) == absent
    assert {m.why for m in fusion.missing} <= {"not in the study"}


def test_a_modality_that_yielded_nothing_is_no_coverage():
    fusion = fuse((analysis("ecg", numbers={"heart_rate_bpm": 70}), analysis("echo", "r02", absent=("lvef_pct",))), ())
    assert fusion.coverage is Coverage.ECG_ONLY
    assert fusion.failed == ("echo",)
    assert {m.name: m.why for m in fusion.missing}["echo"] == "read, but nothing could be measured"


def test_a_failed_modality_is_missing_with_its_effect():
    fusion = fuse((analysis("ecg", codes=("ECG_SINUS",)),), ("echo",))
    missing = {m.name: m for m in fusion.missing}
    assert missing["echo"].why == "failed"
    assert "H2FPEF" in missing["echo"].effect
    assert missing["clinical"].why == "not in the study"
    partly = fuse((analysis("echo", "r01", numbers={"lvef_pct": 60}),), ("echo",))
    assert "echo" not in {m.name for m in partly.missing}, "another clip yielded something"
    assert partly.failed == ("echo",)


def test_a_new_modality_needs_no_edit():
    fusion = fuse(
        (analysis("pcg", numbers={"s3_probability": 0.7}), analysis("ecg", "r02", codes=("ECG_SINUS",))), ("cmr",)
    )
    assert fusion.get("s3_probability").source == "pcg"
    assert fusion.coverage is Coverage.ECG_ONLY
    assert fusion.modalities == ("ecg", "pcg")
    assert {m.name: m.effect for m in fusion.missing}["cmr"] == "the results of cmr are missing"


@pytest.mark.parametrize(
    ("sources", "winner", "why"),
    [
        ([("clinical", 60), ("echo", 61), ("ecg", 62)], "ecg", "ecg is preferred"),
        ([("clinical", 60), ("echo", 61)], "echo", "echo is preferred"),
        ([("clinical", 60)], "clinical", "only source"),
    ],
)
def test_heart_rate_comes_from_the_best_source_in_any_order(sources, winner, why):
    offered = [analysis(m, f"r{i}", numbers={"heart_rate_bpm": v}) for i, (m, v) in enumerate(sources)]
    for order in itertools.permutations(offered):
        feature = fuse(tuple(order), ()).get("heart_rate_bpm")
        assert feature.source == winner
        assert feature.value == dict(sources)[winner], "never averaged"
        assert feature.rule.startswith(why)


def test_a_name_that_carries_its_modality_meets_the_others():
    echo = analysis("echo", "r02", numbers={"echo_heart_rate_bpm": 90})
    fusion = fuse((echo, analysis("ecg", numbers={"heart_rate_bpm": 60})), ())
    assert (fusion.get("heart_rate_bpm").source, fusion.get("echo_heart_rate_bpm")) == ("ecg", None)
    assert "90 /min (echo r02)" in fusion.get("heart_rate_bpm").rule


def test_other_rules_of_choice():
    def chosen(name, *analyses):
        return fuse(analyses, ()).get(name)

    signal = chosen(
        "lvef_pct",
        analysis("clinical", "r01", numbers={"lvef_pct": 60}),
        analysis("echo", "r02", numbers={"lvef_pct": 50}),
    )
    assert (signal.value, signal.rule) == (50, "a signal comes before metadata; also given: 60 % (clinical r01)")
    sure = chosen(
        "lvef_pct",
        analysis("echo", "r01", numbers={"lvef_pct": 60}, confidence=0.5),
        analysis("echo", "r02", numbers={"lvef_pct": 50}, confidence=0.9),
    )
    assert (sure.value, sure.rule.split(";")[0]) == (50, "higher confidence")
    first = chosen(
        "lvef_pct", analysis("echo", "r01", numbers={"lvef_pct": 60}), analysis("echo", "r02", numbers={"lvef_pct": 50})
    )
    assert (first.value, first.rule.split(";")[0]) == (60, "first in the study")
    there = chosen(
        "lvef_pct", analysis("echo", "r01", absent=("lvef_pct",)), analysis("clinical", "r02", numbers={"lvef_pct": 60})
    )
    assert (there.source, there.rule) == ("clinical", "only source")
    age = chosen(
        "age_years",
        analysis("ecg", "r01", facts={"age_years": 63.0}),
        analysis("clinical", "r02", numbers={"age_years": 64}),
    )
    assert (age.source, age.value) == ("clinical", 64)


def test_nothing_known_keeps_the_reason():
    feature = fuse((analysis("echo", absent=("lvef_pct",)),), ()).get("lvef_pct")
    assert (feature.value, feature.text, feature.reason) == (None, None, "not seen")
    assert not feature.known


def test_yes_no_and_text_facts():
    fusion = fuse(
        (analysis("clinical", facts={"diabetes": True, "statin": False, "device": "X1", "sex": "F", "smoker": None}),),
        (),
    )
    got = {f.name: (f.value, f.text) for f in fusion.features}
    assert got == {
        "diabetes": (1.0, "yes"),
        "statin": (0.0, "no"),
        "device": (None, "X1"),
        "sex": (None, "female"),
        "smoker": (None, None),
    }
    assert fusion.get("nothing") is None


@pytest.mark.parametrize(("echo", "clinical", "conflict"), [(60, 70, False), (60, 71, True)])
def test_ejection_fractions_that_differ_are_told(echo, clinical, conflict):
    fusion = fuse(
        (analysis("echo", numbers={"lvef_pct": echo}), analysis("clinical", "r02", numbers={"lvef_pct": clinical})), ()
    )
    assert [f.code for f in fusion.consistency] == (["fusion.conflict.lvef_pct"] if conflict else [])
    if conflict:
        assert "71 % (clinical r02), 60 % (echo r01)" in fusion.consistency[0].text
        assert fusion.consistency[0].grade is Grade.NOTE


@pytest.mark.parametrize(
    ("ecg", "clinical", "codes"),
    [
        ({"sex": "F"}, {"sex": "female"}, []),
        ({"sex": "M"}, {"sex": "female"}, ["fusion.conflict.sex"]),
        ({"age_years": 63.0}, {"age_years": 64.0}, []),
        ({"age_years": 63.0}, {"age_years": 70.0}, ["fusion.conflict.age_years"]),
        ({"device": "a"}, {"device": "b"}, []),
        ({"diabetes": True}, {"diabetes": False}, ["fusion.conflict.diabetes"]),
    ],
)
def test_whose_recording_it_is_is_compared(ecg, clinical, codes):
    fusion = fuse((analysis("ecg", facts=ecg), analysis("clinical", "r02", facts=clinical)), ())
    assert [f.code for f in fusion.consistency] == codes
    if codes and codes != ["fusion.conflict.diabetes"]:
        assert fusion.consistency[0].grade is Grade.CRITICAL
        assert "different patients" in fusion.consistency[0].text


def test_two_ecgs_of_different_people_are_told_but_not_two_heart_rates():
    first = analysis("ecg", "r01", numbers={"heart_rate_bpm": 60}, facts={"sex": "F"})
    second = analysis("ecg", "r02", numbers={"heart_rate_bpm": 120}, facts={"sex": "M"})
    assert [f.code for f in fuse((first, second), ()).consistency] == ["fusion.conflict.sex"]


def test_findings_are_carried_and_the_whole_survives_a_checkpoint():
    fusion = fuse((analysis("ecg", codes=("ecg.rhythm.afib",), facts={"sex": "F"}),), ("echo",))
    assert fusion.found("ecg.rhythm.afib").recording_id == "r01"
    assert fusion.found("ecg.rhythm.sinus") is None
    assert msgspec.json.decode(msgspec.json.encode(fusion), type=Fusion) == fusion
