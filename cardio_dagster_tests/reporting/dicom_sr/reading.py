"""Reports for the tests of DICOM SR, and what stands in a file, read by pydicom alone."""

from dataclasses import replace
from functools import cache
from io import BytesIO

import pydicom

from cardio_dagster.reporting.dicom_sr import to_ecg_sr, to_echo_sr
from cardio_dagster.reporting.report import build_report
from cardio_dagster_tests.reporting import samples
from cardio_dagster_tests.reporting.drafting.studies import real_study

RELEASED = "released: every gate passed"


@cache
def real():
    """Return the report of the real demo study: metadata r01, ECG r02, echo r03."""
    analyses, fusion, scores = real_study()
    nothing = dict.fromkeys(("trail", "outcomes", "coverage_notes"), ())
    report = build_report(
        samples.study("clinical", "ecg", "echo", study_id="s-c8048d12f944d165"),
        analyses=analyses, scores=scores, fusion_findings=tuple(fusion.findings), coverage="FULL", error=None,
        checkpoints_saved=4, release_status=RELEASED, **nothing,
    )  # fmt: skip
    return replace(report, received_at="2026-11-22T09:37:13.597+00:00")


DOCUMENTS = {  # name: how its report is made, how it is written
    "full-echo": (samples.full, to_echo_sr),
    "real-echo": (real, to_echo_sr),
    "full-ecg": (samples.full, to_ecg_sr),
    "only-ecg": (samples.ecg_only, to_ecg_sr),
    "real-ecg": (real, to_ecg_sr),
}


@cache
def written(case):
    """Return the bytes of a document, made once for all tests."""
    report, write = DOCUMENTS[case]
    return write(report())


def read(data):
    return pydicom.dcmread(BytesIO(data))


def walk(item):
    """Yield an item and all below it."""
    yield item
    for child in item.get("ContentSequence", ()):
        yield from walk(child)


def coded(sequence):
    """Return (value, scheme) of a code sequence; None where there is none."""
    return (
        (sequence[0].get("CodeValue") or sequence[0].LongCodeValue, sequence[0].CodingSchemeDesignator)
        if sequence
        else None
    )


def name(item):
    return coded(item.ConceptNameCodeSequence)


def children(item, concept, relation=None):
    found = [c for c in item.get("ContentSequence", ()) if name(c)[0] == concept]
    return [c for c in found if relation in (None, c.RelationshipType)]


def texts(dataset, concept):
    return [i.TextValue for i in walk(dataset) if i.ValueType == "TEXT" and name(i)[0] == concept]


def value(item):
    """Return the number of a NUM; None where it is empty."""
    if not item.MeasuredValueSequence:
        return None
    measured = item.MeasuredValueSequence[0]
    return measured.get("FloatingPointValue", float(measured.NumericValue))


def unit(item):
    return item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue


def numbers(dataset):
    """Return the NUM items that are a measurement, by the machine name and the recording that they state."""
    found = {}
    for group in walk(dataset):
        recording = next(
            (c.TextValue.removeprefix("recording ") for c in children(group, "125010", "HAS OBS CONTEXT")), None
        )
        for item in group.get("ContentSequence", ()):
            if item.ValueType == "NUM" and item.RelationshipType == "CONTAINS":
                comment = children(item, "121106")[0].TextValue
                found[comment.split(";")[0], recording] = item
    return found
