"""Explain: why each stage ran or did not, for every reason there is, and what a study waits for."""

import json
from dataclasses import replace

import pytest

from cardio_dagster import audit_contents as c
from cardio_dagster.audit.explain.course import FAN_OUT, STAGES
from cardio_dagster.audit.explain.explanation import explain
from cardio_dagster.audit.lineage.archive import open_archive
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.commands.explain import explain_study
from cardio_dagster.settings import Settings
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Ledger
from cardio_dagster.stores.site_key import site_key
from cardio_dagster.stores.studies import StudyRegistry
from cardio_dagster.study import Priority, Recording, Study
from cardio_dagster_tests.audit.kept import Kept, plain

STUDY = "s-0123456789abcdef"
SENSOR = Actor(ActorKind.SENSOR, "new_study_sensor")
READER = Actor(ActorKind.PERSON, "mk", "reader")
ECG = c.ModalityPassed("ecg", "ok", False, "key-1", "a" * 64, "4", "m1 m2")
CLINICAL = c.ModalityPassed("clinical", "ok", False, "key-2", "b" * 64, "4", "")
FORMER = list(zip(STAGES, ("INIT", *(s.name for s in STAGES.values())), strict=False))


class Site:
    """A registered study whose records the test writes itself."""

    def __init__(self, folder):
        self.settings = Settings(data_dir=folder)
        self.engine = connect(self.settings.database)
        create_tables(self.engine)
        self.registry = StudyRegistry(self.engine)
        self.ledger = Ledger(self.engine, site_key(self.settings.store_dir, None))
        recordings = (
            Recording("r01", "a", "a" * 64, 4, "ecg", "csv"),
            Recording("r02", "b", "b" * 64, 4, "clinical", "json"),
        )
        self.study = Study(STUDY, 1, "c" * 64, "2026-01-01T00:00:00.000+00:00", Priority.ROUTINE, recordings)
        self.registry.register(self.study, source="p", input_path="inputs/x", claim="claim-1")

    def tell(self, kind, content, *, revision=1, actor=SENSOR):
        self.ledger.append(Entry(kind, actor, content, STUDY, revision))

    def passed(self, stage, *parts, run="run-1", revision=1, error=None, code="1", data="d"):
        former = dict(FORMER)[stage]
        start, end = (STAGES[stage].name, "ERROR") if error else (former, STAGES[stage].name)
        content = c.StagePassed(
            stage, start, end, None if error else "ok", run, "bulk", f"{code} ecg-4", data, "f" * 64, parts, error
        )
        self.tell(Kind.STAGE_PASSED, content, revision=revision)

    def run(self, run="run-1", *, until="release", revision=1, ecg=ECG, clinical=CLINICAL, code="1", data="d"):
        for stage in list(STAGES)[: list(STAGES).index(until) + 1]:
            parts = (clinical, ecg) if stage in FAN_OUT else ()
            self.passed(stage, *parts, run=run, revision=revision, code=code, data=data)

    def closed(self, status="released", code=None):
        state = "ERROR" if status == "error" else "COMPLETE"
        self.tell(Kind.REPORT_CLOSED, c.ReportClosed(status, state, "ECG_ONLY", 1, {}, code))
        self.registry.mark_finished(STUDY, 1, state)

    def explained(self, revision=None):
        return explain(open_archive(self.settings), STUDY, revision, max_attempts=3)

    def told(self, stage, modality=None, revision=None):
        found = [s for s in self.explained(revision).stages if s.stage == stage and s.modality == modality]
        return f"{found[0].what.value} {found[0].why}"

    def waits(self):
        return "\n".join(self.explained().waits)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "data")


def test_a_first_run_ran_for_the_first_time_and_says_by_whom(site):
    site.run()
    site.closed()
    explained = site.explained()
    assert [s.stage for s in explained.stages if s.modality in (None, "ecg")] == list(STAGES)
    assert {f"{s.what.value} {s.why}" for s in explained.stages} == {"ran for the first time"}
    assert {(s.run_id, s.door, s.recorded.actor) for s in explained.stages} == {
        ("run-1", "bulk", "sensor:new_study_sensor")
    }
    assert explained.waits == ()
    assert explained.standing.startswith("released, version 1, at 20")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"inputs_sha256": "e" * 64}, f"because its files changed from {'a' * 12} to {'e' * 12}"),
        ({"code_version": "5"}, "because the code of ecg changed from 4 to 5"),
        ({"models": "m1 m3"}, "because its models changed from m2 to m3"),
        ({}, "because what it is made from changed, in a way that no record names"),
    ],
)
def test_what_ran_again_says_what_changed_from_what_to_what(site, changes, told):
    site.run()
    site.run("run-2", ecg=replace(ECG, key="key-9", **changes))
    assert site.told("analysis", "ecg") == f"ran again {told}"
    assert (
        site.told("analysis", "clinical")
        == "ran again although nothing changed: its checkpoint was gone or did not read"
    )


def test_a_change_of_a_stages_own_code_is_named_there_and_in_the_stages_after_it(site):
    site.run()
    for stage in STAGES:
        code = "2" if stage in {"detection", "analysis"} else "1"
        site.passed(
            stage, *((replace(ECG, key=f"{stage}-{code}"),) if stage in FAN_OUT else ()), run="run-2", code=code
        )
    assert site.told("detection", "ecg") == "ran again because the code of detection changed from 1 to 2"
    assert "the code of detection changed from 1 to 2; the code of analysis changed" in site.told("analysis", "ecg")
    assert "because" not in site.told("receipt")


def test_a_former_failure_of_the_machine_is_the_reason(site):
    site.run(until="analysis", ecg=replace(ECG, status="failed", problems=("E_TIMEOUT_ANALYSIS",)))
    site.run("run-2")
    reason = "ran again because the former attempt failed by the machine (E_TIMEOUT_ANALYSIS)"
    assert site.told("analysis", "ecg") == reason


def test_a_checkpoint_names_the_run_that_made_it(site):
    site.run()
    site.run("run-2", ecg=replace(ECG, reused=True))
    (told,) = [s for s in site.explained().stages if (s.stage, s.modality) == ("detection", "ecg")]
    assert told.what.value == "from checkpoint"
    assert told.why == "because files, code and models are the same, and run run-1 made it"
    assert told.checkpoint == "key-1"


def test_a_later_revision_is_compared_with_the_one_before(site):
    site.run()
    later = replace(site.study, revision=2, content_sha256="d" * 64)
    site.registry.reopen(later, input_path="inputs/y", claim="claim-2")
    site.run(
        "run-2", revision=2, ecg=replace(ECG, key="k", inputs_sha256="e" * 64), clinical=replace(CLINICAL, reused=True)
    )
    assert "its files changed" in site.told("validation", "ecg")
    assert "run run-1 made it" in site.told("validation", "clinical")
    assert site.told("validation", "ecg", revision=1) == "ran for the first time"


def test_a_modality_that_failed_is_left_out_of_the_later_stages(site):
    failed = replace(ECG, status="failed", problems=("E_CORRUPT_001",))
    site.passed("receipt")
    site.passed("validation", CLINICAL, failed)
    for stage in list(STAGES)[2:]:
        site.passed(stage, *((CLINICAL,) if stage in FAN_OUT else ()))
    assert site.told("validation", "ecg") == "failed with E_CORRUPT_001; it ran for the first time"
    assert site.told("analysis", "ecg") == "not run because it failed with E_CORRUPT_001 in validation"
    assert site.told("analysis", "clinical") == "ran for the first time"


def test_a_modality_skipped_by_design_says_so(site):
    site.run(ecg=replace(ECG, status="skipped"))
    assert site.told("detection", "ecg").startswith("skipped by design")


def test_a_study_in_error_says_since_when_and_that_it_was_answered(site):
    site.passed("receipt")
    site.passed("validation", replace(ECG, status="failed", problems=("E_HARD_003",)))
    site.passed("validation", error="E_HARD_003")
    assert site.told("fusion") == "not run because the study was in ERROR since VALIDATION, with E_HARD_003"
    assert site.told("report").startswith("not run")
    site.closed("error", "E_HARD_003")
    assert site.told("report").startswith("ran all the same, for the error response")
    assert site.told("release").startswith("ran all the same")


def test_an_error_of_a_later_run_hides_the_stages_of_the_one_before(site):
    site.run()
    site.passed("receipt", run="run-2")
    site.passed("validation", replace(ECG, status="failed", problems=("E_CORRUPT_001",)), run="run-2")
    assert site.told("detection") == "not reached again: run run-1 passed it, a later run has not come so far"
    site.passed("validation", error="E_CORRUPT_001", run="run-2")
    assert site.told("detection").startswith("not run because the study was in ERROR since VALIDATION")


def test_stages_without_a_checkpoint_say_whether_their_result_changed(site):
    site.run(data="one")
    site.run("run-2", data="one")
    assert site.told("fusion") == "ran again as every run repeats it; the result is that of run run-1"
    site.run("run-3", data="two")
    assert site.told("fusion") == "ran again as every run repeats it; the result is another than that of run run-2"


def test_waiting_for_a_run_goes_from_not_asked_for_to_given_up(site):
    assert site.told("receipt") == "not reached yet"
    assert "no run has been asked for" in site.waits()
    site.registry.next_attempt(STUDY)
    site.registry.mark_requested(STUDY, "key:a1", "single", revision=1)
    assert "through the single door (attempt 1 of 3); Dagster's UI shows under the run key key:a1" in site.waits()
    site.ledger.append(Entry(Kind.RUN_DIED, SENSOR, c.RunDied("run-1", "study", (STUDY,), "its process is gone")))
    assert "run run-1 died: its process is gone" in site.waits()
    assert "asks for another run at its next tick" in site.waits()
    for _ in range(2):
        site.registry.next_attempt(STUDY)
    assert "every attempt is used up" in site.waits()
    assert "E_RETRIES_001" in site.waits()


def test_a_death_before_the_present_request_or_of_another_study_is_not_this_ones(site):
    site.ledger.append(Entry(Kind.RUN_DIED, SENSOR, c.RunDied("run-1", "study", (STUDY,), "an earlier one")))
    site.registry.mark_requested(STUDY, "key:a1", "single", revision=1)
    site.ledger.append(Entry(Kind.RUN_DIED, SENSOR, c.RunDied("run-2", "study", ("s-other",), "a neighbour")))
    assert "died" not in site.waits()


def test_an_open_breaker_is_told_until_it_closes(site):
    site.ledger.append(Entry(Kind.BREAKER_MOVED, SENSOR, c.BreakerMoved("database", "open", 3, "refused")))
    assert "database is down since" in site.waits()
    site.ledger.append(Entry(Kind.BREAKER_MOVED, SENSOR, c.BreakerMoved("database", "closed", 0)))
    assert "down" not in site.waits()


def test_a_held_report_waits_for_a_person_and_then_for_the_next_run(site):
    site.run()
    site.closed("held")
    site.tell(Kind.REVIEW_OPENED, c.ReviewOpened(1, "2" * 64, ("few frames",)))
    assert "a person must decide on version 1 (`cardio review`): few frames" in site.waits()
    site.tell(Kind.REVIEW_DECIDED, c.ReviewDecided(1, "2" * 64, "accept", "looks right"), actor=READER)
    assert "person:mk decided to accept version 1; the next run of `release`" in site.waits()
    site.tell(Kind.REPORT_CLOSED, c.ReportClosed("released", "COMPLETE", "ECG_ONLY", 2, {}))
    assert site.waits() == ""


def test_a_revision_that_was_overtaken_waits_for_nothing_more(site):
    site.registry.reopen(
        replace(site.study, revision=2, content_sha256="d" * 64), input_path="inputs/y", claim="claim-2"
    )
    (told,) = site.explained(1).waits
    assert told == "it never ended; revision 2 took its place, and only that is worked on"


def test_the_command_explains_real_records_in_80_columns(tmp_path, capsys):
    kept = Kept(tmp_path / "data")
    study_id = kept.take(plain)
    kept.run(study_id, "run-1", release=False)
    kept.run(study_id, "run-2")
    assert explain_study(study_id, kept.settings) == 0
    shown = capsys.readouterr().out
    assert "clinical from checkpoint because files, code and models are the same" in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80
    assert explain_study(study_id, kept.settings, as_json=True) == 0
    stages = json.loads(capsys.readouterr().out)["stages"]
    assert [s["stage"] for s in stages] == list(STAGES)
    assert {s["run_id"] for s in stages} == {"run-2"}


def test_an_unknown_study_is_refused_with_the_cure(site, capsys):
    assert explain_study("s-nope", site.settings) == 2
    assert "CARDIO_DATA_DIR" in capsys.readouterr().err
