"""A study over HTTP, from its upload to its report, through a whole installation."""

import hashlib
import io
import json
import zipfile

import httpx
import pytest

from cardio_dagster.outcome import State
from cardio_dagster.stores.access import Role
from cardio_dagster_tests.defs.installation import clinical
from cardio_dagster_tests.gateway.server import files_of


def job(site, name, role=Role.ADMIN) -> dict:
    with site.client(role) as client:
        return client.get(site.sent[name]["links"]["self"]).json()


def result(site, name, role=Role.ADMIN, **params):
    with site.client(role) as client:
        return client.get(site.sent[name]["links"]["result"], params=params)


def test_upload_is_answered_with_a_job_in_the_landing_zone(site):
    sent = site.sent["ecg"]
    assert (sent["state"], sent["progress_pct"], sent["study_id"], sent["files"]) == ("received", 0, None, 1)


def test_job_ends_with_its_study_and_the_state_of_its_report(site):
    done = job(site, "ecg")
    assert (done["state"], done["progress_pct"], done["revision"], done["stage"]) == ("released", 100, 1, None)
    assert site.installation.row(done["study_id"]).final_state == State.COMPLETE.name


def test_result_is_the_released_report_byte_for_byte(site):
    study_id = job(site, "ecg")["study_id"]
    folder = site.installation.stores.results().released(study_id)[-1].report_path
    for form, name in {
        "json": "report.json",
        "html": "report.html",
        "pdf": "report.pdf",
        "fhir": "report.fhir.json",
    }.items():
        answer = result(site, "ecg", format=form)
        assert answer.status_code == 200
        with open(f"{folder}/{name}", "rb") as file:  # noqa: PTH123
            assert answer.content == file.read()
    assert answer.headers["cardio-report-status"] == "released"


def test_zip_is_the_same_archive_each_time_with_what_the_ledger_recorded(site):
    first, second = result(site, "ecg", format="zip"), result(site, "ecg", format="zip")
    assert first.content == second.content
    with zipfile.ZipFile(io.BytesIO(first.content)) as archive:
        hashes = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    from cardio_dagster.audit_record import Kind
    from cardio_dagster.stores.ledger import decode

    (closed,) = site.backend.ledger.records(study_id=job(site, "ecg")["study_id"], kinds=(Kind.REPORT_CLOSED,))
    assert hashes == decode(closed).files


def test_page_of_a_report_may_run_nothing(site):
    policy = result(site, "ecg", format="html").headers["content-security-policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy


def test_held_report_is_no_result_unless_a_reader_asks_for_it_as_such(site):
    assert job(site, "clinical")["state"] == "held"
    assert job(site, "clinical")["reasons"]
    refused = result(site, "clinical")
    assert (refused.status_code, refused.json()["code"], refused.json()["seen"]) == (409, "E_JOB_002", "held")
    shown = result(site, "clinical", Role.READER, unreleased="true")
    assert (shown.status_code, shown.headers["cardio-report-status"]) == (200, "held")
    assert result(site, "clinical", Role.SUBMITTER, unreleased="true").status_code == 409


def test_study_that_ends_in_error_has_its_error_response_as_result(site):
    ended, response = job(site, "note"), result(site, "note")
    assert (ended["state"], ended["reasons"]) == ("error", ["E_HARD_001"])
    assert (response.status_code, response.headers["cardio-report-status"]) == (200, "error")


def test_what_is_set_aside_is_told_by_its_code(site):
    aside = job(site, "broken")
    assert (aside["state"], aside["study_id"], aside["reasons"]) == ("set_aside", None, ["E_INTAKE_007"])
    assert result(site, "broken").json()["seen"] == "set_aside"
    assert sorted(job(site, "two faults")["reasons"]) == ["E_INTAKE_005", "E_INTAKE_007"]


def test_the_same_content_again_is_the_same_study(site, tmp_path):
    again = site.send({"other name.json": files_of(clinical(61), tmp_path / "again")["metadata.json"]})
    site.installation.tick()
    with site.client() as client:
        repeated = client.get(again.json()["links"]["self"]).json()
    assert repeated["is_duplicate"]
    assert repeated["job_id"] != site.sent["clinical"]["job_id"]
    assert (repeated["study_id"], repeated["state"]) == (job(site, "clinical")["study_id"], "held")


def test_submitter_sees_only_what_it_sent(site):
    with site.client(Role.SUBMITTER) as client:
        foreign = client.get(site.sent["note"]["links"]["self"])
        unknown = client.get("/jobs/j-" + "0" * 32)
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json() == unknown.json()


def test_every_look_at_a_report_is_recorded_and_repeated_polls_once(site):
    before = len(site.accesses())
    result(site, "ecg", Role.AUDITOR)
    result(site, "ecg", Role.AUDITOR)
    for _ in range(5):
        job(site, "ecg", Role.AUDITOR)
    new = site.accesses()[before:]
    assert [a[:2] for a in new] == [("person:auditor", "read")] * 2 + [("person:auditor", "status")]


def test_changed_report_is_given_to_nobody(site):
    study_id = job(site, "ecg")["study_id"]
    folder = site.installation.stores.results().released(study_id)[-1].report_path
    path = site.installation.settings.store_dir / folder / "report.json"
    kept = path.read_bytes()
    try:
        path.write_bytes(kept.replace(b"E", b"F", 1))
        assert (result(site, "ecg").status_code, result(site, "ecg").json()["code"]) == (503, "E_JOB_004")
        assert result(site, "ecg", format="zip").status_code == 503
        assert result(site, "ecg", format="html").status_code == 200
    finally:
        path.write_bytes(kept)


def events(response) -> list[tuple[int, str, dict]]:
    blocks = [b for b in response.text.split("\n\n") if "data:" in b]
    fields = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
    return [(int(f["id"]), f["event"], json.loads(f["data"])) for f in fields]


def test_events_tell_every_stage_and_end_with_the_last_state(site):
    with site.client() as client:
        told = events(client.get(site.sent["ecg"]["links"]["events"]))
    states = [e[2]["state"] for e in told]
    assert states[:2] == ["received", "waiting"]
    assert set(states[2:-1]) == {"running"}
    assert [e[2]["stage"] for e in told][2:-1][0] == "VALIDATION"
    assert (told[-1][1], states[-1]) == ("end", "released")
    assert [e[0] for e in told] == sorted({e[0] for e in told})
    percent = [e[2]["progress_pct"] for e in told]
    assert percent == sorted(percent)


def test_stream_that_breaks_is_broken_off_without_a_word_of_why(site, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("MUELLER^HANS.dcm")
        yield

    monkeypatch.setattr("cardio_dagster.gateway.events._behind", broken)
    with site.client() as client, pytest.raises(httpx.RemoteProtocolError):
        client.get(site.sent["ecg"]["links"]["events"])
    assert "RuntimeError" in caplog.text
    assert "MUELLER" not in caplog.text


@pytest.mark.parametrize("seen", [0, 1, 3])
def test_events_go_on_behind_the_last_one_that_was_seen(site, seen):
    with site.client() as client:
        address = site.sent["ecg"]["links"]["events"]
        whole = events(client.get(address))
        rest = events(client.get(address, headers={"Last-Event-ID": str(whole[seen][0])}))
        assert rest == whole[seen + 1 :]
        assert client.get(address, headers={"Last-Event-ID": str(whole[-1][0])}).status_code == 204


def test_sync_answers_with_the_report_of_a_study_that_is_done(site, tmp_path):
    content = files_of(clinical(61), tmp_path / "sync")
    from threading import Timer

    Timer(0.3, site.installation.tick).start()
    with site.client() as client:
        held = client.post("/studies/sync?wait_s=20", files=[("files", i) for i in content.items()])
        late = client.post("/studies/sync?wait_s=0.1", files=[("files", ("a.csv", b"1,2\n"))])
    assert (held.status_code, held.json()["seen"]) == (409, "held")
    assert held.headers["location"].startswith("/jobs/j-")
    assert (late.status_code, late.json()["state"]) == (202, "received")
