"""A scanner that dies at any moment loses nothing and registers nothing twice; neither do two at once.

The child dies by `os._exit` (no handler, no clean-up, as with SIGKILL) right before its
n-th change of the file system or statement to the database, for every n until it lives.
"""

import errno
import multiprocessing
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.studies import StudyRegistry
from cardio_dagster_tests.intake.conftest import Site, make_site

FORK = multiprocessing.get_context("fork")
CHANGES = {"os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"}
FOLDER = {"p/good.csv": "ECG 1", "p/empty.csv": "", "p/.complete": ""}
LOOSE = {"x.hea": "HEA x.dat", "x.dat": "signal", "x.complete": ""}


def die_at(site, count):
    """Scan in this process, a child, and exit without a word at the change number `count`."""
    changes = iter(range(count + 1))

    def step(*_):
        if next(changes, None) == count:
            os._exit(9)

    def audit(event, arguments):
        if event in CHANGES or (event == "open" and "w" in str(arguments[1])):
            step()

    sa.event.listen(connect(site.settings.pop("url")), "before_cursor_execute", step)
    sys.addaudithook(audit)
    site.scan()
    os._exit(0)


def scan_and_die(site, url, count):
    child_site = Site(site.root, None, site.now, site.cursor, {**site.settings, "url": url})

    def run():
        child_site.registry = StudyRegistry(connect(url))
        die_at(child_site, count)

    child = FORK.Process(target=run)
    child.start()
    child.join(30)
    assert child.exitcode in {0, 9}
    return child.exitcode == 9


def crash_everywhere(tmp_path, drop, check, *, prepare=lambda site: None, stride=1, expects_duplicates=False):
    """Run `drop`, a scan that dies at change n, a scan that lives, and `check`, for all n."""
    template = tmp_path / "template"
    template.mkdir()
    prepare(make_site(template, f"sqlite:///{template}/db"))
    connect(f"sqlite:///{template}/db").dispose()
    for count in range(0, 1000, stride):
        root = tmp_path / str(count)
        shutil.copytree(template, root)
        url = f"sqlite:///{root}/db"
        site = Site(root, StudyRegistry(connect(url)), settings={"limits": IntakeLimits()})
        drop(site)
        died = scan_and_die(site, url, count)
        site.settle()
        check(site)
        assert site.open_claims() == []
        built = {path.relative_to(site.store) for path in site.store.glob("inputs/*/*")}
        registered = {
            row.input_path for found in site.registry.pending() for row in site.registry.history(found.study.study_id)
        }
        assert {str(path) for path in built} == registered
        assert site.reasons("duplicates") == [] or expects_duplicates
        connect(url).dispose()
        if not died:
            return count
    raise AssertionError("the scan never came to its end")


def drop_all(files):
    def drop(site):
        for name in sorted(files, key=lambda name: "complete" in name):
            site.drop(name, files[name])

    return drop


@pytest.mark.slow
def test_a_folder_survives_a_death_at_any_step(tmp_path):
    def check(site):
        (row,) = site.registry.pending()
        assert [r.path for r in row.study.recordings] == ["good.csv"]
        assert [p.code for p in row.problems] == ["E_INTAKE_005"]
        assert (row.folder(site.store) / "good.csv").read_text() == "ECG 1"
        assert site.codes() == ["E_INTAKE_005"]
        assert list(site.landing.iterdir()) == []

    assert crash_everywhere(tmp_path, drop_all(FOLDER), check) > 20


@pytest.mark.slow
def test_loose_files_stay_together_through_a_death_at_any_step(tmp_path):
    def check(site):
        (row,) = site.registry.pending()
        assert [(r.path, r.companions) for r in row.study.recordings] == [("x.hea", ("x.dat",))]
        assert row.study.revision == 1

    assert crash_everywhere(tmp_path, drop_all(LOOSE), check) > 20


def test_a_late_file_survives_a_death_at_any_step(tmp_path):
    def prepare(site):
        drop_all(FOLDER)(site)
        site.scan()

    def check(site):
        (row,) = site.registry.pending()
        assert row.study.revision == 2
        assert [r.path for r in row.study.recordings] == ["good.csv", "late.csv"]
        assert all((row.folder(site.store) / r.path).exists() for r in row.study.recordings)

    crash_everywhere(tmp_path, drop_all({"p/late.csv": "ECG 2", "p/.complete": ""}), check, prepare=prepare, stride=4)


def test_a_duplicate_survives_a_death_at_any_step(tmp_path):
    def prepare(site):
        drop_all(FOLDER)(site)
        site.scan()

    def check(site):
        (row,) = site.registry.pending()
        assert row.study.revision == 1
        assert list(site.files("quarantine", "duplicates").values()).count(b"ECG 1") == 1

    crash_everywhere(
        tmp_path,
        drop_all({"q/good.csv": "ECG 1", "q/.complete": ""}),
        check,
        prepare=prepare,
        stride=4,
        expects_duplicates=True,
    )


@pytest.fixture
def two_file_systems(monkeypatch):
    """Let no rename pass from the landing folder into the store, as between two file systems."""
    rename = Path.rename

    def refuse(self, target):
        if "landing" in self.parts and "store" in Path(target).parts:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)


@pytest.mark.slow
@pytest.mark.usefixtures("two_file_systems")
def test_between_file_systems_nothing_is_lost_by_a_death_at_any_step(tmp_path):
    def check(site):
        (row,) = site.registry.pending()
        assert [(r.path, r.companions) for r in row.study.recordings] == [("x.hea", ("x.dat",))]
        assert list(site.landing.iterdir()) == []

    crash_everywhere(tmp_path, drop_all(LOOSE), check, stride=2)


@pytest.mark.usefixtures("two_file_systems")
def test_links_and_pipes_are_refused_between_file_systems_too(site):
    site.drop("p/good.csv", "ECG 1")
    (site.landing / "p" / "link").symlink_to("/etc/passwd")
    os.mkfifo(site.landing / "p" / "pipe")
    assert len(site.settle().accepted) == 1
    assert site.codes() == ["E_INTAKE_003", "E_INTAKE_003"]


@pytest.mark.usefixtures("two_file_systems")
def test_what_cannot_be_copied_stays_in_the_landing_folder(site, monkeypatch):
    from cardio_dagster.intake import moving

    real = moving.copy_file

    def refuse(source, target):
        if source.name == "locked.csv":
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(moving, "copy_file", refuse)
    site.drop("p/good.csv", "ECG 1")
    site.drop("p/locked.csv", "ECG 2")
    assert len(site.settle().accepted) == 1
    assert "locked.csv" in [p.name for p in site.landing.rglob("*.csv")]
    assert site.settle().accepted == ()


def test_a_new_drop_under_a_dead_claims_name_is_not_swallowed_by_it(tmp_path):
    """The scanner dies with `p` claimed; a new `p` with another file comes before the next scan."""
    total = None
    for count in range(0, 200, 5):
        root = tmp_path / str(count)
        root.mkdir()
        url = f"sqlite:///{root}/db"
        site = make_site(root, url)
        drop_all(LOOSE)(site)
        died = scan_and_die(site, url, count)
        site.drop("x.dat", "another signal")
        site.settle()
        site.settle()
        contents = site.kept()
        assert {b"another signal", b"HEA x.dat"} <= contents
        total = count
        connect(url).dispose()
        if not died:
            break
    assert total > 20


def scan_until_empty(root, url, number):
    patient = replace(IntakeLimits(), max_attempts=1000)  # a drop is not to blame for who kills its scanners
    site = Site(root, StudyRegistry(connect(url)), settings={"limits": patient})
    for _ in range(50):
        result = site.scan(budget_s=0.05)
        if result.waiting == 0 and not result.more:
            break
    os._exit(0)


def drop_many(site, count):
    for number in range(count):
        site.drop(f"p{number}/ecg.csv", f"ECG {number}")
        site.drop(f"p{number}/.complete", "")


def check_each_once(site, count):
    rows = site.registry.pending()
    assert len(rows) == count
    assert {row.study.revision for row in rows} == {1}
    stored = sorted((row.folder(site.store) / "ecg.csv").read_text() for row in rows)
    assert stored == sorted(f"ECG {number}" for number in range(count))
    assert not (site.store / "quarantine").exists()
    assert list(site.landing.iterdir()) == []


def test_scanners_at_once_take_each_candidate_once(tmp_path, database_url):
    site = make_site(tmp_path, database_url)
    drop_many(site, 40)
    children = [FORK.Process(target=scan_until_empty, args=(tmp_path, database_url, n)) for n in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    site.scan()
    check_each_once(site, 40)


def test_scanners_killed_again_and_again_lose_nothing(tmp_path, database_url):
    site = make_site(tmp_path, database_url)
    drop_many(site, 60)
    for round_number in range(12):
        child = FORK.Process(target=scan_until_empty, args=(tmp_path, database_url, round_number))
        child.start()
        time.sleep(0.03 + 0.01 * round_number)
        os.kill(child.pid, signal.SIGKILL)
        child.join(30)
    site.scan(limits=replace(IntakeLimits(), max_attempts=1000))
    check_each_once(site, 60)
    assert site.open_claims() == []


def test_the_same_content_taken_by_scanners_at_once_is_registered_once(tmp_path, database_url):
    site = make_site(tmp_path, database_url)
    for number in range(12):
        site.drop(f"p{number}/ecg.csv", "ECG the same")
        site.drop(f"p{number}/.complete", "")
    children = [FORK.Process(target=scan_until_empty, args=(tmp_path, database_url, n)) for n in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    site.scan()
    (row,) = site.registry.pending()
    assert (row.folder(site.store) / "ecg.csv").exists()
    assert len(site.reasons("duplicates")) == 11
    assert len(list((site.store / "inputs").glob("*/*"))) == 1


@pytest.mark.parametrize("ticket", ["claim.json", "taken.json"])
def test_a_ticket_emptied_by_a_power_cut_loses_no_file(site, ticket):
    claim = site.store / "claims" / "c-0123456789abcdef"
    (claim / "files").mkdir(parents=True)
    (claim / "files" / "ecg.csv").write_text("ECG 1")
    (claim / ticket).touch()
    (taken,) = site.scan().accepted
    assert (site.registry.get(taken.study_id).folder(site.store) / "ecg.csv").read_text() == "ECG 1"
    assert site.open_claims() == []


def test_a_drop_over_which_scanners_die_again_and_again_is_given_up(tmp_path, sqlite_url):
    site = make_site(tmp_path, sqlite_url)
    drop_all(FOLDER)(site)
    for _ in range(IntakeLimits().max_attempts):
        child = FORK.Process(target=_die_over_the_file, args=(tmp_path, sqlite_url))
        child.start()
        child.join(30)
        assert child.exitcode == 9
    site.scan()
    assert site.registry.pending() == ()
    assert site.codes() == ["E_RETRIES_001"]
    assert b"ECG 1" in site.files("quarantine").values()


def test_a_registration_that_lands_after_its_scanner_died_keeps_its_folder(site, monkeypatch):
    """The next scanner looks before the dead one's commit is there, and meets it when it registers itself."""
    real = site.registry.by_content
    site.drop("p/good.csv", "ECG 1")
    site.drop("p/.complete", "")
    with monkeypatch.context() as patched:
        patched.setattr("cardio_dagster.intake.accept.Acceptor._settle", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            site.scan()
    answers = iter([None])
    monkeypatch.setattr(site.registry, "by_claim", lambda claim: None)
    monkeypatch.setattr(site.registry, "by_source", lambda source: None)
    monkeypatch.setattr(site.registry, "by_content", lambda content: next(answers, real(content)))
    _forget_locks(site)
    (taken,) = site.scan().accepted
    row = site.registry.get(taken.study_id)
    assert (row.folder(site.store) / "good.csv").read_text() == "ECG 1"
    assert len(list((site.store / "inputs").glob("*/*"))) == 1


def _die_over_the_file(root, url):
    Site(root, StudyRegistry(connect(url))).scan(sniff=lambda path: os._exit(9))


def _interrupt(*_):
    raise KeyboardInterrupt


def _forget_locks(site):
    """Release the locks of this process, which lives on, as the death of a scanner would."""
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            if link.readlink().is_relative_to(site.store) and link.readlink().name == "lock":
                os.close(int(link.name))
