"""Both reports: values, absence, templates, flags, identity, bytes."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Grade
from cardio_dagster.reporting.dicom_sr import to_ecg_sr, to_echo_sr
from cardio_dagster.reporting.dicom_sr.codes import COMMENT, Code, unit
from cardio_dagster.reporting.dicom_sr.encode import coded, content
from cardio_dagster.reporting.dicom_sr.identity import uid
from cardio_dagster.reporting.dicom_sr.items import Number, num, text
from cardio_dagster.reporting.parts import NOTHING_WRITTEN
from cardio_dagster.statement import Statement
from cardio_dagster_tests.reporting import samples
from cardio_dagster_tests.reporting.dicom_sr import reading
from cardio_dagster_tests.reporting.dicom_sr.conformance import TID_3700, TID_5200, faults
from cardio_dagster_tests.reporting.dicom_sr.reading import (
    DOCUMENTS,
    RELEASED,
    children,
    name,
    numbers,
    read,
    real,
    texts,
    value,
    walk,
    written,
)

CASES = pytest.mark.parametrize("case", DOCUMENTS)


def _own(case):
    """The measurements of the report that a document is of."""
    return [m for m in DOCUMENTS[case][0]().measurements if m.modality == case[-4:].strip("-")]


@CASES
def test_it_keeps_to_its_template(case):
    assert faults(read(written(case)), TID_5200 if "echo" in case else TID_3700) == []


@CASES
def test_every_measurement_of_the_modality_reads_back_equal(case):
    found, own = numbers(read(written(case))), _own(case)
    assert own
    for m in own:
        item = found[m.name, m.recording_id]
        assert value(item) == m.value
        if m.value is not None:
            assert reading.unit(item) in (m.unit, "{H.B.}/min")
        else:
            assert item.NumericValueQualifierCodeSequence[0].CodeValue == "114010"
            assert m.reason in children(item, "121106")[0].TextValue


@CASES
def test_the_range_and_the_flag_read_back_equal(case):
    found = numbers(read(written(case)))
    words = {"low": "371880002", "within": "17621005", "high": "371879000", None: None}
    for m in _own(case):
        item = found[m.name, m.recording_id]
        limits = [next((value(c) for c in children(item, code)), None) for code in ("385524004", "371933006")]
        assert limits == [m.reference_low, m.reference_high]
        flag = next((c.ConceptCodeSequence[0].CodeValue for c in children(item, "121402")), None)
        assert flag == words[m.flag]


def test_indices_of_fusion_stand_with_the_clip_that_they_rest_on():
    indexed = [m for m in real().measurements if m.modality == "fusion"]
    echo, ecg = numbers(read(written("real-echo"))), numbers(read(written("real-ecg")))
    assert indexed
    assert all(value(echo[m.name, m.recording_id]) == m.value for m in indexed)
    assert not {m.name for m in indexed} & {n for n, _ in ecg}


def test_the_ejection_fraction_says_how_and_where_it_was_measured():
    item = numbers(read(written("real-echo")))["lvef_pct", "r03"]
    said = {name(c)[0]: c.ConceptCodeSequence[0].CodeValue for c in item.ContentSequence if c.ValueType == "CODE"}
    assert name(item) == ("18043-0", "LN")
    assert said | {"121402": ""} == {"370129005": "125208", "111031": "399214001", "121401": "373098007", "121402": ""}


def test_a_quantity_without_a_standard_code_gets_a_private_one_of_any_length():
    dataset = read(written("real-echo"))
    item = numbers(dataset)["mitral_annulus_excursion_lateral_mm", "r03"]
    assert name(item) == ("mitral_annulus_excursion_lateral_mm", "99CARDIO")
    assert dataset.CodingSchemeIdentificationSequence[0].CodingSchemeDesignator == "99CARDIO"


def test_qtc_names_its_formula_and_the_others_stand_beside_it():
    found = numbers(read(written("real-ecg")))
    assert name(found["qtc_fridericia_ms", "r02"]) == ("2:15876", "MDC")
    assert children(found["qtc_fridericia_ms", "r02"], "111001")[0].ConceptCodeSequence[0].CodeValue == "122732"
    assert name(found["qtc_bazett_ms", "r02"]) == ("2:15880", "MDC")


def test_a_number_that_the_template_demands_is_empty_where_there_is_none():
    empty = [i for i in walk(read(written("full-ecg"))) if i.ValueType == "NUM" and name(i)[0] == "2:16168"]
    assert [value(i) for i in empty] == [None]
    assert empty[0].NumericValueQualifierCodeSequence[0].CodeValue == "114010"


def test_two_recordings_stand_apart():
    report = samples.full()
    second = tuple(
        replace(m, recording_id="r07", value=m.value and m.value + 1)
        for m in report.measurements
        if m.modality != "clinical"
    )
    both = replace(report, measurements=(*report.measurements, *second))
    for write, key, template in ((to_ecg_sr, "pr_ms", TID_3700), (to_echo_sr, "lvef_pct", TID_5200)):
        dataset = read(write(both))
        found = numbers(dataset)
        assert value(found[key, "r07"]) == value(found[key, "r01" if key == "pr_ms" else "r02"]) + 1
        assert faults(dataset, template) == []


@pytest.mark.parametrize("write", [to_echo_sr, to_ecg_sr])
def test_nothing_where_there_is_nothing(write):
    assert write(samples.failed()) is None
    assert write(samples.bare("clinical")) is None
    assert write(replace(samples.full(), error=samples.failed().error)) is None


def test_no_echo_report_without_echo():
    assert to_echo_sr(samples.ecg_only()) is None


@pytest.mark.parametrize(
    ("status", "flag"),
    [
        (RELEASED, "COMPLETE"),
        ("held for review: gate x", "PARTIAL"),
        ("not released", "PARTIAL"),
        (samples.full().release_status, "PARTIAL"),
    ],
)
@pytest.mark.parametrize("write", [to_echo_sr, to_ecg_sr])
def test_complete_only_when_released_and_never_verified(write, status, flag):
    dataset = read(write(replace(samples.full(), release_status=status)))
    assert (dataset.CompletionFlag, dataset.VerificationFlag) == (flag, "UNVERIFIED")
    assert "VerifyingObserverSequence" not in dataset
    assert f"Release: {status}" in texts(dataset, "121106")


@pytest.mark.parametrize("write", [to_echo_sr, to_ecg_sr])
def test_it_says_what_it_is_not_and_what_is_missing(write):
    report = samples.full()
    said = texts(read(write(report)), "121106")
    assert any("Research use, not a medical device" in t for t in said)
    assert any("No image and no waveform is referenced" in t for t in said)
    assert set(report.coverage_notes) <= set(said)


def test_what_was_written_is_what_is_told():
    def sentence(n, section, words):
        return Statement(f"s{n:02}", section, words, Grade.NOTE)

    told = tuple(sentence(n, s, f"Said of {s}.") for n, s in enumerate(("ecg", "echo", "clinical", "fusion", "scores")))
    report = replace(samples.full(), written=replace(samples.full().written, statements=told))
    assert texts(read(to_echo_sr(report)), "121073") == ["Said of echo.", "Said of fusion.", "Said of scores."]
    assert texts(read(to_ecg_sr(report)), "55112-7") == ["Said of ecg.\nSaid of fusion.\nSaid of scores."]


def test_findings_and_scores_are_told_where_nothing_was_written():
    report = replace(samples.full(), written=NOTHING_WRITTEN)
    told = texts(read(to_echo_sr(report)), "121073")
    assert {f.text for f in report.findings if f.modality in ("echo", None)} <= set(told)
    assert any("14.7 %" in t for t in told)
    assert any("not given, not indicated in diabetes" in t for t in told)


@pytest.mark.parametrize("write", [to_echo_sr, to_ecg_sr])
def test_nobody_is_named_but_by_pseudonym(write):
    data = write(samples.full())
    dataset = read(data)
    assert samples.SURNAME.encode() not in data
    assert b".dcm" not in data
    assert (str(dataset.PatientName), dataset.PatientID) == ("st-7f3a91c0^", "st-7f3a91c0")
    assert (dataset.PatientBirthDate, dataset.PatientSex) == ("", "")


def test_sex_is_told_only_where_the_sources_agree():
    report = samples.full()
    said = [i.ConceptCodeSequence[0].CodeValue for i in walk(read(to_ecg_sr(report))) if name(i)[0] == "121032"]
    assert said == ["F"]
    sexes = tuple(
        replace(f, modality=m, value=v)
        for f in report.facts
        if f.name == "sex"
        for m, v in (("ecg", "M"), ("echo", "F"))
    )
    unsure = read(to_ecg_sr(replace(report, facts=sexes)))
    assert not [i for i in walk(unsure) if name(i)[0] == "121032"]


@pytest.mark.parametrize("write", [to_echo_sr, to_ecg_sr])
def test_identity_follows_from_the_report(write):
    report = samples.full()
    first, again = write(report), write(replace(report))
    assert first == again
    one, held = read(first), read(write(replace(report, release_status=RELEASED)))
    other = read(write(replace(report, study_id="st-other")))
    assert (one.StudyInstanceUID, one.SeriesInstanceUID) == (held.StudyInstanceUID, held.SeriesInstanceUID)
    assert one.SOPInstanceUID != held.SOPInstanceUID
    assert one.StudyInstanceUID != other.StudyInstanceUID
    assert read(to_echo_sr(report)).StudyInstanceUID == read(to_ecg_sr(report)).StudyInstanceUID
    assert read(to_echo_sr(report)).SeriesInstanceUID != read(to_ecg_sr(report)).SeriesInstanceUID


def test_the_same_bytes_in_another_process_zone_and_hash_seed():
    script = (
        "import sys; from cardio_dagster_tests.reporting import samples as s;"
        "from cardio_dagster.reporting.dicom_sr import to_echo_sr; sys.stdout.buffer.write(to_echo_sr(s.full()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[3], env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        capture_output=True, check=True,
    )  # fmt: skip
    assert run.stdout == written("full-echo")


def test_dates_are_those_of_receipt_in_utc():
    east = read(to_ecg_sr(replace(samples.full(), received_at="2026-11-22T01:15:01.25+02:00")))
    assert (east.ContentDate, east.ContentTime, east.TimezoneOffsetFromUTC) == ("20261121", "231501.250000", "+0000")
    assert [i.DateTime for i in walk(east) if i.ValueType == "DATETIME"] == ["20261121231501.250000"]


@pytest.mark.parametrize("bad", ["", "yesterday", "2026-11-22T08:15:01", "2026-13-01T00:00:00Z"])
def test_a_time_that_is_none_is_refused(bad):
    with pytest.raises(StudyError, match="time of receipt") as caught:
        to_ecg_sr(replace(samples.full(), received_at=bad))
    assert caught.value.problem.code == "E_INTERNAL_001"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_keeps_all_its_digits(number):
    item = content(num(Code("1", "DCM", "x"), Number(number, unit("mL"))))
    assert value(item) == number
    assert len(str(item.MeasuredValueSequence[0].NumericValue)) <= 16


@given(st.text(max_size=80))
def test_any_text_can_be_written_and_read(words):
    item = content(text(COMMENT, words))
    label = coded(Code("x" * len(words), "99CARDIO", words or "-"))
    dataset = pydicom.Dataset.from_json(item.to_json())
    assert dataset.TextValue == item.TextValue
    assert len(label.CodeMeaning) <= 64
    assert "\\" not in label.CodeMeaning


def test_the_charset_is_named_only_where_it_is_needed():
    assert "SpecificCharacterSet" not in read(written("full-ecg"))
    accented = read(to_ecg_sr(replace(samples.full(), coverage_notes=("Größe fehlt: µV, 日本",))))
    assert accented.SpecificCharacterSet == "ISO_IR 192"
    assert "Größe fehlt: µV, 日本" in texts(accented, "121106")


def test_a_uid_is_one():
    made = uid("study", "st-1")
    assert pydicom.uid.UID(made).is_valid
    assert made.startswith("2.25.")


def _drop(dataset, concept):
    """Remove the first item of a concept, wherever it stands."""
    for parent in walk(dataset):
        below = parent.get("ContentSequence", [])
        for i, child in enumerate(below):
            if name(child)[0] == concept:
                del below[i]
                return


@pytest.mark.parametrize("concept", ["121049", "121005", "121012", "363698007", "399264008", "125007", "121106"])
def test_the_checker_sees_a_missing_item_of_the_echo_report(concept):
    dataset = read(written("full-echo"))
    target = dataset if concept != "121106" else numbers(dataset)["lvef_pct", "r02"]
    _drop(target, concept)
    assert faults(dataset, TID_5200)


@pytest.mark.parametrize(
    "concept", ["2:16016", "2:16160", "2:15872", "2:16156", "2:16168", "122146", "122158", "55111-9"]
)
def test_the_checker_sees_a_missing_item_of_the_ecg_report(concept):
    dataset = read(written("full-ecg"))
    _drop(dataset, concept)
    assert faults(dataset, TID_3700)


def test_the_checker_sees_wrong_relations_order_units_and_value_sets():
    def broken(change):
        dataset = read(written("full-echo"))
        change(dataset, numbers(dataset)["lvef_pct", "r02"])
        return faults(dataset, TID_5200)

    def reverse(dataset, _):
        dataset.ContentSequence = list(reversed(dataset.ContentSequence))

    def relation(_, item):
        children(item, "370129005")[0].RelationshipType = "CONTAINS"

    def measure(_, item):
        item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue = "mL"

    def method(_, item):
        children(item, "370129005")[0].ConceptCodeSequence[0].CodeValue = "125220"

    assert all(broken(change) for change in (reverse, relation, measure, method))
