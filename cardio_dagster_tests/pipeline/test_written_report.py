"""The written part of a report in its stage: verified before release, the same bytes each time, never fatal."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cardio_dagster.commands.process import process_one
from cardio_dagster.demo.studies import ecg_only, fibrillation
from cardio_dagster.evidence.tasks import TierOptions
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.modalities.branch import Options
from cardio_dagster.pipeline import writing
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.pipeline.formatting import format_response
from cardio_dagster.pipeline.rendering import render
from cardio_dagster.pipeline.reported import as_report
from cardio_dagster.reporting.drafting import draft
from cardio_dagster.stores.reports import ReportStore


@pytest.fixture(scope="module")
def dossier(tmp_path_factory) -> Dossier:
    """A complete study of one ECG and metadata."""
    folder = tmp_path_factory.mktemp("written")
    (folder / "study").mkdir()
    fibrillation(folder / "study")
    ecg_only(folder / "study")  # a sinus rhythm in its place, for which the metadata do as well
    done = process_one(
        folder / "study", out=folder / "out", options=Options(threads=1), limits=IntakeLimits(), desk=Desk()
    )
    assert done.release.status is ReleaseStatus.RELEASED, done.release.reasons
    return done


def again(dossier: Dossier, folder: Path, desk: Desk | None = None) -> Dossier:
    """Write the report of a finished study once more, from where FORMATTING begins."""
    before = replace(dossier, state=dossier.trail[-3].state, trail=dossier.trail[:-2], written=None, release=None)
    return format_response(before, ReportStore(folder), desk or Desk())


def files_of(done: Dossier) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in Path(done.report_path).iterdir() if p.name != "execution.json"}


def test_every_sentence_is_verified_and_cites_its_evidence(dossier):
    written = dossier.written
    assert written.verification.passed
    assert written.verification.numbers_checked > 5
    told = [s for s in written.statements if s.findings or s.scores]
    assert told
    assert all(s.citations for s in told)
    cited = {c for s in written.statements for c in s.citations}
    assert {p.passage_id for p in written.passages} == cited
    assert {p for r in written.references for p in r.passages} == cited


def test_the_same_dossier_gives_the_same_bytes_in_every_format(dossier, tmp_path):
    first, second = again(dossier, tmp_path / "a"), again(dossier, tmp_path / "b")
    assert files_of(first) == files_of(second) == files_of(dossier)
    rows = {row["name"]: row for row in json.loads(files_of(first)["features.json"])}
    assert (rows["qrs_ms"]["source"], rows["qrs_ms"]["recording_id"]) == ("ecg", "r01")
    assert {"report.json", "report.html", "report.fhir.json", "report.ecg.dcm"} <= set(files_of(first))


def test_another_process_with_another_hash_seed_gives_the_same_bytes(dossier, tmp_path):
    stored = tmp_path / "dossier.json"
    stored.write_bytes(msgspec.json.encode(dossier))
    code = (
        "import sys, hashlib, msgspec; from pathlib import Path\n"
        "from cardio_dagster.pipeline.dossier import Dossier\n"
        "from cardio_dagster.pipeline.rendering import render\n"
        "from cardio_dagster.pipeline.reported import as_report\n"
        "files = render(as_report(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Dossier)))\n"
        "print(*(f'{n} {hashlib.sha256(c).hexdigest()}' for n, c in sorted(files.items())), sep='\\n')"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", code, str(stored)]
    there = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, timeout=120)
    ours = sorted((n, hashlib.sha256(c).hexdigest()) for n, c in render(as_report(dossier)).items())
    assert [tuple(line.split()) for line in there.stdout.splitlines()] == ours


def test_a_wrong_number_holds_the_report(dossier, tmp_path, monkeypatch):
    def wrong(*given):
        first, *rest = draft(*given)
        quoted = next(s for s in (first, *rest) if s.quotes)
        at = quoted.quotes[0].start
        changed = replace(quoted, text=f"{quoted.text[:at]}9{quoted.text[at:]}")
        return tuple(changed if s is quoted else s for s in (first, *rest))

    monkeypatch.setattr(writing, "draft", wrong)
    held = again(dossier, tmp_path)
    assert held.release.status is ReleaseStatus.HELD
    assert any("does not verify" in reason for reason in held.release.reasons)
    assert b"held for review" in files_of(held)["report.html"].lower()


def test_a_draft_that_breaks_holds_the_report_and_names_no_one(dossier, tmp_path, monkeypatch):
    def broken(*given):
        raise KeyError("Featherstonehaugh")

    monkeypatch.setattr(writing, "draft", broken)
    held = again(dossier, tmp_path)
    assert held.release.status is ReleaseStatus.HELD
    assert "KeyError" in held.written.notes[0]
    assert b"Featherstonehaugh" not in files_of(held)["report.json"]
    assert {m["name"] for m in json.loads(files_of(held)["report.json"])["measurements"]} >= {"qrs_ms"}


@pytest.mark.parametrize("parallel", [True, False])
def test_the_tiers_give_the_same_report_side_by_side_and_in_turn(dossier, tmp_path, parallel):
    done = again(dossier, tmp_path, Desk(TierOptions(parallel, parallel)))
    assert files_of(done) == files_of(dossier)
    execution = json.loads((Path(done.report_path) / "execution.json").read_text())
    assert [(t["tier"], t["parallel"]) for t in execution["tiers"]] == [("tier1", parallel), ("tier2", parallel)]
    assert all(t["speedup_vs_sequential"] is not None for t in execution["tiers"])
    assert execution["cost"]["bytes_in"] > 0


def test_a_tier_that_runs_out_of_time_leaves_a_note_and_a_report(dossier, tmp_path):
    done = again(dossier, tmp_path, Desk(TierOptions(parallel_timeout_ms=0.0001)))
    assert done.written.statements
    assert any("timed out" in note for note in done.written.notes)
    assert done.release.status is ReleaseStatus.HELD, "citations that were not checked are no pass"


def test_notes_of_the_site_that_cannot_be_used_leave_the_packaged_ones(dossier, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "ours.md").write_text("no front matter")
    done = again(dossier, tmp_path, Desk(site_notes=str(tmp_path / "notes")))
    assert done.written.statements == dossier.written.statements
    assert any("site's own protocol notes" in note and "ours" in note for note in done.written.notes)
    gone = again(dossier, tmp_path, Desk(site_notes=str(tmp_path / "no-such-folder")))
    assert gone.written.verification.passed
    assert not any(str(tmp_path) in note for note in gone.written.notes)


def test_a_study_in_error_has_nothing_written(tmp_path):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "echo.dcm").write_text("this is a text")
    ended = process_one(
        tmp_path / "study", out=tmp_path / "out", options=Options(threads=1), limits=IntakeLimits(), desk=Desk()
    )
    assert ended.failed
    assert json.loads(files_of(ended)["report.json"])["written"]["statements"] == []
