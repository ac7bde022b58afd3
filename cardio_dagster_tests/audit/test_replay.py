"""Replay: the same bytes from the same inputs; what differs is found and named, what changed since is told apart from it."""

import json

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.audit.replay.compare import compare
from cardio_dagster.commands.replay import replay_study
from cardio_dagster.demo import studies
from cardio_dagster.orchestration.intake import close_exhausted
from cardio_dagster.outcome import State
from cardio_dagster.pipeline import versions
from cardio_dagster.settings import Settings
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.results import measurements
from cardio_dagster.stores.review_words import Action, Amendment, Choice
from cardio_dagster_tests.audit.kept import Kept, of_patient, plain


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two studies of one patient and a third that came later; one that ended in ERROR; one that was given up; one not begun."""
    kept = Kept(tmp_path_factory.mktemp("replay") / "data")
    ids = {}
    for number, name in enumerate(("first", "second", "third"), start=1):
        ids[name] = kept.take(of_patient("P-77", seed=number), name)
        kept.run(ids[name], f"run-{name}")
    ids["reviewed"] = kept.take(
        lambda folder: (folder / "metadata.json").write_text('{"age_years": 49, "sbp_mmhg": 170}'), "r"
    )
    written = kept.run(ids["reviewed"], "run-reviewed")
    changed = Amendment(Action.REPLACE, "s01", "The pressure was taken twice.", "white coat")
    kept.decide(written, Choice.AMEND, changed)
    kept.decide(written, Choice.ACCEPT)
    ids["plain"] = kept.take(plain, "plain")
    kept.run(ids["plain"], "run-plain")
    ids["broken"] = kept.take(studies.text_as_echo, "broken")
    kept.run(ids["broken"], "run-broken")
    ids["given-up"] = kept.take(lambda folder: (folder / "metadata.json").write_text('{"age_years": 50}'), "given-up")
    close_exhausted((kept.stores.row(ids["given-up"]),), kept.stores)
    ids["open"] = kept.take(lambda folder: (folder / "metadata.json").write_text('{"age_years": 51}'), "open")
    kept.ids = ids
    return kept


@pytest.fixture
def spoilt(site, tmp_path):
    kept = site.copy(tmp_path / "data")
    kept.ids = site.ids
    return kept


def told_of(kept, name, capsys, settings=None):
    """Return exit code and answer of a replay."""
    code = replay_study(kept.ids[name], settings or kept.settings, as_json=True)
    return code, json.loads(capsys.readouterr().out)


def test_the_same_inputs_give_the_same_bytes_and_the_store_is_left_alone(site, capsys):
    before = {p: p.stat().st_mtime_ns for p in site.settings.data_dir.rglob("*") if "cardio.db" not in p.name}
    code, told = told_of(site, "second", capsys)
    assert (code, told["verdict"], told["differences"]) == (0, "identical", [])
    assert {"report.json", "report.html", "report.pdf", "report.fhir.json", "report.ecg.dcm"} <= set(told["compared"])
    assert before == {p: p.stat().st_mtime_ns for p in site.settings.data_dir.rglob("*") if "cardio.db" not in p.name}


def test_the_second_study_saw_the_first_and_not_the_third(site):
    """What makes the test above worth anything: there is a trend, and a later study that would be in it today."""
    report = json.loads((site.report(site.ids["second"]) / "report.json").read_text())
    named = {point["study_id"] for trend in report["written"]["trends"] for point in trend["points"]}
    assert named == {site.ids["first"], site.ids["second"]}


def test_an_earlier_study_that_came_into_the_registry_later_is_not_in_it(spoilt, capsys):
    """The third study is made to look as if it had been received first; at the time of the report it was not there."""
    with connect(spoilt.settings.database).begin() as connection:
        connection.execute(
            sa.text("UPDATE study_revisions SET received_at = '2001-01-01T00:00:00.000+00:00' WHERE study_id = :third"),
            {"third": spoilt.ids["third"]},
        )
    assert told_of(spoilt, "second", capsys)[0] == 0


def test_a_study_in_error_is_replayed_too(site, capsys):
    assert told_of(site, "broken", capsys)[0] == 0


def test_a_reviewed_report_is_made_again_from_the_first_version_and_the_decisions(site, capsys):
    code, told = told_of(site, "reviewed", capsys)
    assert (code, told["version"], told["differences"]) == (0, 3, [])
    assert {"version 1 report.json", "version 3 report.html"} <= set(told["compared"])


def test_a_rewritten_decision_shows_in_the_version_that_it_made(spoilt, capsys):
    with connect(spoilt.settings.database).begin() as connection:
        connection.execute(sa.text("UPDATE review_decisions SET reason = 'another' WHERE version = 2"))
    code, told = told_of(spoilt, "reviewed", capsys)
    assert code == 2
    assert {d["file"].split()[1] for d in told["differences"]} == {"3"}
    assert any("$.review" in d["where"] or "release_status" in d["where"] for d in told["differences"])


def test_a_changed_value_is_named_by_its_path_with_both_values(spoilt, capsys):
    path = spoilt.report(spoilt.ids["plain"]) / "report.json"
    document = json.loads(path.read_text())
    document["measurements"][0]["value"] = 4.25
    path.write_text(json.dumps(document, indent=2) + "\n")
    code, told = told_of(spoilt, "plain", capsys)
    (difference,) = told["differences"]
    assert (code, difference["file"], difference["stood"]) == (2, "report.json", "4.25")
    assert difference["where"].startswith("$.measurements[0].value (what was rebuilt has the recorded hash")
    assert difference["rebuilt"] == "61.0"


@pytest.mark.parametrize("name", ["report.html", "report.pdf", "report.fhir.json", "features.json"])
def test_one_changed_byte_in_any_file_is_found(spoilt, capsys, name):
    path = spoilt.report(spoilt.ids["plain"]) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    code, told = told_of(spoilt, "plain", capsys)
    assert (code, [d["file"] for d in told["differences"]]) == (2, [name])


def test_an_earlier_result_that_was_changed_in_the_database_shows_in_the_trend(spoilt, capsys):
    mine = (measurements.c.study_id == spoilt.ids["first"]) & (measurements.c.name == "heart_rate_bpm")
    with connect(spoilt.settings.database).begin() as connection:
        connection.execute(measurements.update().where(mine).values(value=120.0))
    code, told = told_of(spoilt, "second", capsys)
    places = {d["file"]: d["where"] for d in told["differences"]}
    assert code == 2
    assert places["report.json"].startswith("$.written.trends[")


def test_a_lost_earlier_study_and_a_changed_input_leave_nothing_to_compare(spoilt, capsys):
    with connect(spoilt.settings.database).begin() as connection:
        connection.execute(sa.text("DELETE FROM releases WHERE study_id = :first"), {"first": spoilt.ids["first"]})
    ecg = spoilt.input_of(spoilt.ids["second"], "r01")
    ecg.write_bytes(ecg.read_bytes() + b"\n")
    code, told = told_of(spoilt, "second", capsys)
    assert (code, told["compared"]) == (3, [])
    assert "the received recording r01 is changed since" in told["reasons"]
    assert any(spoilt.ids["first"] in reason for reason in told["reasons"])


def test_changed_code_is_named_from_what_to_what(site, capsys, monkeypatch):
    monkeypatch.setitem(versions.STAGE_VERSIONS, State.SCORING, "99")
    monkeypatch.setattr("cardio_dagster.audit.replay.changes.__version__", "9.9.9")
    code, told = told_of(site, "plain", capsys)
    assert code == 3
    assert any(r.startswith("the code of SCORING was version ") and r.endswith("it is 99") for r in told["reasons"])
    assert any(r.endswith("it is 9.9.9") for r in told["reasons"])


def test_a_changed_model_is_named(site, capsys, monkeypatch):
    monkeypatch.setattr("cardio_dagster.models.catalogue.fingerprint", lambda name: "f" * 64)
    code, told = told_of(site, "first", capsys)
    assert code == 3
    assert {r.split()[2] for r in told["reasons"]} == {"ecg_beats", "ecg_rhythm", "ecg_waves"}


def test_a_changed_parameter_is_named_and_one_that_decides_nothing_is_not(site, capsys):
    region = Settings(data_dir=site.settings.data_dir, score2_region="high", quiet_window_s=33.0)
    code, told = told_of(site, "plain", capsys, region)
    assert (code, told["reasons"]) == (3, ["the setting score2_region was unset, it is high"])
    quick = Settings(data_dir=site.settings.data_dir, quiet_window_s=33.0, threads=2, batch_size=3)
    assert told_of(site, "plain", capsys, quick)[0] == 0


def test_a_failure_of_the_machine_is_not_replayed(site, capsys):
    code, told = told_of(site, "given-up", capsys)
    assert code == 3
    assert any("E_RETRIES_001" in reason for reason in told["reasons"])


@pytest.mark.parametrize("name", ["open", "s-0000000000000000"])
def test_where_nothing_stands_there_is_nothing_to_compare(site, capsys, name):
    assert replay_study(site.ids.get(name, name), site.settings) == 4
    assert capsys.readouterr().err


def test_a_person_is_told_in_words(spoilt, capsys):
    path = spoilt.report(spoilt.ids["plain"]) / "cohort_row.csv"
    path.write_bytes(path.read_bytes().replace(b"COMPLETE", b"COMPLETA", 1))
    assert replay_study(spoilt.ids["plain"], spoilt.settings) == 2
    shown = capsys.readouterr().out
    assert "cohort_row.csv, line 2" in shown
    assert "COMPLETA" in shown
    assert max(map(len, shown.splitlines())) <= 80


REPORT = {"report.json": b'{"a": [1, {"b": null}], "c": "text"}\n', "report.html": b"<p>one</p>\n<p>two</p>\n"}


@pytest.mark.parametrize(
    ("other", "where"),
    [
        (b'{"a": [1, {"b": 2}], "c": "text"}\n', "$.a[1].b"),
        (b'{"a": [1], "c": "text"}\n', "$.a[1]"),
        (b'{"a": [1, {"b": null}]}\n', "$.c"),
        (b'{"a": [1.0, {"b": null}], "c": "text"}\n', "$.a[0]"),
        (b'{"a":[1,{"b":null}],"c":"text"}\n', "byte 6, of 37 and 32 bytes"),
    ],
)
def test_the_first_place_in_json_is_found_down_to_the_spelling(other, where):
    (difference,) = compare({"x.json": REPORT["report.json"]}, {"x.json": other}, None)
    assert difference.where == where


def test_a_file_on_one_side_only_and_one_without_its_recorded_hash_are_named():
    (lost,) = compare(REPORT, {"report.json": REPORT["report.json"]}, None)
    assert (lost.file, lost.stood, lost.rebuilt) == ("report.html", "a file", "no such file")
    (unproven, other) = compare(REPORT, REPORT, {"report.html": "0" * 64})
    assert (unproven.file, unproven.where, unproven.stood) == ("report.html", "its hash in the ledger", "0" * 64)
    assert other.stood == "no hash in the record of the closing"


@given(
    name=st.sampled_from(["report.html", "report.json", "report.pdf"]),
    content=st.binary(min_size=1),
    data=st.data(),
)
def test_any_other_content_is_a_difference_and_the_same_is_none(name, content, data):
    other = data.draw(st.binary().filter(lambda b: b != content))
    assert compare({name: content}, {name: content}, None) == ()
    (difference,) = compare({name: content}, {name: other}, None)
    assert difference.file == name
