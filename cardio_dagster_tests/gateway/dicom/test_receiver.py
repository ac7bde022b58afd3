"""The receiver on a real port: who may send, what is answered, what is on disk then."""

import logging
import re
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from pydicom import dcmread
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode
from pynetdicom.pdu import P_DATA_TF

from cardio_dagster.gateway.dicom import inbox as inbox_module
from cardio_dagster.gateway.dicom.classes import CLASSES, SYNTAXES
from cardio_dagster.modalities.echo.formats.dicom.codecs import _DECODERS
from cardio_dagster.modalities.echo.formats.dicom.film import is_film
from cardio_dagster.modalities.echo.formats.dicom.read import NATIVE
from cardio_dagster.modalities.echo.sniff import ULTRASOUND_SOP_CLASSES
from cardio_dagster_tests.gateway.dicom.devices import CT, OTHER, STUDY, association, instance, kept, receiving, send

# pynetdicom leaves the socket of an association that broke off to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")


def test_every_syntax_and_class_that_the_pipeline_reads_is_taken():
    assert {str(uid) for uid in (*NATIVE, *_DECODERS)} <= SYNTAXES
    assert all(uid in NATIVE or uid in _DECODERS or is_film(uid) for uid in SYNTAXES)
    assert ULTRASOUND_SOP_CLASSES <= CLASSES


def test_acknowledged_instances_lie_in_the_inbox_as_they_were_sent(tmp_path):
    sent = instance(1, size_bytes=300_000)
    with receiving(tmp_path) as (port, inbox, _):
        assert send(port, sent, instance(2), instance(3, study=OTHER)) == [0, 0, 0]
        assert kept(inbox) == {STUDY: {"9.8.1.dcm", "9.8.2.dcm"}, OTHER: {"9.8.3.dcm"}}
        assert not list(inbox.arriving.iterdir())
        (batch,) = [b for b in inbox.waiting() if b.study_uid == STUDY]
        found = dcmread(batch.files[0])
    assert found == sent
    assert found[0x00091010].value == b"\1" * 300_000


def test_echo_is_answered(tmp_path):
    with receiving(tmp_path) as (port, _, _), association(port) as device:
        assert device.send_c_echo().Status == 0


@pytest.mark.parametrize(
    ("peers", "calling", "called", "is_taken"),
    [
        ("", "ANY", "CARDIO", True),  # without a list: whoever is on this machine
        ("CART1", "CART1", "CARDIO", True),
        ("CART1", "CART2", "CARDIO", False),
        ("CART1", "CART1", "OTHER", False),
        ("CART1@127.0.0.1=stat", "CART1", "CARDIO", True),
        ("CART1@10.0.0.5", "CART1", "CARDIO", False),
    ],
)
def test_only_listed_devices_that_mean_us_associate(tmp_path, peers, calling, called, is_taken):
    with receiving(tmp_path, peers=peers) as (port, _, _), association(port, calling=calling, called=called) as device:
        assert device.is_established is is_taken
        assert device.is_rejected is not is_taken


def test_without_a_list_nobody_from_elsewhere_associates(tmp_path):
    with receiving(tmp_path) as (_, _, receiver):
        assert receiver._may_call("CART1", "127.0.0.1")
        assert not receiver._may_call("CART1", "10.0.0.5")


def test_other_classes_are_refused_at_negotiation(tmp_path):
    with receiving(tmp_path) as (port, _, _), association(port, sop_class=CT) as device:
        assert [context.abstract_syntax for context in device.accepted_contexts] == ["1.2.840.10008.1.1"]
        assert [context.abstract_syntax for context in device.rejected_contexts] == [CT]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"StudyInstanceUID": None}, 0xC000),
        ({"StudyInstanceUID": "../../etc"}, 0xC000),
        ({"StudyInstanceUID": "1." * 40}, 0xC000),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_an_instance_without_a_place_is_refused(tmp_path, changes, status):
    with receiving(tmp_path) as (port, inbox, _):
        assert send(port, instance(1, **changes), instance(2)) == [status, 0]
        assert kept(inbox) == {STUDY: {"9.8.2.dcm"}}


def test_a_dataset_of_another_instance_than_announced_is_refused(tmp_path):
    lying = instance(1)
    lying.file_meta.MediaStorageSOPInstanceUID = (
        "9.9.9"  # what pynetdicom announces is the dataset's: change that below
    )
    with receiving(tmp_path) as (port, inbox, _), association(port) as device:
        pdus = _store_pdus(device, instance(1), announced="9.9.9")
        device._reactor_checkpoint.clear()  # or the device's own thread takes the answer
        _wait(lambda: device._is_paused)
        device.dul.socket.socket.sendall(b"".join(pdus))
        _, message = device.dimse.get_msg(block=True)
        device._reactor_checkpoint.set()
        assert message.Status == 0xA900
        assert not kept(inbox)


def test_out_of_resources_on_a_full_disk_and_for_a_study_too_large(tmp_path, monkeypatch):
    with receiving(tmp_path, max_instances=2) as (port, inbox, _):
        assert send(port, instance(1), instance(2), instance(3), instance(4, study=OTHER)) == [0, 0, 0xA700, 0]
        monkeypatch.setattr(inbox, "_room", inbox_module.Room(100, 1 << 40, 1 << 60))
        assert send(port, instance(5)) == [0xA700]
        assert kept(inbox) == {STUDY: {"9.8.1.dcm", "9.8.2.dcm"}, OTHER: {"9.8.4.dcm"}}


def test_a_failing_disk_is_never_success(tmp_path, monkeypatch):
    def failing(_):
        raise OSError(5, "gone")

    with receiving(tmp_path) as (port, _, _):
        monkeypatch.setattr(inbox_module, "sync_folder", failing)
        assert send(port, instance(1)) == [0xA700]


def test_the_same_instance_again_is_one_file_and_another_content_both(tmp_path):
    with receiving(tmp_path) as (port, inbox, _):
        assert send(port, instance(1), instance(1), instance(1, size_bytes=50), instance(1, size_bytes=50)) == [0] * 4
        names = sorted(kept(inbox)[STUDY])
    assert len(names) == 2
    assert re.fullmatch(r"9\.8\.1-[0-9a-f]{16}\.dcm", names[0])


def test_a_broken_association_leaves_what_was_acknowledged_and_no_half(tmp_path):
    with receiving(tmp_path) as (port, inbox, receiver):
        with association(port) as device:
            assert device.send_c_store(instance(1)).Status == 0
            device.abort()
        _half(port, instance(2, size_bytes=200_000))
        _wait(lambda: not receiver._talks and not list(inbox.arriving.iterdir()))
        assert kept(inbox) == {STUDY: {"9.8.1.dcm"}}


def test_an_endless_instance_is_cut_off(tmp_path):
    with receiving(tmp_path, max_file_bytes=100_000) as (port, inbox, receiver):
        with association(port) as device:
            assert device.send_c_store(instance(1, size_bytes=3_000_000)).get("Status") is None
            _wait(lambda: not device.is_established)
        _wait(lambda: not receiver._talks and not list(inbox.arriving.iterdir()))
        assert send(port, instance(2)) == [0]
        assert kept(inbox) == {STUDY: {"9.8.2.dcm"}}


def test_many_devices_at_once(tmp_path):
    with receiving(tmp_path) as (port, inbox, _), ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(send, port, *(instance(10 * n + k) for k in range(3))) for n in range(8)]
        assert [job.result() for job in jobs] == [[0, 0, 0]] * 8
        assert len(kept(inbox)[STUDY]) == 24


def test_log_has_titles_and_counts_and_no_patient(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with receiving(tmp_path) as (port, _, receiver):
        send(port, instance(1), instance(2, StudyInstanceUID=None))
        _wait(lambda: not receiver._talks)
    text = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("cardio"))
    assert "an association of CART1 ended: 1 stored, 1 refused" in text
    for private in ("Doe", "4711", STUDY, "9.8.1"):
        assert private not in text


@pytest.mark.skipif(shutil.which("storescu") is None, reason="dcmtk is not installed (apt install dcmtk)")
def test_dcmtk_echoes_and_stores(tmp_path):
    instance(1).save_as(tmp_path / "x.dcm", enforce_file_format=True)
    with receiving(tmp_path, peers="CART1") as (port, inbox, _):
        ours = ["-aet", "CART1", "-aec", "CARDIO", "127.0.0.1", str(port)]
        assert subprocess.run(["echoscu", *ours], check=False).returncode == 0
        assert subprocess.run(["storescu", "-R", *ours, str(tmp_path / "x.dcm")], check=False).returncode == 0
        assert kept(inbox) == {STUDY: {"9.8.1.dcm"}}
        stranger = ["-aet", "CART2", *ours[2:]]
        assert subprocess.run(["echoscu", *stranger], check=False, capture_output=True).returncode != 0


def _half(port, dataset):
    """Send the beginning of a C-STORE and close the connection."""
    with association(port) as device:
        sock = device.dul.socket.socket
        sock.sendall(b"".join(_store_pdus(device, dataset)[:4]))
        sock.shutdown(socket.SHUT_RDWR)


def _store_pdus(device, dataset, announced=None) -> list[bytes]:
    """Return a C-STORE as PDUs: its command, then its dataset in pieces."""
    request = C_STORE()
    request.MessageID, request.Priority = 7, 0
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = (
        dataset.SOPClassUID,
        announced or dataset.SOPInstanceUID,
    )
    request.DataSet = BytesIO(encode(dataset, False, True))
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    (context,) = [c.context_id for c in device.accepted_contexts if c.abstract_syntax == dataset.SOPClassUID]
    pdus = []
    for primitive in message.encode_msg(context, 16_382):
        pdu = P_DATA_TF()
        pdu.from_primitive(primitive)
        pdus.append(pdu.encode())
    return pdus


def _wait(condition, timeout_s=10.0):
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.02)
