"""The draft: what it says, in which order, and that every number in it has its source."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.finding import Analysis, Finding, Grade, Measurement, Score
from cardio_dagster.reporting.drafting import draft
from cardio_dagster.reporting.drafting.printing import number
from cardio_dagster.reporting.drafting.templates import TEMPLATES
from cardio_dagster.statement import Context, QuoteKind
from cardio_dagster_tests.reporting.drafting.studies import (
    PASSAGES,
    clinical,
    ecg,
    echo,
    passage,
    real_study,
    sick_study,
)

CONTEXT = Context(passages=PASSAGES)


def sentences(study, context=CONTEXT):
    analyses, fusion, scores = study
    return draft(analyses, fusion, scores, context)


def texts(*analyses):
    return [s.text for s in draft(analyses, None, (), CONTEXT)]


def test_the_real_study_reads_as_a_cardiologist_would_write():
    said = [s.text for s in sentences(real_study())]
    for sentence in (
        "QTc (Fridericia) 387 ms, short by the 390 ms limit.",
        "Left ventricular ejection fraction 62.9 % (discs, one plane, mean of 4 beats, SD 2.5 %), normal, within 52 to 74 %.",
        "Total cholesterol 5.9 mmol/L, above 5.2 mmol/L.",
        "Sinus rhythm; mean heart rate 61/min.",
        "PR interval 150 ms, QRS duration 86 ms, QT interval 385 ms, QRS axis 49°.",
        "LV end-diastolic volume index 57.1 mL/m², LV end-systolic volume index 21.2 mL/m², LA volume index 30.2 mL/m².",
        "PREVENT 10-year risk of cardiovascular disease 2.0 %: low (below 5 %).",
    ):
        assert sentence in said


@pytest.mark.parametrize("study", [real_study, sick_study])
def test_every_digit_outside_of_names_and_units_is_quoted(study):
    for s in sentences(study()):
        rest = s.text
        for q in reversed(s.quotes):
            assert s.text[q.start : q.start + len(q.text)] == q.text
            rest = rest[: q.start] + rest[q.start + len(q.text) :]
        rest = re.sub(
            r"mL/min/1\.73 m²|CHA2DS2-VASc|CHA2DS2-VA|H2FPEF|SCORE2(?:-OP)?|HbA1c|\bV[1-9]\b|\br\d\d\b", "", rest
        )
        assert not re.search("[0-9]", rest), s.text


def test_critical_comes_first_then_by_section():
    got = sentences(sick_study())
    order = [Grade.CRITICAL, Grade.ABNORMAL, Grade.NOTE, Grade.NORMAL]
    assert [s.grade for s in got] == sorted((s.grade for s in got), key=order.index)
    sections = ["ecg", "echo", "clinical", "fusion", "scores"]
    for grade in order:
        own = [s.section for s in got if s.grade is grade]
        assert own == sorted(own, key=sections.index)
    assert [s.statement_id for s in got] == [f"s{n:02d}" for n in range(1, len(got) + 1)]
    assert got[0].grade is Grade.CRITICAL


def test_every_finding_has_exactly_one_sentence():
    analyses, fusion, _ = sick_study()
    made = sorted(
        f.code
        for f in (*(f for a in analyses for f in a.findings), *fusion.consistency, *getattr(fusion, "relations", ()))
    )
    assert sorted(code for s in sentences(sick_study()) for code in s.findings) == made


def test_a_value_out_of_range_without_a_finding_has_a_sentence():
    odd = Measurement("lv_mass_g", "LV mass", 251.0, "g", "x", 96.0, 200.0, recording_id="r07")
    assert texts(Analysis("echo", "r07", (odd,))) == ["LV mass 251.00 g, above 200 g."]


def test_a_finding_without_a_template_keeps_its_text_and_its_numbers_are_bound():
    weight = Measurement("weight_kg", "Weight", 141.2, "kg", "x", None, 120.0, recording_id="r05")
    finding = Finding(
        "NEW_CODE", "Weight 141 kg, over 120, seen 3 times", Grade.NOTE, "more than 2 times", ("weight_kg",)
    )
    got = draft((Analysis("clinical", "r05", (weight,), (finding,)),), None, (), CONTEXT)[0]
    assert got.text == "Weight 141 kg, over 120, seen 3 times."
    assert [(q.text, q.kind) for q in got.quotes] == [("141", QuoteKind.MEASUREMENT), ("120", QuoteKind.REFERENCE), ("3", QuoteKind.RULE)]  # fmt: skip


def test_a_template_without_its_measurement_falls_back_to_the_text():
    finding = Finding("ECG_PR_LONG", "PR interval prolonged", Grade.ABNORMAL, "PR > 200 ms", ("pr_ms",))
    assert texts(Analysis("ecg", "r01", (), (finding,))) == ["PR interval prolonged."]


def test_what_was_not_measured_is_named_without_a_number():
    absent = Measurement("pr_ms", "PR interval", None, "ms", "x", reason="no P wave in 9 beats", recording_id="r01")
    assert texts(Analysis("ecg", "r01", (absent,))) == ["Not measured, for the reasons in the table: PR interval."]


def test_refused_scores_are_named_with_the_reason_and_without_machine_names():
    refused = Score("h2fpef", "H2FPEF", None, "{score}", (), "x", "y", "missing: e_over_e_prime, bmi_kg_m2")
    got = draft((), None, (refused,), CONTEXT)
    assert [s.text for s in got] == ["Not given: H2FPEF (missing: E/e', BMI)."]


def test_rounding_never_moves_a_value_across_its_limit():
    qrs = Measurement("qrs_ms", "QRS", 110.04, "ms", "x", None, 110.0)
    assert number(qrs) == "110.04"
    assert number(replace(qrs, value=96.04)) == "96"


@given(st.floats(20, 80).map(lambda x: round(x, 1)))
def test_an_ejection_fraction_is_never_said_to_lie_on_another_side_than_its_grade(lvef):
    text = texts(echo({"lvef_pct": lvef}))[0]
    assert "normal, above" not in text
    assert "normal, below" not in text
    assert "reduced, within" not in text or "for a woman" in text


def test_at_most_two_citations_the_best_first_and_only_of_the_topic():
    passages = (passage("c", "LVEF_*"), passage("a", "LVEF_NORMAL"), passage("b", "LVEF_*"), passage("x", "ECG_*"))
    got = draft((echo({"lvef_pct": 60.0}),), None, (), Context(passages=passages))
    assert got[0].citations == ("c", "a")
    assert draft((echo({"lvef_pct": 60.0}),), None, (), Context())[0].citations == ()


def test_templates_hold_no_digit():
    assert not [part for template in TEMPLATES.values() for part in template if re.search(r"\d", part)]


def test_the_same_input_gives_the_same_sentences_and_indexed_analyses_count_once():
    analyses, fusion, scores = sick_study()
    without = tuple(a for a in analyses if a not in fusion.indexed)
    assert draft(analyses, fusion, scores, CONTEXT) == draft(without, fusion, scores, CONTEXT)


def test_nothing_at_all_gives_no_sentence():
    assert draft((), None, (), Context()) == ()


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(3)))
def test_the_order_of_recordings_changes_no_sentence_only_their_order(order):
    parts = (ecg({"pr_ms": 250.0}), echo({"lvef_pct": 35.0}), clinical({"sbp_mmhg": 150.0}))
    assert sorted(texts(*(parts[i] for i in order))) == sorted(texts(*parts))


def test_beats_that_there_should_have_been_are_not_told_as_measured():
    """One good beat of three is no mean of three."""
    analysis = echo({"lvef_pct": 56.7})
    lone = "frames 21 (ED) and 33 (ES); beats by volume curve; 1 of the 3 beats that a mean should rest on"
    weak = replace(analysis, findings=tuple(replace(f, evidence=lone) for f in analysis.findings))
    (sentence,) = [s.text for s in draft((weak,), None, (), Context()) if "ejection fraction" in s.text]
    assert "mean of" not in sentence
