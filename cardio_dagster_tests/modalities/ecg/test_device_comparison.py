import numpy as np
import pytest

from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.modalities.ecg.device.comparison import TOLERANCES, compare, differences
from cardio_dagster.modalities.ecg.device.topics import TOPICS, topics_of
from cardio_dagster.modalities.ecg.formats.device_values import NAMES
from cardio_dagster.modalities.ecg.signal import DeviceValue, EcgRecord


def record(*, values=(), statements=()):
    signal = np.zeros((10, 1), dtype=np.float32)
    return EcgRecord("t", ("II",), signal, 500.0, device_values=tuple(DeviceValue(*v) for v in values), device_statements=tuple(statements))  # fmt: skip


def ours(name, value, unit="ms"):
    return Measurement(name, name, value, unit, "t", reason=None if value is not None else "no T wave")


def said(*codes):
    return tuple(Finding(c, c, Grade.NOTE, "rule") for c in codes)


@pytest.mark.parametrize(
    ("name", "device", "value", "is_beyond"),
    [("heart_rate_bpm", 70, 75.0, False), ("heart_rate_bpm", 70, 75.1, True), ("pr_ms", 160, 140.0, False), ("qrs_ms", 100, 84.0, True), ("qt_ms", 400, 431.0, True)],
)  # fmt: skip
def test_values_beside_each_other(name, device, value, is_beyond):
    got = compare(record(values=[(name, device, "ms")]), [ours(TOLERANCES[name][0], value)], ()).values[0]
    assert (got.is_beyond, got.difference) == (is_beyond, pytest.approx(value - device))


def test_axes_differ_the_short_way_round():
    got = compare(record(values=[("qrs_axis_deg", 175, "deg")]), [ours("qrs_axis_deg", -178.0, "deg")], ()).values[0]
    assert (got.difference, got.is_beyond) == (7.0, False)


def test_what_we_could_not_measure_has_a_reason():
    got = compare(record(values=[("qt_ms", 400, "ms")]), [ours("qt_ms", None)], ()).values[0]
    assert (got.ours, got.difference, got.is_beyond, got.reason) == (None, None, None, "no T wave")


def test_names_are_those_of_the_readers():
    assert set(TOLERANCES) <= NAMES
    assert NAMES - set(TOLERANCES) == {"atrial_rate_bpm", "rr_ms", "pp_ms"}


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("NORMAL SINUS RHYTHM", ("sinus rhythm",)), ("RITMO SINUSALE", ("sinus rhythm",)), ("Sinus bradycardia (rate< 50)", ("sinus rhythm", "bradycardia")),
        ("Inferior infarct, acute (LCx)", ("ST elevation or acute infarct",)), ("Anterior infarct, old", ("old infarct",)),
        ("Left bundle branch block", ("left bundle branch block",)), ("Vorhofflimmern", ("atrial fibrillation",)), ("Prolonged QT", ("long QT",)),
        ("Left axis deviation", ("left axis deviation",)), ("Premature ventricular complexes", ("ventricular extrasystoles",)), ("PACs", ("supraventricular extrasystoles",)),
        ("1st degree AV block", ("first-degree AV block",)), ("ABNORMAL ECG", ()), ("Nonspecific abnormality (LVH, ST depression)", ()), ("No ST elevation", ()), ("not LBBB", ()), ("Ventricular pacing", ("paced rhythm",)),
        ("Tachykardie", ("tachycardia",)), ("Nonspecific T wave abnormality", ()), ("T wave inversion, lateral", ("T inversion",)),
    ],
)  # fmt: skip
def test_topics_of_device_statements(text, topics):
    assert topics_of(text) == topics


def test_statements_beside_each_other():
    got = compare(record(statements=["Sinus rhythm", "Prolonged QT", "ABNORMAL ECG"]), (), said("ECG_SINUS", "ECG_LBBB"))  # fmt: skip
    assert {(s.topic, s.verdict) for s in got.statements} == {
        ("sinus rhythm", "agrees"), ("long QT", "only device"), ("left bundle branch block", "only ours"),
    }  # fmt: skip
    assert got.unmatched == ("ABNORMAL ECG",)


def test_a_device_that_said_nothing_is_not_compared():
    assert compare(record(), (), said("ECG_LBBB")).statements == ()


def test_every_code_of_the_vocabulary_exists():
    import cardio_dagster.modalities.ecg.statements as package

    from pathlib import Path  # isort: skip

    source = "".join(p.read_text(encoding="utf-8") for p in Path(package.__file__).parent.glob("*.py"))
    assert {c for t in TOPICS for c in t.codes if f'"{c}"' not in source} == set()


def test_differences_are_one_note():
    compared = compare(
        record(values=[("qrs_ms", 135, "ms"), ("pr_ms", 150, "ms")], statements=["Prolonged QT"]),
        [ours("qrs_ms", 100.0), ours("pr_ms", 152.0)],
        said("ECG_SINUS"),
    )
    (note,) = differences(compared, recording_id="r")
    assert note.text == "Differs from what the device printed: QRS 100 ms (device 135), long QT (device only)"
    assert note.grade is Grade.NOTE
    assert differences(compare(record(), (), ()), recording_id="r") == ()
