"""The way into the landing zone: whole or not at all, whoever dies when."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cardio_dagster.errors import DependencyError
from cardio_dagster.gateway import landing as module
from cardio_dagster.gateway.landing import DRAFT, UPLOAD, Landing, Part
from cardio_dagster.intake.landing import candidates, is_complete, signature
from cardio_dagster.settings import Settings
from cardio_dagster.study import Priority


@pytest.fixture
def landing(tmp_path):
    return Landing.of(Settings(data_dir=tmp_path / "data"))


def part(tmp_path, name="a.csv", content=b"1,2\n") -> Part:
    path = tmp_path / f"spooled-{name.replace('/', '-')}"
    path.write_bytes(content)
    return Part(name, path)


def deliver(landing, *parts, priority=None, **options):
    return landing.deliver(parts, priority=priority, owner="mk", door="http", **options)


def names(landing) -> list[str]:
    return sorted(p.name for p in landing.folder.iterdir())


def test_study_appears_complete_with_its_priority(landing, tmp_path):
    job = deliver(landing, part(tmp_path), part(tmp_path, "deep/b.csv"), priority=Priority.STAT)
    folder = landing.folder / job.job_id
    assert json.loads((folder / "study.json").read_text()) == {"priority": "stat"}
    assert (folder / "deep/b.csv").read_bytes() == b"1,2\n"
    (found,) = candidates(landing.folder, key=b"k")
    seen = signature(landing.folder, found)
    assert is_complete(landing.folder, found, None, seen, now_s=0.0, quiet_window_s=60.0)


def test_priority_left_open_leaves_room_for_that_of_a_zip(landing, tmp_path):
    job = deliver(landing, part(tmp_path))
    assert not (landing.folder / job.job_id / "study.json").exists()


def test_sender_keeps_its_files(landing, tmp_path):
    mine = part(tmp_path)
    deliver(landing, mine)
    assert mine.path.read_bytes() == b"1,2\n"


def test_intake_finds_nothing_before_all_is_there(landing, tmp_path, monkeypatch):
    seen = []
    build = module._build

    def looking(draft, parts, priority):
        build(draft, parts, priority)
        seen.append((names(landing), candidates(landing.folder, key=b"k")))

    monkeypatch.setattr(module, "_build", looking)
    job = deliver(landing, part(tmp_path))
    assert seen == [([f"{DRAFT}{job.job_id}"], ())]
    assert names(landing) == [job.job_id]


def test_request_key_used_again_delivers_nothing(landing, tmp_path):
    first = deliver(landing, part(tmp_path), request_key="once")
    assert deliver(landing, part(tmp_path), request_key="once") == first
    assert names(landing) == [first.job_id]
    other = landing.deliver([part(tmp_path)], priority=None, owner="someone", door="http", request_key="once")
    assert other.job_id != first.job_id


def test_one_request_key_at_once_from_many_threads_is_one_study(landing, tmp_path):
    mine, jobs = part(tmp_path), []
    threads = [threading.Thread(target=lambda: jobs.append(deliver(landing, mine, request_key="k"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job.job_id for job in jobs}) == 1
    assert len(jobs) == 8
    assert names(landing) == [jobs[0].job_id]


def test_drop_of_a_name_waits_for_the_earlier_one_and_never_mixes_with_it(landing, tmp_path, monkeypatch):
    deliver(landing, part(tmp_path), name="1.2.3")
    monkeypatch.setattr(module, "_PATIENCE_S", 0.2)
    with pytest.raises(DependencyError, match="not taken yet"):
        deliver(landing, part(tmp_path, "late.csv"), name="1.2.3")
    assert names(landing) == ["1.2.3"]
    assert not (landing.folder / "1.2.3/late.csv").exists()


@pytest.mark.parametrize("name", ["x", None])
def test_full_disk_leaves_nothing(landing, tmp_path, monkeypatch, name):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "link_or_copy", full)
    with pytest.raises(OSError, match="No space"):
        deliver(landing, part(tmp_path), name=name)
    assert names(landing) == []


DYING = """
import os, sys
from pathlib import Path
from cardio_dagster.gateway import landing as module
from cardio_dagster.settings import Settings
landing = module.Landing.of(Settings(data_dir=Path(sys.argv[1])))
where = sys.argv[2]
def die(*_, **__): os.kill(os.getpid(), 9)
if where == "build": module.link_or_copy = die
if where == "job": landing._jobs.add = die
if where == "place": landing._place = die
if where == "upload":
    with landing.spool() as folder:
        (folder / "000000").write_bytes(b"half")
        die()
landing.deliver([module.Part("a.csv", Path(sys.argv[3]))], priority=None, owner="mk", door="http", name=sys.argv[4] or None)
"""


@pytest.mark.parametrize(
    ("where", "name", "is_finished"),
    [("build", "", 0), ("job", "", 0), ("place", "", 1), ("place", "1.2.3", 0), ("upload", "", 0)],
)
def test_what_a_killed_process_left_is_finished_or_gone(landing, tmp_path, where, name, is_finished):
    mine = part(tmp_path)
    arguments = [str(tmp_path / "data"), where, str(mine.path), name]
    done = subprocess.run([sys.executable, "-c", DYING, *arguments], timeout=60, check=False, env={**os.environ})
    assert done.returncode == -9
    assert len(names(landing)) == 1
    assert names(landing)[0].startswith((DRAFT, UPLOAD))
    assert landing.recover() == is_finished
    assert len(names(landing)) == is_finished
    for job_id in names(landing):
        assert landing._jobs.get(job_id).owner == "mk"


def test_what_somebody_works_on_is_left_alone(landing):
    with landing.spool() as folder:
        (folder / "000000").write_bytes(b"half")
        assert landing.recover() == 0
        assert (folder / "000000").exists()
    assert names(landing) == []


def test_nothing_of_a_name_is_kept_with_the_job(landing, tmp_path):
    job = deliver(landing, part(tmp_path, "MUELLER^HANS.csv"), name="MUELLER^HANS")
    assert "MUELLER" not in repr(job)
    assert Path(landing.folder / "MUELLER^HANS").is_dir()
