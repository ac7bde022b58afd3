"""Each format's own place for the patient's number, and nothing from files that are damaged or have none."""

import json
import time
import zlib
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from cardio_dagster.modalities import BRANCHES, identify_file, sniff_file
from cardio_dagster.modalities.identity import StatedId
from cardio_dagster_tests.modalities.ecg import sample_files
from cardio_dagster_tests.modalities.ecg.binary_writers import scp_file, tag

FACTS = {"age_years": 60, "sex": "F", "sbp_mmhg": 128}
SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99")


def stated(path, content):
    """Return what a file states, asked as intake asks."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    modality, sniffed = sniff_file(path)
    return identify_file(path, modality, sniffed.format)


def pairs(found):
    return [(one.number, one.issuer) for one in found]


@pytest.mark.parametrize(("name", "number"), [("waveform_ecg.dcm", "642341"), ("color3d_jpeg_baseline.dcm", "204")])
def test_public_dicom_files(name, number, tmp_path):
    content = Path(get_testdata_file(name, download=False)).read_bytes()
    assert pairs(stated(tmp_path / "x", content)) == [(number, "")]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_dicom_in_every_encoding_with_its_issuer(syntax, tmp_path):
    dataset, path = pydicom.Dataset(), tmp_path / "x.dcm"
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.9.1.1", "1.2.3"
    dataset.PatientName, dataset.PatientID, dataset.IssuerOfPatientID = "Some^Body", "A-4711 ", "HOSPITAL"
    dataset.OtherPatientIDs = "B-4712"
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(path, enforce_file_format=True)
    for modality in ("ecg", "echo"):
        assert pairs(identify_file(path, modality, "dicom")) == [("A-4711", "HOSPITAL")]


def test_a_deflated_bomb_costs_little(tmp_path):
    (path,) = sample_files.dicom_deflated(tmp_path)
    content = path.read_bytes()
    start = 132 + 12 + int(pydicom.filereader.read_file_meta_info(path).FileMetaInformationGroupLength)
    packer = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = packer.compress(bytes(50_000_000)) + packer.flush()
    path.write_bytes(content[:start] + bomb)
    began_s = time.process_time()
    assert identify_file(path, "ecg", "dicom") == ()
    assert time.process_time() - began_s < 1.0


def test_an_endless_header_costs_little(tmp_path):
    (path,) = sample_files.dicom(tmp_path)
    path.write_bytes(path.read_bytes()[:400] + bytes(50_000_000))
    began_s = time.process_time()
    assert identify_file(path, "ecg", "dicom") == ()
    assert time.process_time() - began_s < 1.0


@pytest.mark.parametrize(
    ("format", "content"),
    [
        ("muse", "<RestingECG><PatientDemographics><PatientID> A-4711 </PatientID></PatientDemographics></RestingECG>"),
        ("sierra", "<restingecgdata xmlns='http://x'><patient><generalpatientdata><patientid>A-4711</patientid>"
         "</generalpatientdata></patient></restingecgdata>"),
        ("cardiosoft", "<CardiologyXML><PatientInfo><PID>A-4711</PID></PatientInfo></CardiologyXML>"),
    ],
)  # fmt: skip
def test_the_xml_formats(format, content, tmp_path):
    path = tmp_path / "x.xml"
    assert pairs(stated(path, content)) == [("A-4711", "")]
    assert sniff_file(path)[1].format == format


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<id root='1.2.3' extension='A-4711'/>", [("A-4711", "urn:oid:1.2.3")]),
        ("<id extension='A-4711'/>", [("A-4711", "")]),
        ("<id root='1.2.3'/>", []),
        ("<id nullFlavor='UNK'/>", []),
    ],
)
def test_aecg_needs_an_extension(inside, expected, tmp_path):
    content = f"<AnnotatedECG xmlns='urn:hl7-org:v3'><id root='9'/><x><trialSubject>{inside}</trialSubject></x></AnnotatedECG>"
    assert pairs(stated(tmp_path / "x.xml", content)) == expected


def test_scp(tmp_path):
    first = tag(0, b"Somebody\0") + tag(2, b"A-4711\0") + tag(255, b"")
    assert pairs(stated(tmp_path / "x.scp", scp_file({1: first}))) == [("A-4711", "")]
    assert stated(tmp_path / "y.scp", scp_file({1: tag(0, b"Somebody\0")})) == ()


def test_ishne(tmp_path):
    (path,) = sample_files.ishne(tmp_path)
    content = bytearray(path.read_bytes())
    assert identify_file(path, "ecg", "ishne") == ()
    content[108:114] = b"A-4711"
    assert pairs(stated(path, bytes(content))) == [("A-4711", "")]


@pytest.mark.parametrize(
    ("kind", "field", "expected"),
    [
        ("EDF+C", "A-4711 F 02-MAY-1951 Some_Body", ["A-4711"]),
        ("EDF+C", "X F 02-MAY-1951 X", []),
        ("", "male 60 years", []),
    ],
)
def test_edf_plus_only(kind, field, expected, tmp_path):
    (path,) = sample_files.edf(tmp_path)
    content = bytearray(path.read_bytes())
    content[8:88], content[192:197] = field.ljust(80).encode(), kind.ljust(5).encode()
    assert [one.number for one in stated(path, bytes(content))] == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({**FACTS, "patient_id": "A-4711"}, ["A-4711"]),
        ({"patient": {**FACTS, "mrn": 4711}}, ["4711"]),
        ({"patient": {**FACTS, "id": "A-4711"}, "id": "document 9"}, ["A-4711"]),
        ({**FACTS, "PatientID": "A-4711", "MRN": "A-4711"}, ["A-4711"]),
        ({**FACTS, "patient_id": None, "mrn": True}, []),
        ({**FACTS, "id": "9", "name": "Somebody"}, []),
    ],
)
def test_json(document, expected, tmp_path):
    assert [one.number for one in stated(tmp_path / "x.json", json.dumps(document))] == expected


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("patient_id,age_years,sbp_mmhg\nA-4711,60,128\n", ["A-4711"]),
        ("name;value;unit\nMRN;A-4711;\nage_years;60;\n", ["A-4711"]),
        ("patient_id,age_years,sbp_mmhg\nA-4711,60,128\nA-4712,61,129\n", []),
        ("age_years,sbp_mmhg\n60,128\n", []),
    ],
)
def test_csv(table, expected, tmp_path):
    assert [one.number for one in stated(tmp_path / "x.csv", table)] == expected


def bundle(*patients):
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": p} for p in patients]})


def test_fhir_puts_the_medical_record_first_and_leaves_old_numbers_out(tmp_path):
    patient = {
        "resourceType": "Patient",
        "id": "resource-1",
        "identifier": [
            {"system": "urn:oid:9", "value": "SSN-1"},
            {"use": "old", "system": "urn:oid:1", "value": "A-1"},
            {"type": {"coding": [{"code": "MR"}]}, "system": "urn:oid:1", "value": "A-4711"},
        ],
    }
    expected = [("A-4711", "urn:oid:1"), ("SSN-1", "urn:oid:9")]
    assert pairs(stated(tmp_path / "x.json", bundle(patient))) == expected
    assert stated(tmp_path / "y.json", bundle(patient, patient)) == ()


@pytest.mark.parametrize("format", ["wfdb", "csv", "parquet", "npz", "mp4", "unheard-of"])
@pytest.mark.parametrize("modality", ["ecg", "echo", "clinical", "beep"])
def test_where_there_is_no_place_for_it_nothing_is_stated(modality, format, tmp_path):
    (tmp_path / "x").write_bytes(b"patient_id")
    assert identify_file(tmp_path / "x", modality, format) == ()


@given(
    st.binary(max_size=400),
    st.sampled_from(["dicom", "muse", "aecg", "scp", "edf", "ishne", "json", "csv", "fhir-r4"]),
)
def test_any_bytes_at_all_are_survived(tmp_path_factory, content, format):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    for modality in BRANCHES:
        assert isinstance(identify_file(path, modality, format), tuple)
    assert identify_file(path.with_name("gone"), "ecg", format) == ()


def test_a_number_never_shows_in_a_representation():
    assert "4711" not in repr(StatedId("4711", "4711"))
