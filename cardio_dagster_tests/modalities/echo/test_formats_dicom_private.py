"""Nothing of the patient leaves the reader: the elements of DICOM PS3.15 Table E.1-1 (2024b), each filled with a mark."""

import warnings
from dataclasses import asdict

import numpy as np
import pytest
from pydicom.datadict import dictionary_VM, dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.echo.formats.device import DEVICE_ELEMENTS
from cardio_dagster.modalities.echo.formats.dicom.header import ELEMENTS
from cardio_dagster_tests.modalities.echo.dicom_files import encode, header_with, read, textured, write_us
from cardio_dagster_tests.modalities.echo.sectors import fan_of, speckled

# tags of the table whose action is X, Z, D or a mixture, in the groups that image objects carry
TABLE = {
    0x0008: "0012 0013 0015 0020 0021 0022 0023 0024 0025 002A 0030 0031 0032 0033 0034 0035 0050 0054 0055 0080 0081"
    " 0082 0090 0092 0094 0096 009C 009D 0106 0107 0201 1000 1010 1030 103E 1040 1041 1048 1049 1050 1052 1060 1062"
    " 1070 1072 1080 1084 1088 1110 1111 1120 1140 2111 2112 4000",
    0x0010: "0010 0020 0021 0030 0032 0040 0050 0101 0102 1000 1001 1002 1005 1010 1020 1030 1040 1050 1060 1080 1081"
    " 1090 1100 2000 2110 2150 2152 2154 2155 2160 2180 21A0 21B0 21C0 21D0 21F0 2203 2297 2299 4000",
    0x0012: "0010 0020 0021 0022 0023 0030 0031 0032 0040 0041 0042 0043 0050 0051 0055 0060 0071 0072 0073 0081 0082",
    0x0018: "0010 0027 0035 1000 1004 1005 1007 1008 1009 100A 1012 1014 1030 1042 1043 1072 1073 1078 1079 11BB 1200"
    " 1201 1202 1203 1204 1205 1400 4000 5011 700A 700C 700E 9074 9151 9185 9371 9373 937F 9424 9516 9517 9937 A002 A003",
    0x0020: "0010 0027 3401 3403 3405 3406 4000 9158",
    0x0028: "4000",
    0x0032: "0012 0032 0033 0034 0035 1000 1001 1010 1011 1020 1021 1030 1032 1033 1040 1041 1050 1051 1060 1066 1067"
    " 1070 4000",
    0x0038: "0004 0010 0011 0014 001A 001B 001C 001D 001E 0020 0021 0030 0032 0040 0050 0060 0061 0062 0064 0300 0400"
    " 0500 4000",
    0x003A: "0310 0314 0329 032B",
    0x0040: "0001 0002 0003 0004 0005 0006 0007 0009 000B 0010 0011 0012 0241 0242 0243 0244 0245 0250 0251 0253 0254"
    " 0275 0280 0310 0512 0513 051A 0551 0555 0562 0600 0602 0610 06FA 1001 1002 1004 1005 100A 1010 1011 1101 1102"
    " 1103 1104 1400 2001 2004 2005 2008 2009 2010 2011 2016 2017 2400 3001 4005 4008 4010 4011 4025 4027 4028 4030"
    " 4034 4035 4036 4037 4050 4051 4052 A027 A030 A032 A033 A073 A075 A078 A07A A07C A082 A088 A110 A112 A121 A122"
    " A123 A13A A192 A193 A353 A354 A730",
    0x0070: "0001 0082 0083 0084 0086",
    0x0088: "0200 0904 0906 0910 0912",
    0x0400: "0310 0402 0403 0404 0550 0551 0561 0562 0563 0564 0565 0600",
    0x2200: "0002 0005",
    0x4008: "0040 0042 0100 0101 0102 0108 0109 010A 010B 010C 0111 0112 0113 0114 0115 0118 0119 011A 0200 0202 0300",
}
TAGS = [(group << 16) + int(element, 16) for group, elements in TABLE.items() for element in elements.split()]
MARK, DATE, TIME, NUMBER = "ZzMARKzZ", "19450317", "041529", "8675309"
MARKS = (MARK, DATE, TIME, NUMBER)
TEXT_BY_VR = {
    "DA": DATE,
    "TM": TIME,
    "DT": DATE + TIME,
    "AS": "075Y",
    "IS": NUMBER,
    "DS": NUMBER,
    "UI": f"1.2.{NUMBER}",
}


def value_for(tag: int) -> object:
    kind = dictionary_VR(tag).split()[0]
    if kind == "SQ":
        item = Dataset()
        item.PatientName, item.CodeMeaning, item.InstitutionName = MARK, MARK, MARK
        return [item]
    if kind in ("US", "UL", "SS", "SL"):
        return 8675
    if kind in ("FL", "FD"):
        return 8675309.0
    return MARK.encode() if kind in ("OB", "OW", "UN") else TEXT_BY_VR.get(kind, MARK)


def fill(dataset: Dataset) -> None:
    for tag in TAGS:
        dataset.add_new(tag, dictionary_VR(tag).split()[0].replace("UN", "OB"), value_for(tag))
    block = dataset.private_block(0x0019, MARK, create=True)
    block.add_new(0x01, "LO", MARK)


@pytest.fixture(params=["sound", "damaged"])
def marked(request, tmp_path):
    frames = textured(3, height=104, width=128)
    contents = [encode(f, RLELossless, 8) for f in frames]
    if request.param == "damaged":
        contents[1] = contents[1][:80]
    regions = header_with({}).SequenceOfUltrasoundRegions
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fill(regions[0])
        path = tmp_path / f"{MARK}.dcm"
        extra = Dataset()
        fill(extra)
        elements = {keyword_for_tag(t): extra[t].value for t in TAGS if keyword_for_tag(t)}
        write_us(
            path, frames, syntax=RLELossless, contents=contents, SequenceOfUltrasoundRegions=regions,
            FrameTime="33.3", Manufacturer="ACME", HeartRate="62", **elements,
        )  # fmt: skip
    assert MARK.encode() in path.read_bytes()
    return path


def everything_said(path) -> str:
    try:
        clip, problems = read(path)
    except StudyError as error:
        cause = error.__cause__
        return f"{error} {error.problem!r} {error.args} {cause!r}"
    plain = {k: v for k, v in asdict(clip).items() if not isinstance(v, np.ndarray)}
    return f"{plain!r} {problems!r}"


def test_no_mark_is_said(marked, whole_frame):
    said = everything_said(marked)
    assert not [mark for mark in MARKS if mark in said]


def test_the_table_is_met_and_nothing_of_it_is_loaded():
    assert len(TAGS) == len(set(TAGS)) > 300
    keywords = {keyword_for_tag(tag) for tag in TAGS}
    assert not keywords & {e for e in ELEMENTS if isinstance(e, str)}
    assert all(dictionary_VM(tag) for tag in TAGS)


def test_device_holds_allowed_elements_only(marked, whole_frame):
    try:
        clip, _ = read(marked)
    except StudyError:
        return
    assert set(clip.device) <= set(DEVICE_ELEMENTS)
    assert clip.device == {"Manufacturer": "ACME", "HeartRate": "62"}


def test_value_of_a_bad_element_is_not_repeated(tmp_path, whole_frame):
    path = write_us(tmp_path / "x", textured(1))
    content = path.read_bytes().replace(b"MONOCHROME2 ", b"ZzMARKzZ    ")
    path.write_bytes(content)
    assert MARK not in everything_said(path)


def test_device_text_is_cut_and_clean(tmp_path, whole_frame):
    path = write_us(tmp_path / "x", textured(1), Manufacturer="A" * 60 + "\x1b" + "B" * 60, HeartRate="0")
    clip, _ = read(path)
    assert clip.device == {"Manufacturer": "A" * 60 + "BBBB"}


@pytest.mark.parametrize(
    ("value", "is_kept"),
    [
        ("GE Healthcare", True),
        ("Vivid E95", True),
        ("ZORBLATT^EUGENIA GE", False),
        ("VividZorblatt", False),
        ("Vivid 1931-02-03", False),
        ("Vivid 19310203", False),
        ("Vivid 3.2.31", False),
        ("Vivid ID99887766", False),
    ],
)
def test_a_device_value_that_may_name_the_patient_is_left_out_and_said(tmp_path, value, is_kept):
    path = write_us(
        tmp_path / "x.dcm", textured(1), Manufacturer=value, HeartRate="72", PatientName="ZORBLATT^EUGENIA",
        PatientID="ID99887766",
    )  # fmt: skip
    clip, problems = read(path)
    assert ("Manufacturer" in clip.device) == is_kept
    assert clip.device["HeartRate"] == "72"
    notes = [p for p in problems if "device" in p.message]
    assert [p.seen for p in notes] == ([] if is_kept else ["Manufacturer"])
    assert "ZORBLATT" not in str(notes).upper()


def test_coloured_flow_counts_whatever_the_region_says(tmp_path):
    grey = np.repeat(speckled(fan_of(), frames=4)[..., None], 3, axis=3)
    grey[:, 100:140, 140:180] = (200, 40, 0)
    region = {
        "RegionLocationMaxX1": 319,
        "RegionLocationMinX0": 0,
        "RegionLocationMinY0": 0,
        "RegionLocationMaxY1": 239,
    }
    path = write_us(
        tmp_path / "x.dcm", grey, SequenceOfUltrasoundRegions=header_with(region).SequenceOfUltrasoundRegions
    )
    assert read(path)[0].mode == "colour_doppler"
    sepia = (np.repeat(speckled(fan_of(), frames=4)[..., None], 3, axis=3) * (1.0, 0.8, 0.5)).astype(np.uint8)
    path = write_us(
        tmp_path / "y.dcm", sepia, SequenceOfUltrasoundRegions=header_with(region).SequenceOfUltrasoundRegions
    )
    assert read(path)[0].mode == "b_mode"
