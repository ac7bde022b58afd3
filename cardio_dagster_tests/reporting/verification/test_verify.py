"""The verifier lets the true draft pass and catches every planted error."""

import ast
import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cardio_dagster.finding import Grade
from cardio_dagster.reporting.drafting import draft
from cardio_dagster.reporting.verification import faults_in, verify
from cardio_dagster.reporting.verification.material import gather
from cardio_dagster.statement import Context
from cardio_dagster_tests.reporting.drafting.studies import (
    PASSAGES,
    clinical,
    complete,
    ecg,
    echo,
    passage,
    real_study,
    sick_study,
)
from cardio_dagster_tests.reporting.verification import planting

STUDIES = {"real": real_study, "sick": sick_study}
TRIES = 100


@cache
def prepared(name):
    """Return the true draft of a study and what it may quote."""
    study = STUDIES[name]()
    return drafted(study), gather(*study, PASSAGES)


def drafted(study):
    analyses, fusion, scores = study
    return draft(analyses, fusion, scores, Context(passages=PASSAGES))


def verdict(statements, study, passages=PASSAGES):
    analyses, fusion, scores = study
    return verify(statements, analyses, fusion, scores, passages)


def messages(statements, study):
    return [(f.kind, f.message) for f in verdict(statements, study).faults]


@pytest.mark.parametrize("name", STUDIES)
def test_the_true_draft_passes(name):
    study = STUDIES[name]()
    statements = drafted(study)
    got = verdict(statements, study)
    assert got.faults == ()
    assert got.numbers_checked == sum(len(s.quotes) for s in statements) > 45
    assert got.rules_checked >= 8


def test_all_rules_of_the_real_study_are_machine_rules():
    assert verdict(drafted(real_study()), real_study()).rules_unchecked == ()


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize("plant", [planting.wrong_number, planting.other_value])
def test_each_of_a_hundred_wrong_numbers_is_caught(name, plant):
    study, rng = STUDIES[name](), random.Random(20261122)
    statements = drafted(study)
    caught = [
        any(f.kind in ("number", "rule") for f in verdict(plant(statements, rng), study).faults) for _ in range(TRIES)
    ]
    assert sum(caught) == TRIES


@pytest.mark.parametrize("name", STUDIES)
def test_each_of_a_hundred_removed_citations_is_caught(name):
    study, rng = STUDIES[name](), random.Random(1)
    statements = drafted(study)
    cited = [
        i for i, s in enumerate(statements) if s.citations and (s.grade is not Grade.NORMAL or s.section == "scores")
    ]
    for _ in range(TRIES):
        n = rng.choice(cited)
        got = verdict(planting.put(statements, n, replace(statements[n], citations=())), study)
        assert [(f.statement_id, f.kind) for f in got.faults] == [(statements[n].statement_id, "citation")]


@pytest.mark.parametrize("name", STUDIES)
def test_each_of_a_hundred_exchanged_citations_is_caught(name):
    study, rng = STUDIES[name](), random.Random(2)
    statements = drafted(study)
    own = {"ecg": "ecg#", "echo": "echo#", "clinical": "clinical#", "fusion": "fusion#", "scores": "scores#"}
    cited = [i for i, s in enumerate(statements) if s.citations]
    for _ in range(TRIES):
        n = rng.choice(cited)
        foreign = [p.passage_id for p in PASSAGES if not p.passage_id.startswith(own[statements[n].section])]
        if statements[n].section == "fusion":  # indices of echo volumes are an echo topic as well
            foreign.remove("echo#function")
        changed = list(statements[n].citations)
        changed[rng.randrange(len(changed))] = rng.choice([*foreign, "no#such-passage"])
        assert any(
            f.kind == "citation"
            for f in verdict(
                planting.put(statements, n, replace(statements[n], citations=tuple(changed))), study
            ).faults
        )


def test_a_passage_with_a_changed_text_topic_or_reference_is_caught():
    study = real_study()
    for changes in (
        {"text": "Something else."},
        {"topics": ("*",)},
        {"references": ("Another.",)},
        {"title": "Protocol note: else"},
    ):
        altered = tuple(replace(p, **changes) for p in PASSAGES)
        assert {f.kind for f in verdict(drafted(study), study, altered).faults} == {"citation"}


@pytest.mark.parametrize("name", STUDIES)
def test_every_changed_grade_is_caught(name):
    study = STUDIES[name]()
    statements = drafted(study)
    for n, s in enumerate(statements):
        for grade in set(Grade) - {s.grade}:
            assert "rule" in {k for k, _ in messages(planting.put(statements, n, replace(s, grade=grade)), study)}, (
                s.text
            )


@pytest.mark.parametrize("name", STUDIES)
def test_each_of_a_hundred_turned_words_is_caught(name):
    study, rng = STUDIES[name](), random.Random(3)
    statements = drafted(study)
    missed = []
    for _ in range(TRIES):
        planted = planting.turned_word(statements, rng)
        if verdict(planted, study).passed:
            missed += [s.text for s, t in zip(planted, statements, strict=True) if s != t]
    assert missed == []


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(STUDIES)), st.data())
def test_any_changed_digit_in_any_sentence_is_caught(name, data):
    statements, material = prepared(name)
    s = data.draw(st.sampled_from([s for s in statements if any(c in "0123456789" for c in s.text)]))
    at = data.draw(st.sampled_from([i for i, c in enumerate(s.text) if c in "0123456789"]))
    new = data.draw(st.sampled_from("0123456789"))
    assume(new != s.text[at])
    text = s.text[:at] + new + s.text[at + 1 :]
    moved = tuple(
        replace(q, text=text[q.start : q.start + len(q.text)]) for q in s.quotes
    )  # the quote claims the new number
    assert faults_in(s, material) == ()
    assert faults_in(replace(s, text=text, quotes=moved), material), text
    assert faults_in(replace(s, text=text), material), text


@pytest.mark.parametrize("name", STUDIES)
def test_a_changed_measurement_under_an_unchanged_draft_is_caught(name):
    study = STUDIES[name]()
    analyses, fusion, scores = study
    statements = drafted(study)
    quoted = {(q.name, q.recording_id) for s in statements for q in s.quotes if q.kind == "measurement"}
    for name_, recording_id in sorted(quoted):
        altered = tuple(
            replace(
                a,
                measurements=tuple(
                    _worse(m) if (m.name, m.recording_id or a.recording_id) == (name_, recording_id) else m
                    for m in a.measurements
                ),
            )
            for a in analyses
        )
        assert not verify(statements, altered, replace(fusion, indexed=()), scores, PASSAGES).passed, name_


def _worse(m):
    return replace(m, value=m.value * 1.37 + 3)


def test_a_left_out_sentence_is_missed():
    study = sick_study()
    statements = drafted(study)
    for n, s in enumerate(statements):
        if s.findings or s.section == "scores":
            assert not verdict((*statements[:n], *statements[n + 1 :]), study).passed, s.text


def test_two_values_that_changed_places_with_their_quotes_are_caught():
    study = complete((ecg({"pr_ms": 150.0, "qrs_ms": 86.0}),))
    statements = drafted(study)
    n = next(i for i, s in enumerate(statements) if "PR interval" in s.text)
    s = statements[n]
    a, b = s.quotes[:2]
    text = s.text.replace("150", "#").replace("86", "150").replace("#", "86")
    quotes = (replace(b, start=a.start), replace(a, start=b.start - 1))
    assert not verdict(planting.put(statements, n, replace(s, text=text, quotes=quotes)), study).passed


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("387 ms", "387 s", "stands in"),
        ("387 ms", "387", "stands in"),
        ("387 ms", "387.0 ms", "covered"),
        ("387 ms", "½ ms", "form that cannot"),
        ("short", "two times short", "in words"),
        ("387", "3.87e2", "covered"),
        ("387", "٣٨٧", "form that cannot"),
        ("QTc (Fridericia)", "QTc (Bazett)", "stands behind the name"),
    ],
)
def test_forms_of_a_number_that_are_refused(old, new, part):
    study = real_study()
    statements = drafted(study)
    n = next(i for i, s in enumerate(statements) if "387 ms" in s.text)
    planted = replace(statements[n], text=statements[n].text.replace(old, new, 1))
    assert part in " ".join(m for _, m in messages(planting.put(statements, n, planted), study))


def test_a_finding_that_its_values_contradict_is_caught():
    for study, name, value in (
        (complete((ecg({"qtc_fridericia_ms": 387.0}),)), "qtc_fridericia_ms", 430.0),
        (complete((echo({"lvef_pct": 35.0}),)), "lvef_pct", 62.0),
        (complete((clinical({"sbp_mmhg": 190.0}),)), "sbp_mmhg", 150.0),
    ):
        analyses, fusion, scores = study
        altered = tuple(
            replace(a, measurements=tuple(replace(m, value=value) if m.name == name else m for m in a.measurements))
            for a in analyses
        )
        faults = verify(
            draft(altered, fusion, scores, Context(passages=PASSAGES)), altered, fusion, scores, PASSAGES
        ).faults
        assert any("contradict" in f.message for f in faults) or any("by its rule" in f.message for f in faults), name


_NUMBERS = {
    "heart_rate_bpm": (30, 220), "p_ms": (60, 160), "pr_ms": (90, 320), "qrs_ms": (60, 180), "qtc_fridericia_ms": (320, 560),
    "qtc_bazett_ms": (320, 560), "qrs_axis_deg": (-180, 180), "sokolow_lyon_mv": (0.5, 5), "cornell_mv": (0.2, 4),
}  # fmt: skip
_SIZES = {"lvef_pct": (10, 85), "lv_edv_ml": (30, 260), "lv_esv_ml": (8, 180), "la_volume_ml": (15, 140)}
_STATED = {"sbp_mmhg": (60, 220), "dbp_mmhg": (40, 130), "heart_rate_bpm": (25, 180), "total_cholesterol_mmol_l": (2, 9), "hdl_cholesterol_mmol_l": (0.5, 3), "creatinine_umol_l": (40, 600), "egfr_ml_min_1_73m2": (8, 120), "height_cm": (140, 200), "weight_kg": (40, 140), "age_years": (20, 95), "bmi_kg_m2": (14, 45), "hba1c_pct": (4, 12)}  # fmt: skip


def _values(ranges, digits):
    return st.fixed_dictionaries(
        {}, optional={n: st.floats(*r).map(lambda x: round(x, digits)) for n, r in ranges.items()}
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    _values(_NUMBERS, 1), _values(_SIZES, 1), _values(_STATED, 3),
    st.sampled_from(("sinus", "afib", "aflutter", "paced", "other", "not_classified")), st.sampled_from(("M", "F")),
    st.text("NVS", min_size=4, max_size=30), st.sampled_from(("male", "female", None)),
)  # fmt: skip
def test_whatever_a_heart_measures_its_true_draft_passes(numbers, sizes, stated, rhythm, sex, types, stated_sex):
    study = complete(
        (
            ecg(numbers, rhythm=rhythm, sex=sex, types=types),
            echo(sizes) if "lvef_pct" in sizes else echo({}),
            clinical(stated, sex=stated_sex),
        )
    )
    assert verdict(drafted(study), study).faults == ()


def test_nothing_to_verify_passes():
    assert verify((), (), None, (), ()).passed


def test_without_any_passage_each_sentence_that_needs_one_is_a_fault():
    study = real_study()
    analyses, fusion, scores = study
    statements = draft(analyses, fusion, scores, Context())
    faults = verify(statements, analyses, fusion, scores, ()).faults
    assert {f.kind for f in faults} == {"citation"}


def test_the_verifier_does_not_import_the_draft():
    folder = Path(__file__).parents[3] / "cardio_dagster" / "reporting" / "verification"
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            assert not [n for n in names if "drafting" in n or n.startswith("cardio_dagster.modalities")], path.name


def test_a_topic_is_needed_for_the_finding_itself():
    study = complete((echo({"lvef_pct": 35.0}),))
    analyses, fusion, scores = study
    wide = (*PASSAGES, passage("echo#motion", "WALL_*"))
    statements = drafted(study)
    n = next(i for i, s in enumerate(statements) if s.findings)
    planted = planting.put(statements, n, replace(statements[n], citations=("echo#motion",)))
    assert any("does not speak of" in f.message for f in verify(planted, analyses, fusion, scores, wide).faults)
