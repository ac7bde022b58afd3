from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.reporting.appraisal.quality import WEIGHTS, assess_quality
from cardio_dagster.statement import Fault, Quality, Verification
from cardio_dagster_tests.reporting.appraisal.samples import (
    AF_SENTENCE,
    CORPUS,
    ECG,
    ECHO,
    NOT_PASSED,
    PASSED,
    PLAIN_SENTENCE,
    SCORE_SENTENCE,
    STATEMENTS,
    analysis,
    measurement,
)

VERIFIED = Verification(20, 4, 3, (), ())


def assess(analyses=(ECG, ECHO), statements=STATEMENTS, verdicts=(PASSED,), *, passages=CORPUS, verification=VERIFIED):
    return assess_quality(analyses, statements, verdicts, passages=passages, corpus=CORPUS, verification=verification)


def item(quality, name):
    return next((i for i in quality.items if i.name == name), None)


def test_the_weights_are_those_documented():
    assert sum(WEIGHTS.values()) == 100


def test_a_report_that_lacks_nothing_but_confidence():
    """By hand: 30 + 25 + 20 + 15 * (0.9 + 0.7) / 2 + 10 = 97."""
    quality = assess()
    assert quality.score_pct == 97.0
    assert [i.name for i in quality.items] == list(WEIGHTS)
    assert not any(i.lacking for i in quality.items)


def test_everything_at_once_by_hand():
    """Key 9/10, citations 2/3, gates 1/2, confidence 0.8, numbers 19/20: 27 + 16.667 + 10 + 12 + 9.5 = 75.2."""
    ecg = replace(ECG, measurements=ECG.measurements[1:])
    statements = (replace(AF_SENTENCE, citations=()), *STATEMENTS[1:])
    wrong = replace(VERIFIED, faults=(Fault("s02", "number", "62.9 is 61.9"), Fault("s03", "rule", "x")))
    quality = assess((ecg, ECHO), statements, (PASSED, NOT_PASSED), verification=wrong)
    assert quality.score_pct == 75.2
    lacking = {i.name: i.lacking for i in quality.items}
    assert lacking == {
        "key_measurements": ("heart_rate_bpm",),
        "citations": ("s01",),
        "gates": ("duration r02",),
        "confidence": (),
        "verified_numbers": ("s02",),
    }


def test_a_citation_that_does_not_hold_counts_as_none():
    changed = (replace(CORPUS[0], text="changed"), CORPUS[1])
    assert item(assess(passages=changed), "citations").lacking == ("s01", "s03")


def test_plain_values_need_no_citation():
    assert item(assess(statements=(PLAIN_SENTENCE,)), "citations") is None
    assert item(assess(statements=(SCORE_SENTENCE,)), "citations").share == 1.0


def test_a_value_that_could_not_be_measured_is_lacking_one_of_a_second_recording_is_not():
    absent = analysis("ecg", measurement("heart_rate_bpm", None))
    assert "heart_rate_bpm" in item(assess((absent,)), "key_measurements").lacking
    assert item(assess((absent, ECG)), "key_measurements").share == 1.0


def test_a_modality_that_is_absent_lacks_nothing():
    assert item(assess((ECG,)), "key_measurements").share == 1.0
    assert item(assess((analysis("pcg"),)), "key_measurements") is None


def test_low_confidence_is_named():
    low = analysis("echo", measurement("lvef_pct", confidence=0.4))
    found = item(assess((low,)), "confidence")
    assert (found.share, found.lacking) == (0.4, ("lvef_pct",))


@pytest.mark.parametrize(
    "verdicts", [(NOT_PASSED, replace(NOT_PASSED, passed=True)), (replace(NOT_PASSED, passed=True), NOT_PASSED)]
)
def test_a_gate_that_failed_once_has_failed(verdicts):
    assert item(assess(verdicts=verdicts), "gates").share == 0.0


def test_what_cannot_be_judged_is_left_out_and_the_rest_scaled():
    """Only gates: 1 of 2 is 50, not 50 of 20 points."""
    quality = assess((), (), (PASSED, NOT_PASSED), verification=None)
    assert (quality.score_pct, len(quality.items)) == (50.0, 1)


def test_nothing_to_judge_has_no_score():
    assert assess((), (), (), verification=None) == Quality(None)


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.booleans(), max_size=6),
    st.integers(0, 5),
    st.lists(st.floats(0, 1), max_size=3),
    st.integers(0, 8),
)
def test_the_score_is_between_0_and_100_and_never_falls_when_a_gate_passes(gates, kept, confidences, faults):
    names = ("lvef_pct", "lv_edv_ml", "lv_esv_ml")
    echo = analysis("echo", *(measurement(n, confidence=c) for n, c in zip(names, confidences, strict=False)))
    ecg = replace(ECG, measurements=ECG.measurements[:kept])
    verdicts = [replace(PASSED, gate=f"g{i}", passed=passed) for i, passed in enumerate(gates)]
    verification = Verification(5, 0, 0, (), (Fault("s01", "number", "x"),) * faults)
    score = assess((ecg, echo), verdicts=verdicts, verification=verification).score_pct
    mended = assess(
        (ecg, echo), verdicts=[replace(v, passed=True) for v in verdicts], verification=verification
    ).score_pct
    assert 0 <= score <= mended <= 100
