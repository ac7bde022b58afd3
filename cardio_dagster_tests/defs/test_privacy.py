"""Planted identities: nothing that Dagster, the databases or the reports keep names the patient."""

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pydicom
import pytest

from cardio_dagster.audit.export import FORMATS, Selection, export
from cardio_dagster.commands.explain import explain_study
from cardio_dagster.commands.lineage import tell_lineage
from cardio_dagster.commands.notices import list_notices
from cardio_dagster.demo.studies import public_file
from cardio_dagster.orchestration.escalating import escalate
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger.verify import verify_ledger
from cardio_dagster_tests.defs.installation import numbers

FOLDER, FILE = "DOE_JANE_19610203", "DOE^JANE MRN-4711-SECRET"
PLANTED = ("JANE", "DOE_", "DOE^", "DOE J", "19610203", "1961-02-03", "MRN-4711", "SECRET", "MAIDENNAME", "Elm Street")


def identified(folder):
    """Write the public ECG and metadata, both full of a patient's identity."""
    path = folder / f"{FILE}.dcm"
    shutil.copyfile(public_file("waveform_ecg.dcm"), path)
    ecg = pydicom.dcmread(path)
    ecg.PatientName, ecg.PatientID, ecg.PatientBirthDate = "DOE^JANE", "MRN-4711-SECRET", "19610203"
    ecg.InstitutionName, ecg.PatientMotherBirthName = "SECRET CLINIC", "MAIDENNAME"
    ecg.save_as(path)
    patient = {"name": "DOE JANE", "mrn": "MRN-4711-SECRET", "address": "1 Elm Street", "birth_date": "1961-02-03"}
    patient |= {"age_years": 64, "sex": "F", "sbp_mmhg": 999, "DOE_JANE_note": "SECRET"}
    (folder / "DOE_JANE.json").write_text(json.dumps({"patient": patient}))
    (folder / "note of DOE_JANE.txt").write_text("DOE JANE")
    (folder / "cut DOE_JANE.dcm").write_bytes(path.read_bytes()[:4000])


def texts_of(database, without=()):
    """Return every row of every table of an SQLite file as text."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        tables = [n for (n,) in connection.execute("select name from sqlite_master where type = 'table'")]
        return {t: str(connection.execute(f"select * from {t}").fetchall()) for t in tables if t not in without}


def named(text):
    return [p for p in PLANTED if p.lower() in text.lower()]


@pytest.mark.parametrize("door", ["study", "bulk"])
def test_no_planted_identity_is_told(install, door, capfd, tmp_path):
    installation = install(on_disk=True)
    installation.drop(identified, FOLDER)
    tick = installation.tick()
    (request,) = tick.run_requests
    study_id = request.partition_key
    result = (installation.run if door == "study" else installation.run_bulk)(study_id)
    assert named(str(tick)) == []
    assert named(tick.cursor) == []
    assert named("\n".join(str(e) for e in installation.instance.all_logs(result.run_id))) == []
    assert named(str(installation.instance.get_runs())) == []
    captured = capfd.readouterr()
    assert named(captured.out + captured.err) == []
    store = installation.settings.store_dir
    results = texts_of(store / "cardio.db", without=("study_revisions",))
    assert {t: named(text) for t, text in results.items() if named(text)} == {}
    assert "measurements" in results
    assert study_id in results["releases"]
    for database in (tmp_path / "site").rglob("*.db"):
        if database.name != "cardio.db":
            assert {t: named(x) for t, x in texts_of(database).items() if named(x)} == {}
    assert [p for p in installation.settings.data_dir.rglob("*") if named(str(p.relative_to(store.parent)))
            and not p.is_relative_to(store / "inputs") and not p.is_relative_to(store / "claims")] == []  # fmt: skip
    assert escalate(installation.stores).sent >= 1  # the held report
    kept = [store / "reports", store / "checkpoints", installation.settings.notices_dir]
    for path in [path for folder in kept for path in folder.rglob("*")]:
        if path.is_file():
            content = path.read_bytes() if path.suffix != ".parquet" else columns(path)
            assert named(content.decode(errors="ignore")) == [], path
    assert told(installation, study_id, capfd) > 10_000
    assert verify_ledger(
        connect(installation.settings.database), installation.stores.site_key(), anchor_dir=None
    ).is_whole


def told(installation, study_id, capfd):
    """Ask every command that speaks of a study, find no name in what it says, and return how much that was."""
    settings, length = installation.settings, 0
    asked = [
        lambda: tell_lineage(study_id, settings),
        lambda: tell_lineage(study_id, settings, as_json=True),
        lambda: explain_study(study_id, settings),
        lambda: list_notices(settings, study_id=study_id),
        *(lambda kind=kind: _exported(installation, kind) for kind in FORMATS),
    ]
    for ask in asked:
        ask()
        said = "".join(capfd.readouterr())
        assert named(said) == []
        length += len(said)
    return length


def _exported(installation, kind):
    for chunk in export(installation.stores.ledger(), kind, Selection()):
        sys.stdout.write(chunk.decode())


def columns(path: Path) -> bytes:
    """Return all that a Parquet file says, decompressed: texts and its footer."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    texts = [b for name in table.column_names for v in table[name].to_pylist() for b in _bytes(v)]
    return b"\n".join([*texts, str(table.schema.metadata).encode()])


def _bytes(value) -> list[bytes]:
    if isinstance(value, bytes):
        return [value] if len(value) < 100_000 else []  # samples and pixels
    return [str(value).encode()] if len(str(value)) < 100_000 else []


def test_names_come_back_for_the_stages_that_open_files(installation, beep):
    """The dossier is stored without names, and the study still runs, anew and from a checkpoint."""
    beep()
    study_id = installation.intake(numbers(1, 2), "case")
    assert installation.run(study_id).success
    from cardio_dagster.pipeline.dossier import Dossier

    stored = installation.stores.results().stage(study_id, "receipt", Dossier)
    assert [r.path for r in stored.study.recordings] == [""]
    assert installation.row(study_id).study.recordings[0].path == "numbers.beep"
