"""What a stranger may drop: each kind gets its code, goes to quarantine whole, and spares the rest."""

import os
import zipfile
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.names import judge_name
from cardio_dagster_tests.intake.conftest import make_site, sniff

SMALL = replace(IntakeLimits(), max_file_mb=0.01, max_study_mb=0.02, max_files=4)


def make_link(site):
    (site.root / "secret").write_text("ECG secret")
    (site.landing / "p" / "bad").symlink_to(site.root / "secret")


def make_folder_link(site):
    (site.root / "outside").mkdir()
    (site.root / "outside" / "ecg.csv").write_text("ECG secret")
    (site.landing / "p" / "bad").symlink_to(site.root / "outside")


def make_pipe(site):
    os.mkfifo(site.landing / "p" / "bad")


HOSTILE = {
    "link": (make_link, "E_INTAKE_003"),
    "folder link": (make_folder_link, "E_INTAKE_003"),
    "dangling link": (lambda site: (site.landing / "p/bad").symlink_to("nowhere"), "E_INTAKE_003"),
    "pipe": (make_pipe, "E_INTAKE_003"),
    "control character": (lambda site: site.drop("p/a\nb.csv"), "E_INTAKE_004"),
    "folder with a control character": (lambda site: site.drop("p/a\x1b[2J/b.csv"), "E_INTAKE_004"),
    "direction override": (lambda site: site.drop("p/\u202egpj.csv"), "E_INTAKE_004"),
    "not UTF-8": (lambda site: site.drop(os.fsdecode(b"p/M\xfcller.csv")), "E_INTAKE_004"),
    "empty": (lambda site: site.drop("p/bad.csv", ""), "E_INTAKE_005"),
    "too large": (lambda site: site.drop("p/bad.csv", b"ECG" + bytes(11_000)), "E_HARD_004"),
    "not an archive": (lambda site: site.drop("p/bad.zip", "no archive at all"), "E_INTAKE_007"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_goes_to_quarantine_and_the_rest_is_accepted(site, kind):
    make, code = HOSTILE[kind]
    site.drop("p/good.csv", "ECG 1")
    make(site)
    result = site.settle(limits=SMALL)
    (taken,) = result.accepted
    assert [p.code for p in taken.problems] == [code]
    assert site.codes() == [code]
    assert result.quarantined == result.accepted
    row = site.registry.get(taken.study_id)
    assert [r.path for r in row.study.recordings] == ["good.csv"]
    assert row.problems == taken.problems
    assert len(list((site.store / "quarantine").glob("c-*/*/content/*"))) == 1
    assert not any("secret" in content.decode(errors="replace") for content in site.files().values())


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_drop_with_nothing_else_goes_to_quarantine_whole(site, kind):
    make, code = HOSTILE[kind]
    (site.landing / "p").mkdir()
    make(site)
    result = site.settle(limits=SMALL)
    assert result.accepted == ()
    assert [p.code for p in result.quarantined[0].problems] == [code]
    assert site.codes() == [code]
    assert (list(site.landing.iterdir()), site.open_claims()) == ([], [])


def test_hostile_entries_of_the_landing_folder_itself(site):
    (site.landing / "link").symlink_to("/etc")
    os.mkfifo(site.landing / "pipe")
    site.drop("bad\nname/ecg.csv", "ECG 1")
    site.drop("good/ecg.csv", "ECG 2")
    assert len(site.settle().accepted) == 1
    assert site.codes() == ["E_INTAKE_003", "E_INTAKE_003", "E_INTAKE_004"]
    assert list(site.landing.iterdir()) == []


def test_a_folder_whose_own_name_is_not_utf8_is_accepted(site):
    site.drop(os.fsdecode(b"M\xfcller/ecg.csv"), "ECG 1")
    assert len(site.settle().accepted) == 1


def test_a_file_that_cannot_be_read_is_refused(site, monkeypatch):
    def refuse(path):
        if path.name == "locked.csv":
            raise PermissionError(13, "Permission denied")
        return real(path)

    from cardio_dagster.intake import files

    real = files.hash_file
    monkeypatch.setattr(files, "hash_file", refuse)
    site.drop("p/good.csv", "ECG 1")
    site.drop("p/locked.csv", "ECG 2")
    (taken,) = site.settle().accepted
    assert [(p.code, p.seen) for p in taken.problems] == [("E_INTAKE_006", "PermissionError")]


def test_a_file_that_changes_while_it_is_read_is_refused(site, monkeypatch):
    import hashlib

    path = site.drop("p/growing.csv", "ECG 1")
    real = hashlib.file_digest

    def grow(file, name):
        digest = real(file, name)
        with open(file.fileno(), "rb", closefd=False), path_of(site).open("ab") as same:
            same.write(b"more")
        return digest

    def path_of(site):
        return next((site.store / "claims").glob("c-*/files/p/growing.csv"))

    monkeypatch.setattr("cardio_dagster.intake.files.hashlib.file_digest", grow)
    assert path.exists()
    result = site.settle()
    assert [p.code for p in result.quarantined[0].problems] == ["E_INTAKE_006"]


@pytest.mark.parametrize(("files", "size"), [(5, 10), (3, 9000)])
def test_a_study_over_the_limits_goes_to_quarantine_whole(site, files, size):
    for number in range(files):
        site.drop(f"p/{number}.csv", b"ECG%d" % number + bytes(size))
    result = site.settle(limits=SMALL)
    assert result.accepted == ()
    assert site.codes() == ["E_HARD_004"]
    assert len(site.files("quarantine")) == files + 1


def test_a_folder_of_hidden_files_only_says_that_nothing_can_be_read(site):
    site.drop("p/.DS_Store", "x")
    site.settle()
    assert site.codes() == ["E_HARD_001"]


def test_companions_outside_the_study_are_never_taken(site):
    (site.root / "secret.dat").write_text("secret")
    site.drop("p/x.hea", "HEA ../../secret.dat")
    (taken,) = site.settle().accepted
    (recording,) = site.registry.get(taken.study_id).study.recordings
    assert recording.companions == ()


def test_a_deep_folder_is_refused_without_a_crash(site):
    site.drop("p/good.csv", "ECG 1")
    site.drop("p/" + "d/" * 200 + "bad.csv", "ECG 2")
    assert len(site.settle().accepted) == 1
    assert site.codes() == ["E_INTAKE_001"]


NAMES = st.text(st.characters(exclude_characters="/\x00"), min_size=1, max_size=40).filter(
    lambda name: (
        name not in {".", ".."} and len(os.fsencode(name.encode(errors="surrogatepass").decode(errors="replace"))) < 200
    )
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(folder=NAMES, names=st.dictionaries(NAMES, st.integers(0, 10**9), min_size=1, max_size=3))
def test_whatever_the_names_no_byte_is_lost_and_nothing_stops(tmp_path_factory, folder, names):
    root = tmp_path_factory.mktemp("site")
    site = make_site(root, f"sqlite:///{root}/db")
    contents = set()
    for name, number in names.items():
        try:
            site.drop(f"{folder}/{name}", f"ECG {number}")
        except (OSError, UnicodeEncodeError):
            continue  # no such name on this file system
        contents.add(f"ECG {number}".encode())
    result = site.settle()
    assert contents <= site.kept()
    assert result.postponed == 0
    assert folder.startswith(".") or folder.endswith(".complete") or not site.open_claims()


@given(st.text(min_size=1, max_size=60))
def test_a_name_that_passes_stays_inside_and_can_be_shown(name):
    if judge_name(name) is None:
        inside = os.path.normpath(os.path.join("/base", name))  # noqa: PTH118  (text only)
        assert inside.startswith("/base/")
        assert name.encode()
        assert not any(ord(character) < 32 for character in name)


def test_archives_are_unpacked_and_their_bad_members_kept_in_quarantine(site):
    with zipfile.ZipFile(site.landing / "p.zip", "w") as archive:
        archive.writestr("p/ecg.csv", "ECG 1")
        archive.writestr("../../escape.csv", "ECG 2")
    (taken,) = site.settle().accepted
    assert [r.path for r in site.registry.get(taken.study_id).study.recordings] == ["../../escape.csv", "ecg.csv"][1:]
    assert site.codes() == ["E_INTAKE_001"]
    assert [name for name in site.files("quarantine") if name.endswith("p.zip")]
    assert not list(site.root.rglob("escape.csv"))


def test_an_archive_and_a_folder_of_the_same_files_are_one_study(site):
    site.drop("p/ecg.csv", "ECG 1")
    (first,) = site.settle().accepted
    with zipfile.ZipFile(site.landing / "q.zip", "w") as archive:
        archive.writestr("q/ecg.csv", "ECG 1")
    assert [t.study_id for t in site.settle().duplicates] == [first.study_id]


def test_archives_inside_a_folder_are_opened_once_but_not_twice(site):
    inner = site.root / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("deep.csv", "ECG deep")
    site.drop("p/a.csv", "ECG 1")
    with zipfile.ZipFile(site.landing / "p" / "more.zip", "w") as archive:
        archive.writestr("b.csv", "ECG 2")
        archive.write(inner, "inner.zip")
    (taken,) = site.settle().accepted
    paths = sorted(r.path for r in site.registry.get(taken.study_id).study.recordings)
    assert paths == ["a.csv", "more.zip/b.csv"]
    assert [p.code for p in taken.problems] == ["E_INTAKE_002"]
    assert sniff(inner) is None
