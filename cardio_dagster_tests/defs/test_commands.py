"""Commands that ask never begin an installation, and no text of a person is taken for markup."""

import pytest
from typer.testing import CliRunner

from cardio_dagster.cli import app
from cardio_dagster.settings import settings

ASKING = [
    ["review", "list"],
    ["review", "show", "s-0123456789abcdef"],
    ["notices", "list"],
    ["notices", "show", "0123456789abcdef"],
    ["audit", "verify"],
    ["audit", "export"],
    ["audit", "purge"],
    ["audit", "holds"],
    ["lineage", "s-0123456789abcdef"],
    ["explain", "s-0123456789abcdef"],
    ["replay", "s-0123456789abcdef"],
]


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIO_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    yield tmp_path / "data"
    settings.cache_clear()


@pytest.mark.parametrize("command", ASKING, ids=" ".join)
def test_where_nothing_was_ever_kept_a_question_is_refused_and_makes_nothing(nowhere, command):
    result = CliRunner().invoke(app, command)
    assert result.exit_code != 0
    assert "CARDIO_DATA_DIR" in f"{result.output} {result.exception}"
    assert not nowhere.exists()


MARKUP = "[/x] [red]"


def test_what_a_person_typed_is_printed_as_it_is(installation, monkeypatch, beep):
    from cardio_dagster_tests.defs.installation import numbers

    beep()
    study_id = installation.intake(numbers(1, 2), "case")
    monkeypatch.setattr("cardio_dagster.commands.retention.settings", lambda: installation.settings)
    for command in (
        ["hold", study_id, "--reason", MARKUP, "--by", MARKUP],
        ["holds"],
        ["hold", MARKUP, "--reason", "a"],
    ):
        result = CliRunner().invoke(app, ["audit", *command])
        assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    assert MARKUP in " ".join(CliRunner().invoke(app, ["audit", "holds"]).output.split())
