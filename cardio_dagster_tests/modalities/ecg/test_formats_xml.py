"""Hostile and crooked XML: refused with a code, or read as the same numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats import xml_text
from cardio_dagster.modalities.ecg.formats.limb_leads import with_limb_leads, without_calibration
from cardio_dagster.modalities.ecg.formats.person import age_at, age_in_years, hl7_time, iso_time
from cardio_dagster.modalities.ecg.formats.xml import parse_xml, read_xml, root_name
from cardio_dagster.modalities.ecg.formats.xml_text import bytes_of, number, numbers, whole
from cardio_dagster.modalities.ecg.sniff import sniff


def refused(content, code):
    with pytest.raises(StudyError) as caught:
        parse_xml(content)
    assert caught.value.problem.code == code
    return caught.value.problem


def declared(entity, use="&x;"):
    return f"<!DOCTYPE r [{entity}]><r>{use}</r>".encode()


LAUGHS = '<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {b} "{10 * f"&{a};"}">' for a, b in zip("abcdefgh", "bcdefghx", strict=True)
)


@pytest.mark.parametrize(
    "content",
    [
        declared(LAUGHS),
        declared('<!ENTITY x "one">'),
        declared('<!ENTITY x SYSTEM "file:///etc/passwd">'),
        declared('<!ENTITY % p SYSTEM "http://127.0.0.1:1/p.dtd"> %p;'),
        b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/r.dtd"><r>&unknown;</r>',
    ],
    ids=["laughs", "internal", "file", "parameter", "undeclared"],
)
def test_entities_are_refused(content):
    assert "entities" in refused(content, "E_FORMAT_002").message


def test_an_external_dtd_is_named_but_not_fetched():
    assert parse_xml(b'<!DOCTYPE r SYSTEM "http://127.0.0.1:1/r.dtd"><r>1</r>').text == "1"


@pytest.mark.parametrize(
    "content",
    [
        b"<a>" * 65 + b"</a>" * 65,
        b"<r>" + b'<a b="" c="" d=""/>' * 50_001 + b"</r>",
        b'<r a="' + b"x" * 3_000_000 + b'"/>',
        b"<r " + b" ".join(b'a%d=""' % i for i in range(400_000)) + b"/>",
    ],
    ids=["depth", "elements and attributes", "long tag", "many attributes"],
)
def test_depth_and_size_are_bounded(content):
    refused(content, "E_HARD_004")


def test_long_texts_are_no_long_tags():
    assert len(parse_xml(b"<r>" + b"7 " * 3_000_000 + b"</r>").text) == 6_000_000


@pytest.mark.parametrize(
    "content", [b"", b"<r>", b"<r></s>", b"nothing", b"<r>\x00</r>", b"<r/><r/>", b"<r>" + b"\xff\xfe" * 9]
)
def test_what_is_not_well_formed_is_damaged(content):
    problem = refused(content, "E_CORRUPT_001")
    assert f"{len(content)} bytes" in problem.seen


def test_a_file_that_is_not_there_and_one_that_is_too_large(tmp_path):
    for size, code in ((None, "E_INTAKE_006"), (300_000_000, "E_HARD_004")):
        path = tmp_path / "a.xml"
        if size:
            with path.open("wb") as file:
                file.truncate(size)
        with pytest.raises(StudyError) as caught:
            read_xml(path)
        assert caught.value.problem.code == code


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        ("UTF-8", "latin-1"),
        ("UTF-16", "utf-8"),
        ("ISO-8859-1", "utf-8"),
        ("klingon", "utf-8"),
        ("US-ASCII", "latin-1"),
        ("UTF-16", "utf-16"),
        ("UTF-8", "utf-8-sig"),
    ],
)
def test_encoding_declarations_that_lie_are_overruled(declared, used):
    text = f'<?xml version="1.0" encoding="{declared}"?><h:r xmlns:h="u"><h:n>Müller</h:n><h:v x:a="1" xmlns:x="y">42</h:v></h:r>'
    root = parse_xml(text.encode(used))
    assert (root.tag, root.findtext("v"), root.find("v").get("a")) == ("r", "42", "1")
    assert root_name(text.encode(used)) == "r"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"<a>", "a"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <b> --><!DOCTYPE a SYSTEM 'a.dtd'>\n<x:a b=''>", "a"),
        ("<a>".encode("utf-16"), "a"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>", None),
        (b"<!-- never ends", None),
        (b"a,b\n1,2", None),
        (b"", None),
        (b"<" * 65536, None),
    ],
)
def test_root_name_from_the_first_bytes(head, name):
    assert root_name(head) == name


@pytest.mark.parametrize(
    ("root", "format_"),
    [
        ("AnnotatedECG", "aecg"),
        ("RestingECG", "muse"),
        ("restingecgdata", "sierra"),
        ("CardiologyXML", "cardiosoft"),
        ("Patient", None),
    ],
)
def test_only_ecgs_are_claimed(tmp_path, root, format_):
    path = tmp_path / "a.bin"
    path.write_text(f"<?xml version='1.0'?><{root} xmlns='u'><Patient/></{root}>")
    found = sniff(path)
    assert (found.format if found else None) == format_


@settings(max_examples=40)
@given(st.binary(max_size=200))
def test_no_bytes_end_in_another_error(content):
    root_name(content)
    with pytest.raises(StudyError):
        parse_xml(b"<" + content)


@pytest.mark.parametrize("text", ["nan", "inf", "1_0", "٣", "0x1", "1e999", "", "1,5", "1 2", None])
def test_what_only_looks_like_a_number_is_none(text):
    assert number(text) is None
    assert whole(text) is None


@pytest.mark.parametrize("text", ["1 nan", "1 inf", "1 1_0", "1 ٣", "1 0x1", "1 1e999", "1 --2", "1,2"])
def test_a_digit_that_is_no_number_is_damage(text):
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        numbers(text, where="lead 1")


@settings(max_examples=25)
@given(st.lists(st.integers(-(2**31), 2**31)), st.sampled_from([" ", "\n", "\t  "]))
def test_numbers_round_trip(values, between):
    assert numbers(between.join(map(str, values)), where="lead 1").tolist() == values


def test_numbers_are_the_same_over_the_seams_of_the_pieces(monkeypatch):
    monkeypatch.setattr(xml_text, "_PIECE", 7)
    values = np.arange(4000)
    assert np.array_equal(numbers(" ".join(map(str, values)), where="lead 1"), values)


def test_base64_is_strict_but_for_white_space():
    assert bytes_of(" AQ\nI= ", where="lead 1") == b"\1\2"
    for text in ("AQ*I=", "AQI", "AQI=="[:-1] + "A"):
        with pytest.raises(StudyError, match="E_CORRUPT_001"):
            bytes_of(text, where="lead 1")


def test_limb_leads_are_exact_sums_in_half_steps():
    leads, signal_mv, note = with_limb_leads(("I", "II", "V1"), np.array([[3.0, 8.0, 1.0]]), np.full(3, 0.5))
    assert leads == ("I", "II", "III", "aVR", "aVL", "aVF", "V1")
    assert signal_mv.tolist() == [[1.5, 4.0, 2.5, -2.75, -0.5, 3.25, 0.5]]
    assert note == "calculated from I and II: III, aVR, aVL, aVF"


@pytest.mark.parametrize(("leads", "steps"), [(("I", "V1"), [1.0, 1.0]), (("I", "II"), [1.0, 2.0])])
def test_limb_leads_are_not_made_of_half_the_facts(leads, steps):
    assert with_limb_leads(leads, np.ones((4, 2)), np.array(steps))[0] == leads


def test_only_a_calibration_pulse_is_cut_off():
    ecg = np.random.default_rng(1).normal(0, 0.3, (500, 3))
    pulse = np.repeat([0.0, 1.0, 0.0], (50, 100, 50))[:, None] * np.ones(3)
    assert len(without_calibration(np.vstack((ecg, pulse)), sampling_rate_hz=500.0)) == 500
    for kept in (np.vstack((ecg, 0.7 * pulse)), np.vstack((ecg, 0 * pulse)), pulse, np.vstack((ecg, pulse))[:, :2]):
        assert len(without_calibration(kept, sampling_rate_hz=500.0)) == len(kept)


def test_ages_and_times():
    assert [age_in_years("18", "mo"), age_in_years("45", "YEARS"), age_in_years("400", "a"), age_in_years("4", "")] == [
        1.5,
        45,
        None,
        None,
    ]
    assert [
        age_at("19530508", "2002-05-07T09:10:00"),
        age_at("1953-05-08", "2002-05-08"),
        age_at("1953", "2002-05-08"),
    ] == [48, 49, None]
    times = ["20240229131415.250+0100", "202402291314", "20240230131415", "2024", None]
    assert [hl7_time(t) for t in times] == ["2024-02-29T13:14:15", "2024-02-29T13:14", None, None, None]


@pytest.mark.parametrize("year", ["9" * 30, "1_0", "٢٠٢٤", "-2024", "", "0"])
def test_a_time_that_is_none_is_none(year):
    assert iso_time([year, "2", "29"], ["13", "14", "15.9"]) is None
    assert iso_time(["2024", "2", "29"], ["13", "14", "15.9"]) == "2024-02-29T13:14:15"
