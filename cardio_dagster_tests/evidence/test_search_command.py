"""`cardio evidence`: people read passages with their works, machines JSON."""

import json

from cardio_dagster.commands.evidence import find_evidence
from cardio_dagster_tests.evidence.notes import NOTE


def test_people_see_title_text_and_works(capsys):
    assert find_evidence("Bazett or Fridericia", k=1) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("QT interval: Correction for heart rate qt-interval#correction-for-heart-rate, score ")
    assert "Fridericia by its cube root" in shown
    assert "doi:10.1161/JAHA.116.003264" in shown
    assert "not a medical device" in shown


def test_machines_get_json_of_every_field(capsys):
    assert find_evidence("LVEF", k=2, topics=("h2fpef",), as_json=True) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["passage_id"] for row in rows] == [
        "heart-failure#preserved-ejection-fraction",
        "heart-failure#h2fpef-score",
    ]
    assert set(rows[0]) == {"score", "passage_id", "title", "text", "references", "topics", "sha256"}


def test_notes_of_a_site_are_searched_too(capsys, tmp_path):
    (tmp_path / "local.md").write_text(NOTE)
    assert find_evidence("telephone the cardiologist on duty", k=1, notes_dir=tmp_path) == 0
    assert "site/local#who-is-called" in capsys.readouterr().out


def test_nothing_found_is_told_and_ends_with_2(capsys):
    assert find_evidence("zzz") == 2
    assert "No passage" in capsys.readouterr().out
    assert find_evidence("zzz", as_json=True) == 2
    assert json.loads(capsys.readouterr().out) == []
