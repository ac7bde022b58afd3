"""Drift: the tests, the alarms, and what is read from the result tables."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import sqlalchemy as sa

from cardio_dagster.evaluation.drift.groups import held_shares
from cardio_dagster.evaluation.drift.seen import Seen, seen_between
from cardio_dagster.evaluation.drift.shifts import State, shifts
from cardio_dagster.evaluation.drift.testing import compare_numbers, compare_shares, compare_words, psi
from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.outcome import State as PipelineState
from cardio_dagster.outcome import Verdict
from cardio_dagster.settings import forget_settings
from cardio_dagster.stores.results import ReleaseRow, ResultStore, StudyResults
from cardio_dagster.stores.study_tables import revisions, studies
from cardio_dagster.study import Recording


def _seen(rng, n, *, rate=500.0, lvef=55.0, held=0.1, formats="dicom"):
    made = []
    for _ in range(n):
        numbers = {"gate:ecg_sampling_rate": rate, "value:lvef_pct": float(rng.normal(lvef, 9)), "size_mb": 8.0}
        one = Seen(
            "2026-01-01", numbers, {"formats": formats, "modalities": "ecg", "coverage": "FULL", "status": "released"}
        )
        if rng.random() < held:
            one.marks.add("held")
            one.words["status"] = "held"
        made.append(one)
    return made


def _states(found):
    return {shift.feature.name: shift.state for shift in found}


def test_index_by_hand():
    assert psi([20, 80], [50, 50]) == pytest.approx(0.3 * np.log(2.5) + 0.3 * np.log(1.6))
    assert psi([50, 50], [20, 80]) == pytest.approx(psi([20, 80], [50, 50]))  # Jeffreys' divergence is symmetric
    assert psi([3, 7, 0], [30, 70, 0]) == pytest.approx(0.0, abs=0.15)


def test_what_changed_is_an_alarm_and_what_did_not_is_not():
    rng = np.random.default_rng(1)
    found = shifts(_seen(rng, 60, rate=250.0, held=0.5, formats="muse"), _seen(rng, 600))
    states = _states(found)
    assert {n for n, s in states.items() if s is State.ALARM} == {"gate:ecg_sampling_rate", "formats", "status", "held"}
    assert states["value:lvef_pct"] is State.STABLE
    held = next(s for s in found if s.feature.name == "held")
    assert held.test == "Fisher"
    assert (held.recent_n, held.before_n) == (60, 600)
    assert held.q >= held.p


def test_a_moved_measurement_is_found():
    rng = np.random.default_rng(2)
    assert _states(shifts(_seen(rng, 60, lvef=45), _seen(rng, 600)))["value:lvef_pct"] is State.ALARM


def test_nothing_changed_and_few_nights_alarm():
    alarms = 0
    for seed in range(50):
        rng = np.random.default_rng(seed)
        alarms += any(s.state is State.ALARM for s in shifts(_seen(rng, 25), _seen(rng, 300)))
    assert alarms <= 3  # a false discovery rate of 1 % a night


@pytest.mark.parametrize(("recent", "before"), [(19, 500), (200, 99), (0, 0), (0, 500)])
def test_too_few_studies_are_silent(recent, before):
    rng = np.random.default_rng(3)
    found = shifts(_seen(rng, recent, lvef=20), _seen(rng, before))
    assert all(s.state is State.TOO_FEW and s.psi is None and s.q is None for s in found)


def test_many_studies_do_not_make_a_trifle_an_alarm():
    rng = np.random.default_rng(4)
    (trifle,) = [s for s in shifts(_seen(rng, 6000, lvef=56), _seen(rng, 20000)) if s.feature.name == "value:lvef_pct"]
    assert trifle.q < 0.01
    assert trifle.state is State.STABLE


def test_one_side_is_empty():
    for compare, values in ((compare_numbers, [1.0]), (compare_words, ["a"]), (compare_shares, [True])):
        assert compare([], values).p is None


def test_rare_words_are_counted_together():
    found = compare_words(["a"] * 30 + ["b"], ["a"] * 300 + [f"rare{n}" for n in range(20)])
    assert found.p > 0.05


def test_shares_held_by_group_with_wilsons_interval():
    rng = np.random.default_rng(5)
    made = [*_seen(rng, 50, held=0.0), *_seen(rng, 5, held=1.0, formats="muse")]
    found = {s.group: s for s in held_shares(made) if s.by == "formats"}
    assert found["dicom"].share_pct == 0.0
    assert found["dicom"].high_pct == pytest.approx(7.135, abs=0.01)  # Wilson for 0 of 50
    assert (found["muse"].studies, found["muse"].share_pct) == (5, None)


def _keep(
    engine, name, *, revision=1, at="2026-03-02T10:00:00+00:00", priority="routine", status="released", values=(55.0,)
):
    recording = Recording("r01", "x", "0" * 64, 2_000_000, "ecg", "muse")
    key = {"study_id": name, "revision": revision}
    row = {
        "content_sha256": f"{name}{revision}",
        "claim": f"{name}{revision}",
        "priority": priority,
        "received_at": at,
        "input_path": "x",
    }
    text = msgspec.json.encode((recording,)).decode()
    release = ReleaseRow(name, revision, status, PipelineState.COMPLETE, "ECG_ONLY", None, (), None, None, at)
    with engine.begin() as connection:
        if revision == 1:
            connection.execute(
                sa.insert(studies),
                {"study_id": name, "revision": 1, "source": name, "priority_rank": 2, "received_at": at, "attempt": 1},
            )
        connection.execute(sa.insert(revisions), {**key, **row, "recordings": text, "problems": "[]"})
        ResultStore(engine, Path("reports")).release(release, connection=connection)
    verdicts = [Verdict("ecg_sampling_rate", "1", True, 500.0, "Hz", None, None, "ecg", "r01")]
    measured = [("echo", Measurement("lvef_pct", "EF", v, "%", "x")) for v in values]
    findings = [Finding("ECG_PAUSE", "t", Grade.CRITICAL, "r"), Finding("ECG_NORMAL", "t", Grade.NORMAL, "r")]
    ResultStore(engine, Path("reports")).save(StudyResults(name, revision, measured, findings, [], verdicts, []))


def test_a_study_counts_once_with_its_newest_revision_and_the_median(engine):
    _keep(engine, "a", values=(40.0, 50.0, 90.0))
    _keep(engine, "b")
    _keep(engine, "b", revision=2, status="held", values=(30.0,), at="2026-03-02T11:00:00+00:00")
    _keep(engine, "archive", priority="backfill")
    _keep(engine, "yesterday", at="2026-03-01T10:00:00+00:00")
    _keep(engine, "tomorrow", at="2026-03-03T00:00:00+00:00")
    found = seen_between(engine, "2026-03-02T00:00:00+00:00", "2026-03-03T00:00:00+00:00")
    assert [one.numbers["value:lvef_pct"] for one in found] == [50.0, 30.0]
    assert [one.is_held for one in found] == [False, True]
    assert found[0].numbers["gate:ecg_sampling_rate"] == 500.0
    assert found[0].numbers["size_mb"] == 2.0
    assert found[0].words["formats"] == "muse"
    assert found[0].marks == {"finding:ECG_PAUSE"}


def test_a_site_chooses_what_is_an_alarm(monkeypatch):
    rng = np.random.default_rng(11)
    recent, before = _seen(rng, 60, lvef=45), _seen(rng, 600)
    monkeypatch.setenv("CARDIO_EVALUATION_DRIFT_MIN_PSI", "9")
    forget_settings()
    assert _states(shifts(recent, before))["value:lvef_pct"] is State.STABLE
    monkeypatch.setenv("CARDIO_EVALUATION_DRIFT_MIN_RECENT", "61")
    forget_settings()
    assert _states(shifts(recent, before))["value:lvef_pct"] is State.TOO_FEW
