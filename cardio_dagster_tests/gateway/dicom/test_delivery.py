"""From the inbox into the landing zone: whole studies, once, whoever dies when."""

import json
import os
import signal
import socket
import time

import pytest

from cardio_dagster.gateway.dicom.delivery import Courier
from cardio_dagster.gateway.dicom.header import read_instance
from cardio_dagster.gateway.dicom.inbox import Inbox, inbox_of
from cardio_dagster.gateway.dicom.receiver import owner_of
from cardio_dagster.gateway.landing import Landing
from cardio_dagster.intake.pseudonym import pseudonym
from cardio_dagster.settings import Settings
from cardio_dagster.study import Priority
from cardio_dagster_tests.gateway.dicom.devices import (
    OTHER,
    STUDY,
    association,
    chosen,
    instance,
    kept,
    process,
    receiving,
)


@pytest.fixture
def site(tmp_path):
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def inbox(site):
    return inbox_of(site, "dicom", chosen())


@pytest.fixture
def landing(site):
    return Landing.of(site)


def keep(inbox: Inbox, *datasets, sender="CART1"):
    for dataset in datasets:
        path = inbox.arriving / "x"
        dataset.save_as(path, enforce_file_format=True)
        inbox.keep(path, sender, read_instance(path))
        path.unlink()


def courier(inbox, landing, *, quiet_s=0.0, **options) -> Courier:
    return Courier(inbox, lambda: landing, door="dicom", quiet_s=lambda _: quiet_s, owner_of=owner_of, **options)


def dropped(landing) -> dict[str, list[str]]:
    folders = [folder for folder in landing.folder.iterdir() if not folder.name.startswith(".")]
    return {folder.name: sorted(path.name for path in folder.iterdir()) for folder in folders}


def test_a_quiet_study_is_dropped_whole_under_its_uid(inbox, landing):
    keep(inbox, instance(1), instance(2), instance(3, study=OTHER))
    assert courier(inbox, landing).sweep() == 2
    assert dropped(landing) == {STUDY: [".complete", "9.8.1.dcm", "9.8.2.dcm"], OTHER: [".complete", "9.8.3.dcm"]}
    assert kept(inbox) == {}
    assert not list((inbox.folder / "closed").iterdir())


def test_the_job_is_the_devices_and_finds_the_study(inbox, landing):
    keep(inbox, instance(1))
    courier(inbox, landing).sweep()
    with landing._jobs._engine.connect() as connection:
        (row,) = connection.exec_driver_sql("select owner, door, source, files from jobs").all()
    assert row == ("ae:CART1", "dicom", pseudonym(landing._ledger.key, STUDY), 1)


def test_a_study_that_still_comes_is_waited_for(inbox, landing):
    keep(inbox, instance(1))
    assert courier(inbox, landing, quiet_s=60.0).sweep() == 0
    assert kept(inbox) == {STUDY: {"9.8.1.dcm"}}


def test_an_open_association_holds_its_study(tmp_path):
    with receiving(tmp_path, quiet_s=0.2, open_quiet_s=7.0) as (port, inbox, receiver):
        with association(port) as device:
            assert device.send_c_store(instance(1)).Status == 0
            (batch,) = inbox.waiting()
            assert receiver.quiet_s(batch) == 7.0
        until = time.monotonic() + 10
        while receiver.quiet_s(batch) != 0.2:
            assert time.monotonic() < until
            time.sleep(0.02)


def test_a_late_batch_waits_until_the_earlier_one_was_taken(inbox, landing):
    keep(inbox, instance(1))
    carrier = courier(inbox, landing)
    carrier.sweep()
    keep(inbox, instance(2))
    assert carrier.sweep() == 0
    (landing.folder / STUDY).rename(landing.folder / ".taken")
    assert carrier.sweep() == 1
    assert dropped(landing) == {STUDY: [".complete", "9.8.2.dcm"]}


@pytest.mark.parametrize(
    ("of_the_device", "elements", "expected"),
    [
        (None, {}, None),
        (None, {"RequestedProcedurePriority": "STAT"}, "stat"),
        (None, {"RequestedProcedurePriority": "ROUTINE"}, None),
        (None, {"StudyPriorityID": "HIGH"}, "urgent"),
        (Priority.URGENT, {}, "urgent"),
        (Priority.URGENT, {"RequestedProcedurePriority": "STAT"}, "stat"),
        (Priority.STAT, {"StudyPriorityID": "HIGH"}, "stat"),
    ],
)
def test_priority_is_the_soonest_of_device_and_instances(inbox, landing, of_the_device, elements, expected):
    keep(inbox, instance(1), instance(2, **elements))
    courier(inbox, landing, priority_of=lambda _: of_the_device).sweep()
    control = landing.folder / STUDY / "study.json"
    assert (json.loads(control.read_text())["priority"] if control.exists() else None) == expected


def test_odd_titles_are_no_paths_and_stay_what_they_are(inbox):
    keep(inbox, instance(1), sender="../A ~1/")
    (batch,) = inbox.waiting()
    assert batch.sender == "../A ~1/"
    assert batch.folder.parent == inbox.folder / "open"


def test_one_study_that_cannot_be_delivered_blocks_no_other(inbox, landing, monkeypatch):
    keep(inbox, instance(1), instance(2, study=OTHER))
    deliver = Landing.deliver

    def failing(self, files, **options):
        if options["name"] == STUDY:
            raise OSError(28, "full")
        return deliver(self, files, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Landing, "deliver", failing)
        assert courier(inbox, landing).sweep() == 1
    assert kept(inbox) == {STUDY: {"9.8.1.dcm"}}
    assert courier(inbox, landing).sweep() == 1
    assert set(dropped(landing)) == {STUDY, OTHER}


def test_death_between_delivery_and_removal_delivers_again(inbox, landing, monkeypatch):
    keep(inbox, instance(1))

    def dying(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Inbox, "remove", dying)
    with pytest.raises(KeyboardInterrupt):
        courier(inbox, landing).sweep()
    assert dropped(landing) == {STUDY: [".complete", "9.8.1.dcm"]}
    assert kept(inbox) == {STUDY: {"9.8.1.dcm"}}  # and intake knows the content


def test_two_couriers_do_not_meet(inbox, landing):
    from cardio_dagster.intake.moving import try_lock

    keep(inbox, instance(1))
    other = try_lock(inbox.folder / ".sweep")
    assert courier(inbox, landing).sweep() == 0
    os.close(other)
    assert courier(inbox, landing).sweep() == 1


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_at_any_moment_every_acknowledged_instance_is_delivered(tmp_path, landing):
    """Send while the receiver is killed again and again; what was answered with 0x0000 arrives, and nothing half."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    acknowledged: dict[str, set[str]] = {}
    number = 0
    for after in (1, 5):  # instances before the kill
        with process(tmp_path, port, CARDIO_DICOM_QUIET_S="0.3") as receiver:
            _wait_for(port)
            with association(port) as device:
                for _ in range(after):
                    number += 1
                    study = f"1.2.3.{number % 3 + 1}"
                    if device.send_c_store(instance(number, study=study, size_bytes=50_000)).get("Status") == 0:
                        acknowledged.setdefault(study, set()).add(f"9.8.{number}.dcm")
                os.kill(receiver.pid, signal.SIGKILL)
                receiver.wait()
    assert sum(map(len, acknowledged.values())) == number
    arrived: dict[str, set[str]] = {}
    with process(tmp_path, port, CARDIO_DICOM_QUIET_S="0.3") as receiver:
        until = time.monotonic() + 200
        while arrived != acknowledged:
            assert time.monotonic() < until, (arrived, acknowledged)
            time.sleep(0.1)
            for study, names in dropped(landing).items():
                arrived.setdefault(study, set()).update(names)
                arrived[study] -= {".complete"}
                (landing.folder / study).rename(landing.folder / f".taken-{time.monotonic_ns()}")
        receiver.terminate()
        assert receiver.wait(20) == 0
    for folder in landing.folder.glob(".taken-*"):
        for path in folder.glob("*.dcm"):
            assert read_instance(path).sop_uid == path.stem
            assert path.stat().st_size > 50_000


def _wait_for(port):
    until = time.monotonic() + 200
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the receiver did not start")


def test_a_second_receiver_on_the_same_folder_says_so(tmp_path, inbox):
    from cardio_dagster.intake.moving import try_lock

    held = try_lock(inbox.folder / ".owner")
    with process(tmp_path, 0) as second:
        assert second.wait(60) != 0
    os.close(held)
    assert "another DICOM receiver" in (tmp_path / "log").read_text()
