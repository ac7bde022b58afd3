"""HL7 annotated ECG: exact samples, refused rates and units, the right series, facts without names."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.formats.aecg import read_aecg
from cardio_dagster.modalities.ecg.validate import validate

from .xml_writers import aecg, aecg_sequence, aecg_series, annotation, annotations, some_steps

STEPS = some_steps(1000, 2)
LEADS = [aecg_sequence(name, column) for name, column in zip(("I", "aVR"), STEPS.T, strict=True)]
PQ = '<value xsi:type="PQ" value="{}" unit="{}"/>'
SUBJECT = (
    "<componentOf><subjectDemographicPerson><name>Some Body</name>{gender}<birthTime value='19530508'/>"
    "</subjectDemographicPerson></componentOf>"
)


@pytest.fixture
def read(tmp_path):
    def _read(text):
        path = tmp_path / "a.xml"
        path.write_text(text, encoding="utf-8")
        return read_aecg(path)

    return _read


def test_samples_are_origin_plus_digit_times_scale(read):
    far = aecg_sequence("Nose", STEPS[:, 0], "0.01", "mV", '<origin value="-500" unit="uV"/>')
    record = read(aecg(aecg_series([*LEADS, far])))
    assert (record.format, record.leads, record.sampling_rate_hz) == ("aecg", ("I", "aVR", "lead 3"), 500.0)
    assert np.array_equal(record.signal_mv[:, :2], (STEPS * 0.0025).astype(np.float32))
    assert np.allclose(record.signal_mv[:, 2], STEPS[:, 0] * 0.01 - 0.5, atol=1e-6)
    assert record.started_at == "2024-02-29T13:14:15"
    assert record.notes == ()


@settings(max_examples=25)
@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50), st.sampled_from(["uV", "mV", "nV", "V"]))
def test_whole_numbers_round_trip(tmp_path_factory, digits, unit):
    path = tmp_path_factory.getbasetemp() / "a.xml"
    path.write_text(aecg(aecg_series([aecg_sequence("II", digits, "0.5", unit)])))
    per_step = 0.5 * {"uV": 1e-3, "mV": 1.0, "nV": 1e-6, "V": 1e3}[unit]
    assert np.array_equal(read_aecg(path).signal_mv[:, 0], (np.array(digits) * per_step).astype(np.float32))


@pytest.mark.parametrize(
    ("increment", "time", "rate_hz"),
    [
        ('value="0.001" unit="s"', "TIME_RELATIVE", 1000.0),
        ('value="4" unit="ms"', "TIME_ABSOLUTE", 250.0),
        ('value="0.00390625" unit="s"', "TIME_ABSOLUTE", 256.0),
    ],
)
def test_the_rate_is_one_over_the_increment(read, increment, time, rate_hz):
    assert read(aecg(aecg_series(LEADS, increment=increment, time=time))).sampling_rate_hz == rate_hz


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"increment": ""}, "E_VALID_001"),
        ({"increment": 'value="0.002"'}, "E_VALID_001"),
        ({"increment": 'value="nan" unit="s"'}, "E_VALID_001"),
        ({"time": "SPACE"}, "E_VALID_001"),
        ({"increment": 'value="0" unit="s"'}, "E_VALID_002"),
        ({"increment": 'value="-0.002" unit="s"'}, "E_VALID_002"),
        ({"increment": 'value="1e-9" unit="s"'}, "E_VALID_002"),
        ({"code": "REPRESENTATIVE_BEAT"}, "E_FORMAT_002"),
    ],
)
def test_an_impossible_series_is_refused(read, changes, code):
    with pytest.raises(StudyError, match=code):
        read(aecg(aecg_series(LEADS, **changes)))


@pytest.mark.parametrize(
    ("lead", "code"),
    [
        (aecg_sequence("V1", STEPS[:-1, 0]), "E_CORRUPT_001"),
        (aecg_sequence("V1", []), "E_CORRUPT_001"),
        (aecg_sequence("V1", ["nan"] * 1000), "E_CORRUPT_001"),
        (aecg_sequence("V1", STEPS[:, 0], unit=""), "E_VALID_001"),
        (aecg_sequence("V1", STEPS[:, 0], scale="much"), "E_VALID_001"),
        (aecg_sequence("V1", STEPS[:, 0], scale="0"), "E_VALID_002"),
        (aecg_sequence("V1", STEPS[:, 0], scale="1e90"), "E_VALID_002"),
        (aecg_sequence("V1", STEPS[:, 0], unit="furlong"), "E_VALID_003"),
        (aecg_sequence("V1", STEPS[:, 0], origin='<origin value="3"/>'), "E_VALID_001"),
    ],
)
def test_a_lead_that_does_not_fit_is_refused(read, lead, code):
    with pytest.raises(StudyError, match=code):
        read(aecg(aecg_series([*LEADS, lead])))


def test_unequal_leads_are_told_with_their_lengths(read):
    with pytest.raises(StudyError, match="990 samples and 1000 samples"):
        read(aecg(aecg_series([*LEADS, aecg_sequence("V1", STEPS[:990, 0])])))


def test_the_longest_rhythm_is_read_and_never_a_beat(read):
    beat = f"<derivation><derivedSeries>{aecg_series([aecg_sequence('V5', range(5000))])}</derivedSeries></derivation>"
    short = aecg_series([aecg_sequence("II", STEPS[:100, 0])])
    other = aecg_series([aecg_sequence("V6", range(9000))], code="REPRESENTATIVE_BEAT")
    record = read(aecg(short, aecg_series(LEADS, notes=beat), other))
    assert (record.leads, len(record.signal_mv)) == (("I", "aVR"), 1000)


def test_repeated_and_unknown_leads_are_told_apart(read):
    record = read(aecg(aecg_series([*LEADS, LEADS[0], aecg_sequence("John Doe", STEPS[:, 0])])))
    assert record.leads == ("I", "aVR", "I#2", "lead 4")


def test_more_leads_than_a_body_has_room_for_are_refused(read):
    with pytest.raises(StudyError, match="E_VALID_002"):
        read(aecg(aecg_series([aecg_sequence("V1", [1, 2])] * 65)))


def test_subject_without_name(read):
    gender = '<administrativeGenderCode code="F"/>'
    record = read(aecg(aecg_series(LEADS), subject=SUBJECT.format(gender=gender)))
    assert (record.patient_sex, record.age_years) == ("F", 70.0)  # born 8 May 1953, recorded 29 February 2024
    reported = '<controlVariable><relatedObservation><code code="21612-7"/><value value="46" unit="a"/></relatedObservation></controlVariable>'
    record = read(aecg(aecg_series(LEADS), subject=SUBJECT.format(gender="") + reported))
    assert (record.patient_sex, record.age_years) == (None, 46.0)
    assert "Some Body" not in repr(record)
    assert "1953" not in repr(record)


def test_annotations_become_common_names(read):
    single = '<support><supportingROI><component><boundary><code code="MDC_ECG_LEAD_V1"/></boundary></component></supportingROI></support>'
    beats = [annotation("MDC_ECG_BEAT", "", annotation("MDC_ECG_TIME_PD_P", PQ.format(p, "ms"))) for p in (100, 100)]
    beats += [
        annotation("MDC_ECG_BEAT", "", annotation("MDC_ECG_ANGLE_T_FRONT", PQ.format(t, "deg"))) for t in (10, 20)
    ]
    notes = annotations(
        annotation("MDC_ECG_HEART_RATE", PQ.format(64, "bpm")),
        annotation("MDC_ECG_TIME_PD_PR", PQ.format("0.16", "s")),
        annotation("MDC_ECG_TIME_PD_QTc", PQ.format(430, "ms")),
        annotation("MDC_ECG_TIME_PD_QRS", '<value value="90"/>'),
        annotation("MDC_ECG_TIME_PD_QT", PQ.format(0, "ms")),
        annotation("MDC_ECG_TIME_PD_QT", PQ.format(390, "ms"), single),
        annotation("MDC_ECG_ANGLE_QRS_FRONT", PQ.format(0, "deg")),
        *beats,
        annotation(
            "MDC_ECG_INTERPRETATION", "", annotation("MDC_ECG_INTERPRETATION_STATEMENT", "<value>Sinus  rhythm</value>")
        ),
        annotation(
            "MDC_ECG_INTERPRETATION", "", annotation("MDC_ECG_INTERPRETATION_COMMENT", "<value>seen by Dr. Who</value>")
        ),
    )
    record = read(aecg(aecg_series(LEADS, notes=notes)))
    assert {v.name: (v.value, v.unit) for v in record.device_values} == {
        "heart_rate_bpm": (64.0, "/min"),
        "pr_ms": (160.0, "ms"),
        "qtc_ms": (430.0, "ms"),
        "qrs_axis_deg": (0.0, "deg"),
        "p_duration_ms": (100.0, "ms"),
    }
    assert (record.device_statements, record.n_device_texts_left_out) == (("Sinus rhythm",), 1)
    assert record.notes == ("2 printed numbers without unit or not possible left out",)


def test_too_short_a_recording_is_refused_by_validate(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(aecg(aecg_series([aecg_sequence("II", STEPS[:13, 0])])))
    with pytest.raises(StudyError, match="E_VALID_002"):
        validate(path, Options())


@pytest.mark.reference
def test_the_example_of_the_standard_by_its_raw_text(reference_data):
    record = read_aecg(reference_data / "formats/hl7_aecg/HL7_Example_aECG.xml")
    assert record.leads == ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6", "III", "aVR", "aVL", "aVF")
    assert (record.signal_mv.shape, record.sampling_rate_hz) == ((5000, 12), 500.0)
    # digits -9 of lead I (12th) and 55 of V2 (1st) times 2.5 uV, read off the file
    assert record.signal_mv[[12, 0], [0, 3]].tolist() == pytest.approx([-0.0225, 0.1375])
    assert (record.started_at, record.patient_sex, record.age_years) == ("2002-11-22T09:10:00", "M", 46.0)
    assert record.device_statements == ("Sinus Rhythm",)
    printed = {"p_duration_ms": 102, "pr_ms": 148, "qrs_ms": 120, "qt_ms": 420, "qtc_ms": 443, "qrs_axis_deg": -61}
    assert {v.name: v.value for v in record.device_values if v.name in printed} == printed


@pytest.mark.reference
def test_a_conversion_from_sierra_is_the_same_recording(reference_data):
    from cardio_dagster.modalities.ecg.formats.sierra import read_sierra  # the file and its conversion by the maker

    folder = reference_data / "formats/philips_sierra_xml"
    made, first = (
        reader(folder / f"ad4d3d80-d165_1-04_{name}.xml")
        for reader, name in ((read_aecg, "converted"), (read_sierra, "orig"))
    )
    n = len(first.signal_mv)
    assert (made.leads, made.sampling_rate_hz, made.started_at) == (
        first.leads,
        first.sampling_rate_hz,
        first.started_at,
    )
    assert (made.patient_sex, made.age_years) == (first.patient_sex, first.age_years) == ("F", 32.0)
    difference_mv = np.abs(made.signal_mv[:n] - first.signal_mv)
    assert difference_mv.max() <= 0.0201  # four steps: the converter filters and rounds again
    assert difference_mv.mean() < 0.003
    assert 0 <= len(made.signal_mv) - n < 10  # both without their calibration pulse
