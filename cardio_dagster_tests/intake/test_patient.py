"""Whose study it is: placeholders are nobody, two patients are held, one patient's studies are linked, nothing is told."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.offline import study_from_path
from cardio_dagster.intake.patient import PLACEHOLDERS, patient_id, whose
from cardio_dagster.intake.scan import Fate
from cardio_dagster.outcome import Severity
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.priors import PriorStore, patients
from cardio_dagster.stores.studies import StudyRegistry
from cardio_dagster.study import Recording
from cardio_dagster_tests.intake.conftest import Site, StatedId, identify, sniff
from cardio_dagster_tests.intake.test_crash import FORK

NUMBERS = st.text("ABCXYZ0123456789-/. ", min_size=1, max_size=16)


def key_of(site: Site, study_id: str) -> str | None:
    query = sa.select(patients.c.patient_key).where(patients.c.study_id == study_id)
    with site.registry._engine.connect() as connection:
        return connection.execute(query).scalar()


def whose_of(*stated):
    """Return what recordings r01, r02, ... agree on; each states (number[, issuer]) pairs."""
    ids = {f"r{n:02d}": tuple(StatedId(*one) for one in each) for n, each in enumerate(stated, start=1)}
    recordings = [Recording(r, r, "a" * 64, 1, "ecg", "csv") for r in ids]
    return whose(Path("x"), recordings, lambda path, modality, format: ids[path.name])


def drop_of(site, name, *numbers):
    for place, number in enumerate(numbers):
        site.drop(f"{name}/{place}.csv", f"ECG {name} {place}\nPATIENT {number}" if number else f"ECG {name} {place}")
    (taken,) = site.settle().accepted
    return taken


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "0", "0000", "000-00-0000", "999", "99999999", "1234", "123456", "0123456789", "12345678", "204", "007",
     "X", "xxxx", "ANONYMOUS", "Anonymized", "De-Identified", "No ID", "n/a", "N.A.", "<none>", "Unknown", " test ",
     "Test Patient", "PATIENT_ID", "\0\0"],
)  # fmt: skip
def test_a_placeholder_is_no_identifier(text):
    assert patient_id(text) is None
    assert patient_id(text, "HOSPITAL") is None


@pytest.mark.parametrize(
    "text", ["642341", "P1", "A-204", "1235", "12340", "99998", "ANON1234", "x-1", "Ж42", "100000"]
)
def test_what_a_site_may_give_is_one(text):
    assert patient_id(text) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [(" 642341 ", "642341"), ("00642341", "642341"), ("ab-42", "AB-42"), ("A  42", "A 42"), ("\uff16\uff14\uff12\uff13\uff14\uff11", "642341"),
     ("642341\0", "642341")],
)  # fmt: skip
def test_spellings_of_one_number_are_one(one, other):
    assert patient_id(one) == patient_id(other)


@pytest.mark.parametrize(
    ("one", "other"), [("A-42", "A42"), ("0A42", "A42"), ("642341", "6423410"), ("642 341", "642341"), ("A1", "B1")]
)
def test_other_numbers_stay_two(one, other):
    assert patient_id(one) != patient_id(other)


@given(NUMBERS)
def test_a_spelling_is_read_as_itself(text):
    found = patient_id(text)
    assert found is None or patient_id(found.number) == found


@given(st.lists(st.sampled_from(sorted(PLACEHOLDERS)), max_size=4), st.permutations(range(5)))
def test_recordings_that_state_nothing_agree_with_all_in_any_order(words, order):
    stated = [((word,),) for word in words] + [()] * (4 - len(words)) + [(("642341",),)]
    assert whose_of(*(stated[i] for i in order)).patient == patient_id("642341")


@given(st.lists(st.sampled_from(["7001", "7002", "7003"]), min_size=1, max_size=6))
def test_as_many_patients_are_told_as_there_are_and_never_their_numbers(numbers):
    found = whose_of(*(((number,),) for number in numbers))
    kinds = len(set(numbers))
    assert (found.patient is not None) == (kinds == 1)
    if kinds > 1:
        (told,) = found.problems
        assert told.seen.startswith(f"{kinds} different identifiers: r01")
        assert not any(number in repr(found) for number in numbers)
    assert not any(number in repr(found) for number in numbers)


def test_the_problem_names_the_recordings_by_patient():
    (told,) = whose_of([("7001",)], [("7002",)], [], [("7001",)]).problems
    assert (told.code, told.severity) == ("E_INTAKE_009", Severity.ERROR)
    assert told.seen == "2 different identifiers: r01, r04 against r02"
    assert told.cure


@pytest.mark.parametrize(
    ("stated", "n_patients"),
    [
        ([[("7001", "HOSP")], [("7001",)]], 1),  # many files name no issuer
        ([[("7001", "HOSP")], [("7001", "urn:oid:1.2")], [("7001", "")]], 1),  # DICOM and FHIR name a house differently
        ([[("7001", "HOSP")], [("7001", "CLINIC")]], 2),
        ([[("7001", "HOSP")], [("7001", "hosp ")]], 1),
        ([[("7001", "http://a")], [("7001", "http://b")]], 2),
        ([[("7001",), ("8001",)], [("8001",)]], 1),  # a record with two numbers
        ([[("7001",), ("8001",)], [("8001",)], [("7001",)]], 1),
        ([[("7001",)], [("8001",)], [("7001",), ("8001",)]], 1),
        ([[("7001",), ("8001",)], [("9001",)]], 2),
    ],
)
def test_issuers_and_several_numbers(stated, n_patients):
    found = whose_of(*stated)
    assert (found.patient is None) == (n_patients == 2) == bool(found.problems)


def test_the_key_follows_from_what_most_recordings_state():
    both = [("8001", "urn:x"), ("7001", "urn:y")]
    assert whose_of(both, [("7001", "HOSP")]).patient == patient_id("7001", "HOSP")
    assert whose_of([("7001",)], both).patient == patient_id("7001", "urn:y")
    assert whose_of(both).patient == patient_id("8001", "urn:x")


def test_studies_of_one_patient_are_linked_and_no_others(site):
    first, second, third = (
        drop_of(site, name, number) for name, number in (("a", "00642341"), ("b", "642341"), ("c", "77"))
    )
    other, none = drop_of(site, "d", "642342"), drop_of(site, "e", "ANONYMOUS")
    assert key_of(site, first.study_id) == key_of(site, second.study_id) is not None
    assert key_of(site, other.study_id) not in {None, key_of(site, first.study_id)}
    assert key_of(site, third.study_id) is None
    assert key_of(site, none.study_id) is None


def test_the_key_is_not_to_be_had_without_the_sites_key(tmp_path, site):
    taken = drop_of(site, "a", "642341")
    again = drop_of_with_another_key(site)
    assert key_of(site, taken.study_id) != key_of(site, again.study_id)


def drop_of_with_another_key(site):
    site.settings["key"] = b"j" * 32
    return drop_of(site, "b", "642341")


def test_two_patients_in_one_drop_are_told_and_not_linked(site):
    taken = drop_of(site, "a", "642341", "642342")
    assert taken.fate is Fate.REGISTERED
    row = site.registry.get(taken.study_id)
    assert [p.code for p in row.problems] == [p.code for p in taken.problems] == ["E_INTAKE_009"]
    assert not site.priors.is_linked(taken.study_id)


def test_a_late_file_of_another_patient_makes_the_study_nobodys(site):
    first, earlier = drop_of(site, "a", "642341"), drop_of(site, "b", "642341")
    site.drop("b/late.csv", "ECG late\nPATIENT 642342")
    (second,) = site.settle().accepted
    assert (second.study_id, second.revision) == (earlier.study_id, 2)
    assert "E_INTAKE_009" in {p.code for p in second.problems}
    assert key_of(site, second.study_id) != key_of(site, first.study_id)


def test_a_late_file_tells_whose_the_study_is(site):
    first = drop_of(site, "a", None)
    assert key_of(site, first.study_id) is None
    site.drop("a/late.csv", "ECG late\nPATIENT 642341")
    site.settle()
    assert key_of(site, first.study_id) == key_of(site, drop_of(site, "b", "642341").study_id)


def test_killed_between_registration_and_link_the_next_scan_links(site, tmp_path, monkeypatch):
    site.drop("a/1.csv", "ECG 1\nPATIENT 642341")
    site.scan()
    site.now += 11
    url = str(site.registry._engine.url)

    def run():
        monkeypatch.setattr(PriorStore, "link", lambda *_: os._exit(9))
        Site(site.root, StudyRegistry(connect(url)), site.now, site.cursor, site.settings).scan()
        os._exit(0)

    child = FORK.Process(target=run)
    child.start()
    child.join(30)
    assert child.exitcode == 9
    (row,) = site.registry.pending()
    assert key_of(site, row.study.study_id) is None
    site.settle()
    assert len(site.registry.pending()) == 1
    assert key_of(site, row.study.study_id) is not None
    assert site.open_claims() == []


def test_a_database_that_fails_at_the_link_leaves_the_claim_to_the_next_scan(site, monkeypatch):
    def fail(*_):
        raise sa.exc.OperationalError("", {}, Exception())

    site.drop("a/1.csv", "ECG 1\nPATIENT 642341")
    site.scan()
    site.now += 11
    with monkeypatch.context() as patch:
        patch.setattr(PriorStore, "link", fail)
        with pytest.raises(sa.exc.OperationalError):
            site.scan()
    site.scan()
    (row,) = site.registry.pending()
    assert key_of(site, row.study.study_id) is not None


def test_the_number_is_in_no_file_log_or_message(site, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    number = "QZX-7741908"
    one, two = drop_of(site, "a", number), drop_of(site, "b", number, "QZX-7741909")
    told = repr((one, two, site.cursor, caplog.text, capfd.readouterr())).casefold()
    assert "7741908" not in told
    inputs = site.store / "inputs"
    written = [p for p in site.root.rglob("*") if p.is_file() and not p.is_relative_to(inputs)]
    assert any(p.name.endswith((".db", ".sqlite", "db")) for p in written)
    assert [p.name for p in written if b"7741908" in p.read_bytes()] == []


def test_the_command_line_tells_two_patients_too(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.csv").write_text(f"ECG {number}\nPATIENT 700{number}")
    means = {"sniff": sniff, "identify": identify, "limits": IntakeLimits()}
    _, _, problems = study_from_path(folder, workdir=tmp_path / "work", **means)
    assert [p.code for p in problems] == ["E_INTAKE_009"]
    (folder / "2.csv").write_text("ECG 2\nPATIENT 7001")
    assert study_from_path(folder, workdir=tmp_path / "more", **means)[2] == ()


def test_whoever_scans_makes_the_table_of_the_links():
    code = (
        "import cardio_dagster.intake.scan, sys\n"
        "from cardio_dagster.stores.database import metadata\n"
        "assert 'study_patients' in metadata.tables\n"
        "assert 'cardio_dagster.modalities' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
