"""`cardio backfill`: what is counted and asked for, and the exit codes."""

import http.server
import json
import threading

import pytest
from typer.testing import CliRunner

from cardio_dagster.cli import app
from cardio_dagster.commands import backfill
from cardio_dagster.errors import SettingsError
from cardio_dagster.orchestration import staleness
from cardio_dagster.orchestration.staleness import StaleStudy
from cardio_dagster.settings import settings
from cardio_dagster.stores.database import connect, create_tables

runner = CliRunner()
STALE = (
    StaleStudy("s-1", 1, "released", {}, ("stage/report", "code/ecg")),
    StaleStudy("s-2", 1, "held", {}, ("code/ecg",)),
)


@pytest.fixture
def place(monkeypatch, tmp_path):
    """An installation with two stale studies; return what was asked of `find_stale`."""
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    settings().store_dir.mkdir(parents=True)
    create_tables(connect(settings().database))
    asked = []
    monkeypatch.setattr(staleness, "find_stale", lambda _stores, chosen, **_: asked.append(chosen) or STALE)
    yield asked
    connect(settings().database).dispose()


@pytest.fixture
def ui(monkeypatch):
    """A UI that notes what it is asked and answers `launched`; return both as a list and a dictionary."""
    asked, answer = [], {"__typename": "LaunchRunSuccess", "run": {"runId": "r-1"}}

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": {"launchRun": answer}}).encode())

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(backfill, "running", lambda _: {"ui": f"http://127.0.0.1:{server.server_port}"})
        yield asked, answer
        server.shutdown()


def test_a_dry_run_counts_by_reason_and_asks_for_nothing(place, ui):
    done = runner.invoke(app, ["backfill", "--stale", "--dry-run", "--since", "2026-01-31", "--stage", "report"])
    assert done.exit_code == 0, done.output
    assert (str(place[0].since), place[0].stage, place[0].only_stale) == ("2026-01-31", "report", True)
    assert "To be made anew: 2 studies." in done.output
    assert [line.split() for line in done.output.splitlines()[2:4]] == [["code/ecg", "2"], ["stage/report", "1"]]
    assert "Nothing was changed." in done.output
    assert ui[0] == []


def test_without_it_the_job_is_launched_with_the_same_choice(place, ui):
    done = runner.invoke(app, ["backfill", "--all", "--state", "ERROR"])
    assert done.exit_code == 0, done.output
    ((path, body),) = ui[0]
    params = body["variables"]["params"]
    assert path == "/graphql"
    assert params["selector"]["jobName"] == "backfill_studies"
    config = json.loads(params["runConfigData"])["ops"]["make_anew"]["config"]
    assert config == {"only_stale": False, "state": "ERROR"}
    assert "run r-1" in done.output


def test_a_refused_run_is_told(place, ui):
    ui[1]["__typename"] = "RunConfigValidationInvalid"
    with pytest.raises(SettingsError, match="RunConfigValidationInvalid"):
        backfill.run_backfill({}, dry_run=False)


def test_where_nothing_runs_the_cure_is_told(place, monkeypatch):
    monkeypatch.setattr(backfill, "running", lambda _: None)
    with pytest.raises(SettingsError, match="cardio up"):
        backfill.run_backfill({}, dry_run=False)


def test_a_choice_that_is_none_is_exit_2(place):
    assert runner.invoke(app, ["backfill", "--dry-run", "--since", "yesterday"]).exit_code == 2


def test_no_installation_is_begun_by_it(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    with pytest.raises(SettingsError, match="no studies are kept here"):
        backfill.run_backfill({}, dry_run=True)
    assert not list(tmp_path.iterdir())
