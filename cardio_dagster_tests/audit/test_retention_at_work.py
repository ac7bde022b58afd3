"""Retention on an installation: real studies through the real job, the commands, and the monthly count."""

import json
import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from cardio_dagster.audit.explain.explanation import explain
from cardio_dagster.audit.export import FORMATS
from cardio_dagster.audit.lineage.archive import Archive as LineageArchive
from cardio_dagster.commands import audit_export as exporting
from cardio_dagster.commands import retention as commands
from cardio_dagster.defs.retention import retention_job
from cardio_dagster.orchestration.retention import count_due
from cardio_dagster.orchestration.reviewing import review_store
from cardio_dagster.review.deciding import decide
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.review_words import Choice, ReviewDecision
from cardio_dagster.stores.study_tables import studies
from cardio_dagster_tests.defs.installation import clinical, installed

SURNAME = "Mustermann"


def accept(made, study_id):
    """Let a reader decide on the report, so that nothing waits."""
    store = review_store(made.stores)
    stands = store.standing(study_id)
    about = (study_id, stands.revision, stands.version, stands.report_sha256, Choice.ACCEPT, "read")
    decide(
        ReviewDecision(*about, "rh", "reader", "2018-01-01T00:00:00+00:00"), store=store, ledger=made.stores.ledger()
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return an installation with an old study and a new one; nobody's identity may leave it."""
    with installed(tmp_path_factory.mktemp("retention") / "site") as made:
        old, new = (made.intake(clinical(age, name=SURNAME), f"{SURNAME}-{age}") for age in (60, 70))
        assert made.run(old).success  # the new one stays open
        with connect(made.stores.database_url).begin() as connection:
            mine = sa.update(studies).where(studies.c.study_id == old)
            connection.execute(mine.values(finished_at="2018-01-01T00:00:00.000+00:00"))
        accept(made, old)
        yield SimpleNamespace(made=made, old=old, new=new)


@pytest.fixture
def command(site, monkeypatch, capfd):
    """Return a function that runs a command on the installation and gives exit code, output and errors."""
    for module in (commands, exporting):
        monkeypatch.setattr(module, "settings", lambda: site.made.settings)
    monkeypatch.setenv("COLUMNS", "100")

    def run(function, *given, **named):
        code = function(*given, **named)
        out, err = capfd.readouterr()
        return code, out, err

    return run


def files(site, study_id):
    roots = [site.made.settings.store_dir, site.made.settings.data_dir / "landing"]
    return [p for root in roots for p in root.rglob("*") if study_id in str(p) and p.is_file()]


def test_the_monthly_job_counts_and_removes_nothing(site):
    before = files(site, site.old)
    result = retention_job.execute_in_process(resources={"stores": site.made.stores})
    assert result.success
    assert files(site, site.old) == before
    found = count_due(site.made.stores)
    assert found.studies == 1
    assert found.files == len(before) > 5
    assert count_due(site.made.stores, datetime(2020, 1, 1, tzinfo=UTC)).studies == 0


def test_the_reason_of_a_hold_names_nobody(site, command):
    code, _, err = command(commands.audit_hold, site.old, reason=f"case {SURNAME}, born 3.5.1961")
    assert code == 2
    assert "a date" in err
    assert SURNAME not in err
    assert "No study" in command(commands.audit_holds)[1]


def test_a_hold_through_the_command_line(site, command):
    code, _, err = command(commands.audit_hold, "st-none", reason="x")
    assert code == 2
    assert "not registered" in err
    code, out, _ = command(commands.audit_hold, site.old, reason="case 12/26", by="rh", role="records officer")
    assert (code, "on legal hold" in out) == (0, True)
    _, out, _ = command(commands.audit_holds)
    assert "case 12/26" in out
    assert "rh" in out
    _, out, _ = command(commands.audit_purge)
    assert "1 on legal hold" in out
    code, _, err = command(commands.audit_hold, site.old, reason="case 13/26")
    assert code == 2
    assert "both reasons" in err
    assert command(commands.audit_release_hold, site.old, reason="closed")[0] == 0
    assert "No study" in command(commands.audit_holds)[1]


def test_exports_of_a_real_ledger_hold_no_identity(site, command, tmp_path):
    for name in FORMATS:
        out = tmp_path / name
        assert command(exporting.audit_export, name, out=out)[0] == 0
        text = out.read_text()
        assert SURNAME not in text
        assert site.old in text
        assert str(site.made.settings.data_dir) not in text
        assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"format_name": "csv"}, "No format is called csv"),
        ({"format_name": "jsonl", "since": "yesterday"}, "does not parse"),
        ({"format_name": "jsonl", "study_id": "st-none"}, "no record of st-none"),
    ],
)
def test_a_wrong_choice_is_told_with_the_cure(command, given, told):
    code, out, err = command(exporting.audit_export, **given)
    assert (code, out) == (2, "")
    assert told in err


def test_a_folder_that_is_not_there_is_told(command, tmp_path):
    code, _, err = command(exporting.audit_export, "jsonl", out=tmp_path / "none" / "x")
    assert code == 2
    assert "cannot be written" in err


def test_times_without_a_zone_are_utc_and_dates_begin_at_midnight(site, command):
    everything = command(exporting.audit_export, "jsonl")[1]
    assert command(exporting.audit_export, "jsonl", since="2020-01-01")[1] == everything
    assert command(exporting.audit_export, "jsonl", until="2020-01-01T00:00:00Z")[1] == ""


def test_the_purge_of_a_real_study(site, command):
    """The last one: it takes the old study away from the others."""
    _, dry, _ = command(commands.audit_purge)
    assert "Nothing was changed" in dry
    code, done, _ = command(commands.audit_purge, yes=True, by="rh", role="records officer")
    assert code == 0
    assert [line for line in done.splitlines() if "files" in line] == [
        line for line in dry.splitlines() if "files" in line
    ]
    assert files(site, site.old) == []
    assert files(site, site.new)
    assert site.made.row(site.old).final_state == "COMPLETE"
    assert site.made.releases(site.old) == []
    lines = [json.loads(line) for line in command(exporting.audit_export, "jsonl", study_id=site.old)[1].splitlines()]
    gone = [line for line in lines if line["content"] is None]
    assert gone
    assert all(line["purged"]["text"].startswith("purged on") for line in gone)
    assert {line["kind"] for line in lines if line["content"]} == {"hold.placed", "hold.lifted", "content.purged"}
    assert "due: 0 studies" in command(commands.audit_purge)[1]
    assert command(commands.audit_hold, site.old, reason="late")[0] == 2
    stores = site.made.stores
    archive = LineageArchive(site.made.settings.store_dir, connect(stores.database_url), stores.ledger())
    told = explain(archive, site.old, None, max_attempts=3)
    assert re.fullmatch(
        r"closed in COMPLETE, purged on \d{4}-\d\d-\d\d after its retention, proof record \d+; .*", told.standing
    )
    assert told.waits == told.stages == ()
