"""Lineage: each sentence back to its file, code, model, parameters, people and evidence; whatever was changed is named."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cardio_dagster.audit.lineage.archive import open_archive
from cardio_dagster.audit.lineage.hashes import recording_sha256
from cardio_dagster.audit.lineage.parts import Trust
from cardio_dagster.audit.lineage.sentences import findings_under
from cardio_dagster.audit.lineage.standing import NoReportError
from cardio_dagster.audit.lineage.trace import trace
from cardio_dagster.audit_record import Actor, ActorKind, Kind
from cardio_dagster.commands.explain import explain_study
from cardio_dagster.commands.lineage import tell_lineage
from cardio_dagster.commands.replay import replay_study
from cardio_dagster.demo import studies
from cardio_dagster.finding import Finding, Grade
from cardio_dagster.settings import Settings
from cardio_dagster.statement import Statement
from cardio_dagster.stores.ledger.purging import purge_contents
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.stores.review_words import Action, Amendment, Choice
from cardio_dagster_tests.audit.kept import Kept, plain
from cardio_dagster_tests.modalities.ecg import sample_files

SURNAME, NUMBER = "Quastenflosser", "4711-0815-77"


def named_study(folder: Path) -> None:
    """Write an ECG and metadata under names, and with a number, that identify a patient."""
    studies.fibrillation(folder)
    (folder / "ecg.csv").rename(folder / f"{SURNAME}.csv")
    document = json.loads((folder / "metadata.json").read_text())
    document["patient"]["mrn"] = NUMBER
    (folder / "metadata.json").unlink()
    (folder / f"{SURNAME}_{NUMBER}.json").write_text(json.dumps(document))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    kept = Kept(tmp_path_factory.mktemp("lineage") / "data")
    kept.study_id = kept.take(named_study)
    kept.run(kept.study_id)
    kept.broken_id = kept.take(studies.text_as_echo, "broken")
    kept.run(kept.broken_id, "run-2")
    kept.open_id = kept.take(lambda folder: (folder / "metadata.json").write_text('{"age_years": 50}'), "open")
    return kept


@pytest.fixture(scope="module")
def lineage(site):
    return trace(open_archive(site.settings), site.study_id)


@pytest.fixture
def spoilt(site, tmp_path):
    kept = site.copy(tmp_path / "data")
    kept.study_id = site.study_id
    return kept


def faults(kept: Kept) -> str:
    return "\n".join(trace(open_archive(kept.settings), kept.study_id).faults)


def by_section(lineage, section):
    return [s for s in lineage.sentences if s.section == section]


def test_nothing_is_amiss_with_a_report_that_nobody_touched(lineage):
    assert lineage.faults == ()
    assert lineage.closed is not None
    assert {f.trust for f in lineage.files} == {Trust.AS_RECORDED}
    assert "report.json" in {f.name for f in lineage.files}
    assert "execution.json" not in {f.name for f in lineage.files}


def test_every_sentence_of_the_report_is_traced_to_a_record_and_a_file(site, lineage):
    report = json.loads((site.report(site.study_id) / "report.json").read_text())
    assert [s.statement_id for s in lineage.sentences] == [s["statement_id"] for s in report["written"]["statements"]]
    for sentence in lineage.sentences:
        assert sentence.decided is not None
        assert sentence.text_sha256 == hashlib.sha256(sentence.text.encode()).hexdigest()
        assert sentence.findings or sentence.values or sentence.scores or "Not measured" in sentence.text
    assert {f.code for s in lineage.sentences for f in s.findings} <= {f["code"] for f in report["findings"]}


def test_hashes_are_those_of_the_very_files_in_the_store(site, lineage):
    for recording in lineage.recordings:
        content = site.input_of(site.study_id, recording.recording_id).read_bytes()
        assert recording.sha256 == hashlib.sha256(content).hexdigest()
        assert recording.received is not None
        assert recording.received.actor == "sensor:new_study_sensor"


def test_an_ecg_sentence_rests_on_the_ecg_alone(lineage):
    (ecg,) = [r.recording_id for r in lineage.recordings if r.modality == "ecg"]
    for sentence in by_section(lineage, "ecg"):
        assert [r.recording_id for r in sentence.recordings] == [ecg]
        assert {m.name for m in sentence.models} == {"ecg_beats", "ecg_rhythm", "ecg_waves"}
        stages = [s for s in sentence.stages if s.modality]
        assert {s.modality for s in stages} == {"ecg"}
        assert [s.stage for s in stages] == ["validation", "preprocessing", "detection", "analysis"]
        assert all(s.checkpoint and s.run_id == "run-1" for s in stages)
    long_qtc = next(s for s in by_section(lineage, "ecg") if s.findings and s.findings[0].code == "ECG_QTC_LONG")
    assert "qtc_fridericia_ms" in {v.name for v in long_qtc.values}
    assert "450 ms" in long_qtc.findings[0].rule
    assert all("doi" in ref or "PMID" in ref for p in long_qtc.passages for ref in p.references)
    assert long_qtc.passages


def test_a_score_rests_on_the_document_that_its_inputs_name(lineage):
    (clinical,) = [r.recording_id for r in lineage.recordings if r.modality == "clinical"]
    risk = next(s for s in by_section(lineage, "scores") if s.scores[0].name == "prevent_cvd_10y_pct")
    assert [r.recording_id for r in risk.recordings] == [clinical]
    assert risk.models == ()  # no model reads metadata
    assert {"sbp_mmhg", "age_years", "diabetes"} <= {v.name for v in risk.values}
    assert all(v.recording_id == clinical for v in risk.values)


def test_parameters_in_force_are_told_with_their_values(lineage):
    assert lineage.configuration.values["quiet_window_s"] == "0.0"
    assert lineage.configuration.values["database_url"].startswith("sha256:")


@pytest.mark.parametrize("name", ["report.html", "report.pdf", "cohort_row.csv"])
def test_a_changed_file_of_the_report_is_named(spoilt, name):
    path = spoilt.report(spoilt.study_id) / name
    path.write_bytes(path.read_bytes().replace(b"a", b"b", 1))
    assert faults(spoilt) == f"{name} of the report is changed since: it does not have the hash of its closing"
    assert tell_lineage(spoilt.study_id, spoilt.settings, as_json=True) == 1


def test_a_file_that_is_gone_and_one_that_was_added_are_named(spoilt):
    folder = spoilt.report(spoilt.study_id)
    (folder / "report.pdf").unlink()
    (folder / "report.docx").write_bytes(b"another one")
    told = faults(spoilt)
    assert "report.pdf of the report is gone" in told
    assert "report.docx of the report is in no record of its closing" in told


def test_a_sentence_that_was_rewritten_is_in_no_record(spoilt):
    path = spoilt.report(spoilt.study_id) / "report.json"
    document = json.loads(path.read_text())
    document["written"]["statements"][1]["text"] = "All is well."
    path.write_text(json.dumps(document))
    told = faults(spoilt)
    assert "report.json of the report is changed since" in told
    assert "no record of a decision holds the text of s02" in told


def test_a_changed_and_a_lost_input_are_named(spoilt):
    ecg, clinical = (spoilt.input_of(spoilt.study_id, rid) for rid in ("r01", "r02"))
    ecg.write_bytes(ecg.read_bytes() + b"\n")
    clinical.unlink()
    told = faults(spoilt)
    assert "recording r01 is changed since" in told
    assert "recording r02 is gone" in told


def test_a_study_in_error_has_its_lineage_too(site):
    lineage = trace(open_archive(site.settings), site.broken_id)
    assert (lineage.status, lineage.sentences, lineage.faults) == ("error", (), ())


def test_a_person_who_decided_is_told_with_role_and_version_and_the_rewritten_sentence_is_theirs(
    spoilt, tmp_path, capsys
):
    study_id = spoilt.take(
        lambda folder: (folder / "metadata.json").write_text('{"age_years": 49, "sbp_mmhg": 170}'), "r"
    )
    written = spoilt.run(study_id, "run-3")
    amendment = Amendment(Action.REPLACE, "s01", "The pressure was taken twice.", "white coat")
    spoilt.decide(written, Choice.AMEND, amendment)
    lineage = trace(open_archive(spoilt.settings), study_id)
    assert (lineage.faults, lineage.version, lineage.status) == ((), 2, "released")
    (person,) = lineage.people
    assert (person.name, person.role, person.version, person.amended) == ("mk", "reader", 1, ("replace s01",))
    first, *others = lineage.sentences
    assert first.text == "The pressure was taken twice."
    assert (first.decided.actor, first.decided.role) == ("person:mk", "reader")
    assert {s.decided.actor for s in others} == {"sensor:new_study_sensor"}
    assert all(s.run_id == "run-3" for s in lineage.stages)
    assert tell_lineage(study_id, spoilt.settings) == 0
    assert "mk (reader) amended it, version 1 [replace s01]" in " ".join(capsys.readouterr().out.split())


def test_after_a_purge_the_proof_is_named(spoilt):
    ledger = spoilt.stores.ledger()
    gone = [r.seq for r in ledger.records(study_id=spoilt.study_id, kinds=(Kind.DECISIONS_MADE, Kind.REPORT_CLOSED))]
    auditor = Actor(ActorKind.PERSON, "rh", "auditor")
    proof = purge_contents(ledger, gone, {}, "2033-01-01T00:00:00.000+00:00", auditor)
    told = faults(spoilt)
    assert f"the contents of 2 records of it were purged on {proof.at[:10]}, proof record {proof.seq}" in told
    assert "no record of a decision" not in told
    (spoilt.report(spoilt.study_id) / "report.json").unlink()
    with pytest.raises(NoReportError, match=f"purged on .* proof record {proof.seq}"):
        trace(open_archive(spoilt.settings), spoilt.study_id)


def test_it_reads_the_same_from_postgresql(postgres_url, tmp_path, capsys):
    kept = Kept(tmp_path / "data", database_url=postgres_url)
    study_id = kept.take(plain)
    kept.run(study_id)
    assert tell_lineage(study_id, kept.settings) == 0
    assert explain_study(study_id, kept.settings) == 0
    assert replay_study(study_id, kept.settings) == 0


def test_what_is_told_names_no_patient_and_fits_80_columns(site, capsys):
    assert tell_lineage(site.study_id, site.settings, as_json=True) == 0
    told = capsys.readouterr().out
    assert json.loads(told)["study_id"] == site.study_id
    assert tell_lineage(site.study_id, site.settings) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    for text in (told, shown):
        assert SURNAME.lower() not in text.lower()
        assert NUMBER not in text
        assert str(site.settings.data_dir) not in text


def test_one_sentence_may_be_asked_for(site, capsys):
    assert tell_lineage(site.study_id, site.settings, sentence="s02", as_json=True) == 0
    assert [s["statement_id"] for s in json.loads(capsys.readouterr().out)["sentences"]] == ["s02"]


@pytest.mark.parametrize(
    ("study", "asked", "told"),
    [
        ("s-0000000000000000", {}, "CARDIO_DATA_DIR"),
        ("study_id", {"revision": 7}, "choose --revision 1 to 1"),
        ("study_id", {"sentence": "s99"}, "it has s01 to s"),
        ("broken_id", {"sentence": "s01"}, "it has none"),
        ("open_id", {}, "cardio explain"),
    ],
)
def test_what_is_not_there_is_refused_with_the_cure(site, capsys, study, asked, told):
    assert tell_lineage(getattr(site, study, study), site.settings, **asked) == 2
    assert told in capsys.readouterr().err


def test_asking_in_an_empty_place_says_so_and_makes_nothing(tmp_path, capsys):
    assert tell_lineage("s-0000000000000000", Settings(data_dir=tmp_path / "data")) == 2
    assert "no studies are kept here" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_versions_lie_where_the_report_store_puts_them(site):
    archive, reports = open_archive(site.settings), ReportStore(site.settings.store_dir / "reports")
    for version in (1, 2):
        assert archive.report_folder("s-1", 3, version) == reports.folder("s-1", 3, version)


def test_a_recording_of_several_files_has_the_hash_that_intake_gave_it(tmp_path):
    kept = Kept(tmp_path / "data")
    study_id = kept.take(sample_files.wfdb)
    row = kept.stores.row(study_id)
    files = dict(open_archive(kept.settings).input_files(row))
    assert [len(paths) for paths in files.values()] == [2]
    assert [recording_sha256(paths) for paths in files.values()] == [r.sha256 for r in row.study.recordings]


@pytest.mark.parametrize("command", ["lineage", "explain"])
def test_the_quick_commands_load_neither_dagster_nor_numbers(site, command):
    call = {"lineage": "tell_lineage", "explain": "explain_study"}[command]
    code = (
        f"import sys; from pathlib import Path; from cardio_dagster.settings import Settings; "
        f"from cardio_dagster.commands.{command} import {call} as tell; "
        f"tell({site.study_id!r}, Settings(data_dir=Path({str(site.settings.data_dir)!r})), as_json=True); "
        "print([m for m in ('dagster', 'numpy', 'pyarrow', 'scipy', 'pydicom', 'onnxruntime') if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stderr.strip() == "[]"


def test_of_two_recordings_that_show_the_same_each_sentence_rests_on_its_own():
    found = [Finding("ECG_SINUS", "Sinus rhythm", Grade.NORMAL, "rule", recording_id=rid) for rid in ("r01", "r02")]
    whole = Finding("FUSED", "over all", Grade.NOTE, "rule")
    report = SimpleNamespace(findings=(*found, whole))
    of_second = Statement("s01", "ecg", "Sinus rhythm.", Grade.NORMAL, ("ECG_SINUS",), "r02")
    of_all = Statement("s02", "fusion", "Both.", Grade.NOTE, ("ECG_SINUS", "FUSED"))
    assert findings_under(report, of_second) == (found[1],)
    assert findings_under(report, of_all) == (*found, whole)
