import json
import os
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from cardio_dagster.errors import SettingsError
from cardio_dagster.intake.accept import Fate
from cardio_dagster.intake.claim import ClaimDesk
from cardio_dagster.intake.landing import candidates, signature
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.study import Priority
from cardio_dagster_tests.intake.conftest import KEY, make_site, sniff


def test_a_folder_becomes_a_registered_study_and_leaves_the_landing(site):
    site.drop("Doe^Jane/ecg.csv", "ECG 1")
    site.drop("Doe^Jane/note.txt", "hello")
    (taken,) = site.settle().accepted
    row = site.registry.get(taken.study_id)
    assert taken.fate is Fate.REGISTERED
    assert {r.path: r.modality for r in row.study.recordings} == {"ecg.csv": "ecg", "note.txt": None}
    assert (row.folder(site.store) / "ecg.csv").read_bytes() == b"ECG 1"
    assert list(site.landing.iterdir()) == []
    assert site.open_claims() == []


def test_nothing_told_or_stored_outside_the_files_names_the_patient(site):
    site.drop("Doe^Jane/Doe1.csv", "ECG 1")
    site.drop("Doe^Jane/Doe2.csv", "")
    result = site.settle()
    row = site.registry.get(result.accepted[0].study_id)
    told = repr(result) + row.source + row.input_path + repr(row.problems) + repr(site.reasons()) + site.cursor
    assert "Doe" not in told


def test_registration_works_alike_on_both_databases(tmp_path, database_url):
    site = make_site(tmp_path, database_url)
    site.drop("a/ecg.csv", "ECG 1")
    (first,) = site.settle().accepted
    site.drop("a/late.csv", "ECG 2")
    site.drop("b/ecg.csv", "ECG 1")
    result = site.settle()
    assert [(t.fate, t.study_id, t.revision) for t in result.accepted] == [(Fate.REOPENED, first.study_id, 2)]
    assert [t.fate for t in result.duplicates] == [Fate.DUPLICATE]


def test_study_and_recording_ids_follow_from_content_not_from_names(tmp_path, sqlite_url):
    ids = []
    for name, (one, two) in {"x": ("a.csv", "b.csv"), "y": ("q.csv", "c.csv")}.items():
        folder = tmp_path / name
        folder.mkdir()
        site = make_site(folder, f"sqlite:///{folder}/db")
        site.drop(f"{name}/{one}", "ECG 1")
        site.drop(f"{name}/{two}", "ECG 2")
        (taken,) = site.settle().accepted
        row = site.registry.get(taken.study_id)
        ids.append((taken.study_id, [(r.recording_id, r.sha256) for r in row.study.recordings]))
    assert ids[0] == ids[1]


def test_loose_files_of_one_stem_are_one_study_with_companions(site):
    site.drop("x.hea", "HEA x.dat")
    site.drop("x.dat", "signal")
    site.drop("y.csv", "ECG 3")
    result = site.settle()
    studies = [site.registry.get(t.study_id).study for t in result.accepted]
    assert sorted(len(s.recordings) for s in studies) == [1, 1]
    wfdb = next(r for s in studies for r in s.recordings if r.format == "wfdb")
    assert (wfdb.path, wfdb.companions, wfdb.size_bytes) == ("x.hea", ("x.dat",), 15)


def test_files_named_by_dicom_uid_are_studies_of_their_own(site):
    site.drop("1.2.840.10008.1", "ECG 1")
    site.drop("1.2.840.10008.2", "ECG 2")
    assert len(site.settle().accepted) == 2


# -- completeness --


def test_markers_complete_at_the_first_look_and_are_no_recordings(site):
    site.drop("a/ecg.csv", "ECG 1")
    site.drop("a/.complete", "")
    site.drop("b.csv", "ECG 2")
    site.drop("b.complete", "")
    site.drop("c.zip.complete", "")
    site.drop("d/ecg.csv", "ECG 3")
    result = site.scan()
    assert len(result.accepted) == 2
    assert all(len(site.registry.get(t.study_id).study.recordings) == 1 for t in result.accepted)
    assert sorted(p.name for p in site.landing.iterdir()) == ["c.zip.complete", "d"]


def test_all_expected_files_that_stood_still_complete_before_the_window(site):
    site.drop("a/study.json", '{"expected_files": ["one.csv", "sub/two.csv"], "priority": "STAT"}')
    site.drop("a/one.csv", "ECG 1")
    site.scan()
    site.now += 1
    assert site.scan().waiting == 1
    site.drop("a/sub/two.csv", "ECG 2")
    site.scan()
    site.now += 1
    (taken,) = site.scan().accepted
    study = site.registry.get(taken.study_id).study
    assert study.priority is Priority.STAT
    assert sorted(r.path for r in study.recordings) == ["one.csv", "sub/two.csv"]


@pytest.mark.parametrize("name", ["../../outside.csv", "/etc/hostname", "a\u0000b", ""])
def test_hostile_expectations_look_nowhere_else(site, name):
    (site.root / "outside.csv").write_text("x")
    site.drop("a/study.json", json.dumps({"expected_files": [name]}))
    site.drop("a/one.csv", "ECG 1")
    site.scan()
    site.now += 1
    assert site.scan().accepted == ()


def test_a_growing_file_with_preserved_time_is_waited_for(site):
    path = site.drop("a/ecg.csv", "ECG 1")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    site.scan()
    for _ in range(3):
        site.now += 11
        with path.open("a") as file:
            file.write("more")
        os.utime(path, (1_000_000_000, 1_000_000_000))
        assert site.scan().accepted == ()
    site.now += 11
    assert len(site.scan().accepted) == 1


def test_the_same_bytes_rewritten_with_the_same_time_start_the_window_anew(site):
    path = site.drop("a/ecg.csv", "ECG 1")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    site.scan()
    site.now += 11
    time.sleep(0.02)  # the kernel's clock for ctime ticks every 4 ms
    path.write_text("ECG 2")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert site.scan().accepted == ()


def test_the_window_counts_from_the_first_look_not_from_file_times(site):
    path = site.drop("a/ecg.csv", "ECG 1")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    site.now += 1_000_000
    assert site.scan().accepted == ()
    site.now += 9
    assert site.scan().accepted == ()
    site.now += 1.5  # the window is 10 s; a scan adds the milliseconds that it has taken
    assert len(site.scan().accepted) == 1


def test_a_clock_set_back_neither_takes_early_nor_waits_for_ever(site):
    site.drop("a/ecg.csv", "ECG 1")
    site.scan()
    site.now -= 86_400
    assert site.scan().accepted == ()
    site.now += 5
    assert site.scan().accepted == ()
    site.now += 6
    assert len(site.scan().accepted) == 1


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"seen": 3}', "\ud800"])
def test_an_unreadable_cursor_begins_afresh(site, cursor):
    site.drop("a/.complete", "")
    site.drop("a/ecg.csv", "ECG 1")
    assert len(site.scan(cursor=cursor).accepted) == 1


def test_empty_folders_hidden_entries_and_running_transfers_are_left_alone(site):
    (site.landing / "empty").mkdir()
    site.drop(".hidden/x.csv", "ECG 1")
    site.drop("x.csv.part", "ECG 2")
    site.drop("lonely.complete", "")
    result = site.settle()
    assert (result.accepted, result.quarantined) == ((), ())
    assert len(list(site.landing.iterdir())) == 4


def test_a_missing_landing_folder_is_told(site):
    site.landing.rmdir()
    with pytest.raises(SettingsError, match=r"landing folder is missing.*CARDIO_DATA_DIR"):
        site.scan()


# -- late arrivals and duplicates --


def test_a_late_file_reopens_the_study_and_keeps_the_recording_ids(site):
    site.drop("p1/b.csv", "ECG 1")
    (first,) = site.settle().accepted
    site.registry.mark_finished(first.study_id, 1, "COMPLETE")
    site.drop("p1/a.csv", "ECG 2")
    (second,) = site.settle().accepted
    assert (second.fate, second.study_id, second.revision) == (Fate.REOPENED, first.study_id, 2)
    row = site.registry.get(first.study_id)
    assert [(r.recording_id, r.path) for r in row.study.recordings] == [("r01", "b.csv"), ("r02", "a.csv")]
    assert sorted(p.name for p in row.folder(site.store).iterdir()) == ["a.csv", "b.csv"]
    assert [r.study.revision for r in site.registry.pending()] == [2]


def test_a_late_companion_completes_its_recording(site):
    site.drop("x.hea", "HEA x.dat")
    (first,) = site.settle().accepted
    site.drop("x.dat", "signal")
    (second,) = site.settle().accepted
    assert second.study_id == first.study_id
    (recording,) = site.registry.get(first.study_id).study.recordings
    assert (recording.recording_id, recording.companions) == ("r01", ("x.dat",))


@pytest.mark.parametrize("name", ["p1/a.csv", "ecg.csv", "p1/study.json"])
def test_another_file_under_a_held_path_is_a_study_of_its_own(site, name):
    site.drop(name, "ECG of one")
    (first,) = site.settle().accepted
    site.drop(name, "ECG of another")
    (second,) = site.settle().accepted
    assert (second.fate, second.revision, second.problems) == (Fate.REGISTERED, 1, ())
    assert second.study_id != first.study_id
    for taken, text in ((first, "ECG of one"), (second, "ECG of another")):
        (row,) = site.registry.history(taken.study_id)
        assert [p.read_text() for p in row.folder(site.store).iterdir()] == [text]


def test_a_new_control_file_replaces_no_content_and_joins(site):
    site.drop("p1/a.csv", "ECG 1")
    site.drop("p1/study.json", '{"priority": "routine"}')
    (first,) = site.settle().accepted
    site.drop("p1/b.csv", "ECG 2")
    site.drop("p1/study.json", '{"priority": "stat"}')
    (second,) = site.settle().accepted
    assert (second.study_id, second.revision) == (first.study_id, 2)
    assert site.registry.get(first.study_id).study.priority == "stat"


def test_every_later_revision_tells_that_it_was_joined_by_name(site):
    site.drop("p1/a.csv", "ECG 1")
    (first,) = site.settle().accepted
    for number in (2, 3):
        site.drop(f"p1/{number}.csv", f"ECG {number}")
        site.settle()
    told = [[(p.code, p.severity) for p in row.problems] for row in site.registry.history(first.study_id)]
    assert told == [[], *[[("E_INTAKE_008", "warning")]] * 2]


def test_numbers_of_recordings_that_went_are_not_given_again(site):
    site.drop("x.dat", "signal")
    (first,) = site.settle().accepted
    site.drop("x.hea", "HEA x.dat")
    site.settle()
    site.drop("x.csv", "ECG 9")
    site.settle()
    ids = [[r.recording_id for r in row.study.recordings] for row in site.registry.history(first.study_id)]
    assert ids == [["r01"], ["r02"], ["r02", "r03"]]


def test_the_same_folder_again_is_a_duplicate_and_its_new_file_a_late_one(site):
    site.drop("p1/a.csv", "ECG 1")
    (first,) = site.settle().accepted
    site.drop("p1/copy.csv", "ECG 1")
    (again,) = site.settle().duplicates
    assert again.study_id == first.study_id
    site.drop("p1/a.csv", "ECG 1")
    site.drop("p1/b.csv", "ECG 2")
    (late,) = site.settle().accepted
    assert (late.study_id, late.revision) == (first.study_id, 2)
    assert len(site.registry.get(first.study_id).study.recordings) == 2


def test_a_late_copy_does_not_take_the_place_of_what_is_held(site):
    site.drop("p1/a.csv", "ECG 1")
    (first,) = site.settle().accepted
    site.drop("p1/0 copy.csv", "ECG 1")
    site.drop("p1/b.csv", "ECG 2")
    site.settle()
    recordings = site.registry.get(first.study_id).study.recordings
    assert [(r.recording_id, r.path) for r in recordings] == [("r01", "a.csv"), ("r02", "b.csv")]


def test_what_changed_since_the_look_is_not_taken(site):
    site.drop("p1/a.csv", "ECG 1")
    (candidate,) = candidates(site.landing, key=KEY)
    seen = signature(site.landing, candidate)
    site.drop("p1/b.csv", "ECG 2")
    desk = ClaimDesk(site.landing, site.store)
    assert desk.take(candidate, seen, received_at="2026-01-01T00:00:00.000+00:00") is None
    assert len(list((site.landing / "p1").iterdir())) == 2


def test_the_same_content_under_another_name_is_kept_aside_and_not_registered(site):
    site.drop("p1/a.csv", "ECG 1")
    (first,) = site.settle().accepted
    site.drop("other.csv", "ECG 1")
    (duplicate,) = site.settle().duplicates
    assert duplicate.study_id == first.study_id
    assert [r["study_id"] for r in site.reasons("duplicates")] == [first.study_id]
    assert list(site.files("quarantine", "duplicates").values()).count(b"ECG 1") == 1
    assert len(site.registry.pending()) == 1


def test_an_old_revision_dropped_again_is_a_duplicate(site):
    site.drop("p1/a.csv", "ECG 1")
    (first,) = site.settle().accepted
    site.drop("p1/b.csv", "ECG 2")
    site.settle()
    site.drop("elsewhere/a.csv", "ECG 1")
    assert [t.study_id for t in site.settle().duplicates] == [first.study_id]


@pytest.mark.parametrize(
    ("is_finished", "waited_s", "is_joined"),
    [(True, 800, True), (True, 1000, False), (False, 1000, True), (False, 2 * 86_400, False)],
)
def test_a_name_opens_a_study_again_only_while_it_is_open_or_new(site, is_finished, waited_s, is_joined):
    site.drop("export/a.csv", "ECG 1")
    (first,) = site.settle().accepted
    if is_finished:
        site.registry.mark_finished(first.study_id, 1, "COMPLETE")
    site.now += waited_s
    site.drop("export/b.csv", "ECG 2")
    (second,) = site.settle().accepted
    assert (second.study_id == first.study_id) is is_joined
    assert second.revision == (2 if is_joined else 1)


def test_copies_within_one_drop_are_one_recording(site):
    site.drop("p1/a.csv", "ECG 1")
    site.drop("p1/copy of a.csv", "ECG 1")
    (taken,) = site.settle().accepted
    assert [r.path for r in site.registry.get(taken.study_id).study.recordings] == ["a.csv"]


# -- the budget --


def test_a_spent_budget_handles_one_and_the_next_scan_goes_on(site):
    for number in range(5):
        site.drop(f"p{number}/ecg.csv", f"ECG {number}")
        site.drop(f"p{number}/.complete", "")
    results = [site.scan(budget_s=0) for _ in range(5)]
    assert [len(r.accepted) for r in results] == [1, 1, 1, 1, 1]
    assert [r.more for r in results] == [True, True, True, True, False]
    assert [r.waiting for r in results] == [4, 3, 2, 1, 0]


def test_a_spent_budget_looks_at_all_in_turn(site):
    for number in range(4):
        site.drop(f"p{number}/ecg.csv", f"ECG {number}")
    accepted = 0
    for _ in range(4):
        site.scan(budget_s=0)
    site.now += 11
    for _ in range(8):
        accepted += len(site.scan(budget_s=0).accepted)
    assert accepted == 4


def test_time_that_the_scan_itself_took_is_counted(site, monkeypatch):
    """A candidate first seen late in a long scan must not look older than it is."""
    site.drop("a/ecg.csv", "ECG 1")
    clock = iter([0.0, 8.0, 8.0, 8.0] + [8.0] * 50)
    monkeypatch.setattr("cardio_dagster.intake.scan.time.monotonic", lambda: next(clock))
    site.scan()
    monkeypatch.undo()
    site.now += 11
    assert site.scan().accepted == ()


# -- one bad drop and the others --


def test_a_defect_met_by_one_drop_does_not_stop_the_others(site, caplog):
    def bad_sniff(path):
        if b"poison" in path.read_bytes():
            raise ZeroDivisionError("Doe^Jane")
        return sniff(path)

    site.drop("p1/a.csv", "ECG poison")
    site.drop("p2/a.csv", "ECG 2")
    result = site.settle(sniff=bad_sniff)
    assert (len(result.accepted), len(result.quarantined)) == (1, 1)
    assert site.codes() == ["E_INTERNAL_001"]
    assert "ZeroDivisionError" in caplog.text
    assert "Doe" not in caplog.text
    assert b"ECG poison" in site.files("quarantine").values()
    assert site.open_claims() == []


def test_a_drop_that_meets_an_unreadable_disk_is_tried_again_and_then_given_up(site):
    def bad_sniff(path):
        if b"poison" in path.read_bytes():
            raise OSError(5, "Input/output error")
        return sniff(path)

    site.settings["limits"] = replace(IntakeLimits(), max_attempts=3)
    site.drop("p1/a.csv", "ECG poison")
    site.drop("p2/a.csv", "ECG 2")
    result = site.settle(sniff=bad_sniff)
    assert (len(result.accepted), result.postponed) == (1, 1)
    assert [site.scan(sniff=bad_sniff).postponed for _ in range(2)] == [1, 1]
    assert len(site.scan(sniff=bad_sniff).quarantined) == 1
    assert site.codes() == ["E_RETRIES_001"]
    assert b"ECG poison" in site.files("quarantine").values()


def test_a_full_disk_blames_no_drop_and_loses_none(site):
    def full_disk(path):
        raise OSError(28, "No space left on device")

    site.drop("p1/a.csv", "ECG 1")
    site.scan()
    site.now += 11
    for _ in range(8):
        with pytest.raises(OSError, match="No space left"):
            site.scan(sniff=full_disk)
    assert len(site.scan().accepted) == 1


def test_a_database_that_is_down_blames_no_drop(site, monkeypatch):
    site.drop("p1/a.csv", "ECG 1")
    site.scan()
    site.now += 11

    def down(*_args, **_kwargs):
        raise sa.exc.OperationalError("SELECT", {}, Exception("gone"))

    for _ in range(7):
        with monkeypatch.context() as patched:
            patched.setattr(site.registry, "by_content", down)
            with pytest.raises(sa.exc.OperationalError):
                site.scan()
    (taken,) = site.scan().accepted
    assert taken.fate is Fate.REGISTERED


# -- cost --


def test_a_scan_costs_what_lies_in_the_landing_not_what_was_accepted(site):
    queries = []
    sa.event.listen(site.registry._engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
    counts = []
    for number in range(30):
        queries.clear()
        site.drop(f"p{number}/ecg.csv", f"ECG {number}")
        site.drop(f"p{number}/.complete", "")
        assert len(site.scan().accepted) == 1
        counts.append(len(queries))
    assert len(set(counts)) == 1
    assert counts[0] <= 12
    queries.clear()
    site.scan()
    assert queries == []
