"""`cardio notices` as a person uses it: what is printed, wide and narrow, and the exit codes."""

import json
import re

import pytest

from cardio_dagster.commands.notices import acknowledge_notice, list_notices, show_notice
from cardio_dagster.commands.notices_policy import show_policy, try_channels
from cardio_dagster.escalation.answering import NoticeError
from cardio_dagster.outcome import Impact
from cardio_dagster.settings import Settings
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.site_key import load_key
from cardio_dagster_tests.escalation.notices import cause, failure, raise_now


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    settings = Settings(data_dir=tmp_path / "data")
    create_tables(connect(settings.database))
    load_key(settings.store_dir / "site.key")
    return settings


@pytest.fixture
def raised(site):
    return raise_now(
        connect(site.database),
        cause(study="s-1f2e3d4c5b6a7980", priority="stat"),
        cause("REPORT_HELD", Impact.HIGH, study="s-1f2e3d4c5b6a7980", priority="stat"),
        failure("E_TIMEOUT_ANALYSIS", Impact.HIGH, study="s-2"),
    )


def test_nothing_open_is_said(site, capsys):
    assert list_notices(site) == 0
    assert capsys.readouterr().out == "No notice is open.\n"


def test_the_list_names_what_to_answer_first(site, raised, capsys):
    assert list_notices(site) == 0
    head, first, second = [line for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert head.split() == ["notice", "impact", "age", "due", "role", "about", "what"]
    assert first.startswith(raised[0].notice_id[:8])
    assert "Ventricular tachycardia (+1)" in first
    assert "s-1f2e3d4c5b6a7980, STAT" in first
    assert second.startswith(raised[1].notice_id[:8])


def test_a_narrow_terminal_gets_lines_and_loses_nothing(site, raised, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    list_notices(site)
    shown = capsys.readouterr().out
    assert "CRITICAL Ventricular tachycardia" in shown
    assert re.search(r"age \d+ d, due \d+ d ago, with reader", shown)


def test_as_json_and_of_one_study(site, raised, capsys):
    list_notices(site, study_id="s-2", as_json=True)
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["notice_id"], one["state"]) == (raised[1].notice_id, "open")


def test_one_notice_whole(site, raised, capsys):
    assert show_notice(site, raised[0].notice_id[:8]) == 0
    shown = capsys.readouterr().out
    assert "Look at the patient now" in shown
    assert "cardio review show s-1f2e3d4c5b6a7980" in shown
    assert "with reader, level 0" in shown


def test_acknowledging_twice_says_who_did(site, raised, capsys):
    assert acknowledge_notice(site, raised[0].notice_id, by="mk", role="reader") == 0
    assert "acknowledged by mk (reader)" in capsys.readouterr().out
    assert acknowledge_notice(site, raised[0].notice_id, by="jd", role="head") == 0
    again = capsys.readouterr().out
    assert again.startswith("It was acknowledged before.")
    assert "acknowledged by mk (reader)" in again
    with pytest.raises(NoticeError, match="there is no notice with this id"):
        acknowledge_notice(site, "0123456789abcdef", by="mk", role="reader")


def test_the_policy_is_shown_without_addresses(site, tmp_path, capsys):
    text = (tmp_path / "e.toml", (__import__("pathlib").Path("cardio_dagster/escalation/default.toml")).read_text())
    text[0].write_text(text[1].replace('reader = ["file:"]', 'reader = ["json://host/s3cret"]', 1))
    assert show_policy(site.model_copy(update={"escalation_file": text[0]})) == 0
    shown = capsys.readouterr().out
    assert "json" in shown
    assert "s3cret" not in shown
    assert "5 min" in shown


def test_a_trial_goes_through_every_channel_and_says_which_took_it(site, capsys):
    assert try_channels(site, "reader") == 0
    assert "reader 1: file took it" in capsys.readouterr().out
    assert (site.notices_dir / "notices.log").read_text().count("TRIAL to=reader") == 1
    with pytest.raises(NoticeError, match="no such role"):
        try_channels(site, "janitor")
