"""STOW-RS over real HTTP: what is stored, what is refused, and what the answer says."""

import json
import time
from io import BytesIO
from xml.etree import ElementTree

import pytest

from cardio_dagster.gateway.dicom.inbox import inbox_of
from cardio_dagster.settings import dicom_settings
from cardio_dagster.stores.access import Role
from cardio_dagster_tests.gateway.dicom.devices import CT, OTHER, STUDY, chosen, instance, kept

FAILED, STORED, OTHERS, REASON = "00081198", "00081199", "0008119A", "00081197"
TYPE = 'multipart/related; type="application/dicom"; boundary=xx'


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("CARDIO_DICOM_DISK_RESERVE_MB", "0")
    monkeypatch.setenv("CARDIO_DICOM_QUIET_S", "600")
    dicom_settings.cache_clear()
    yield
    dicom_settings.cache_clear()


def file_of(dataset) -> bytes:
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def body(*files: bytes, kind="application/dicom") -> bytes:
    parts = [f"--xx\r\nContent-Type: {kind}\r\n\r\n".encode() + content + b"\r\n" for content in files]
    return b"".join(parts) + b"--xx--\r\n"


def post(gateway, *files, study="", role=Role.SUBMITTER, content=None, **headers):
    with gateway.client(role) as client:
        sent = {"Content-Type": TYPE, **{name.replace("_", "-"): value for name, value in headers.items()}}
        path = f"/dicom-web/studies{study and '/' + study}"
        return client.post(path, content=body(*files) if content is None else content, headers=sent)


def waiting(gateway):
    return kept(inbox_of(gateway.backend.settings, "stow", chosen()))


def uids(answer, sequence):
    return [item["00081155"]["Value"][0] for item in answer.json().get(sequence, {"Value": []})["Value"]]


def test_stored_instances_are_named_and_lie_in_the_inbox(serve):
    gateway = serve()
    answer = post(gateway, file_of(instance(1)), file_of(instance(2)))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    assert uids(answer, STORED) == ["9.8.1", "9.8.2"]
    assert FAILED not in answer.json()
    assert answer.json()["00081190"] == {"vr": "UR"}
    assert waiting(gateway) == {STUDY: {"9.8.1.dcm", "9.8.2.dcm"}}
    assert ("person:submitter", "submit", "/dicom-web/studies", "changed") in gateway.accesses()


def test_some_refused_is_202_and_says_why(serve):
    gateway = serve()
    deflated = instance(4)
    deflated.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    parts = [instance(1), instance(2, study=OTHER), instance(3, sop_class=CT), deflated]
    answer = post(gateway, *(file_of(part) for part in parts), b"no DICOM at all", study=STUDY)
    assert answer.status_code == 202
    assert uids(answer, STORED) == ["9.8.1"]
    failed = {item["00081155"]["Value"][0]: item[REASON]["Value"][0] for item in answer.json()[FAILED]["Value"]}
    assert failed == {"9.8.2": 0xA900, "9.8.3": 0x0122}
    assert [item[REASON]["Value"][0] for item in answer.json()[OTHERS]["Value"]] == [0xC122, 0xC000]
    assert waiting(gateway) == {STUDY: {"9.8.1.dcm"}}


def test_none_stored_is_409(serve):
    answer = post(serve(), file_of(instance(1)), study=OTHER)
    assert answer.status_code == 409
    assert uids(answer, FAILED) == ["9.8.1"]


def test_xml_where_it_is_asked_for(serve):
    answer = post(serve(), file_of(instance(1)), Accept="application/dicom+xml")
    assert answer.headers["content-type"] == "application/dicom+xml"
    space = {"n": "http://dicom.nema.org/PS3.19/models/NativeDICOM"}
    root = ElementTree.fromstring(answer.content)
    found = root.find("n:DicomAttribute[@keyword='ReferencedSOPSequence']/n:Item[@number='1']", space)
    assert found.find("n:DicomAttribute[@tag='00081155']/n:Value", space).text == "9.8.1"


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"--xx--\r\n", {}, 400),
        (body(file_of(instance(1)))[:-10], {}, 400),
        (b"{}", {"Content_Type": "application/json"}, 415),
        (b"{}", {"Content_Type": 'multipart/related; type="application/dicom+json"; boundary=xx'}, 415),
        (body(b"{}", kind="application/json"), {}, 415),
        (b"", {"Content_Type": "multipart/related"}, 400),
    ],
)
def test_what_is_no_stow_is_refused_and_leaves_nothing(serve, content, headers, status):
    gateway = serve()
    answer = post(gateway, content=content, **headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert waiting(gateway) == {}


def test_roles_and_keys(serve):
    gateway = serve()
    content = body(file_of(instance(1)))
    assert post(gateway, content=content, role=None).status_code == 401
    assert post(gateway, content=content, role=Role.AUDITOR).status_code == 403
    assert post(gateway, content=content, study="1.2.x").status_code == 422
    assert waiting(gateway) == {}


def test_a_quiet_study_becomes_the_senders_job(serve, monkeypatch):
    monkeypatch.setenv("CARDIO_DICOM_QUIET_S", "0.2")
    dicom_settings.cache_clear()
    gateway = serve()
    post(gateway, file_of(instance(1, RequestedProcedurePriority="STAT")))
    folder = gateway.backend.settings.landing_dir / STUDY
    until = time.monotonic() + 20
    while not folder.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    assert sorted(path.name for path in folder.iterdir()) == [".complete", "9.8.1.dcm", "study.json"]
    assert json.loads((folder / "study.json").read_text()) == {"priority": "stat"}
    with gateway.backend.engine.connect() as connection:
        assert connection.exec_driver_sql("select owner, door from jobs").all() == [("submitter", "stow")]


def test_a_full_disk_is_told_for_each_instance(serve, monkeypatch):
    monkeypatch.setenv("CARDIO_DICOM_DISK_RESERVE_MB", "1e9")
    dicom_settings.cache_clear()
    answer = post(serve(), file_of(instance(1)))
    assert answer.status_code == 409
    assert answer.json()[FAILED]["Value"][0][REASON]["Value"] == [0xA700]
