"""GE MUSE XML and CardioSoft XML: exact samples, exact limb leads, refused kinds, facts without names."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.cardiosoft import read_cardiosoft
from cardio_dagster.modalities.ecg.formats.dicom import read_dicom
from cardio_dagster.modalities.ecg.formats.muse import read_muse

from .xml_writers import NAMES_8, NAMES_12, muse, muse_lead, muse_waveform, some_steps

STEPS = some_steps(1000, 8)
FACTS = """<PatientDemographics><PatientLastName>Body</PatientLastName><PatientAge>18</PatientAge><AgeUnits>MONTHS</AgeUnits>
<Gender>FEMALE</Gender><DateofBirth>01-01-1980</DateofBirth></PatientDemographics>
<TestDemographics><AcquisitionDate>08-17-2025</AcquisitionDate><AcquisitionTime>09:15:11</AcquisitionTime></TestDemographics>
<RestingECGMeasurements><VentricularRate>72</VentricularRate><PRInterval>0</PRInterval><QRSDuration>86</QRSDuration>
<QTCorrected>440</QTCorrected><PAxis>0</PAxis><RAxis>-45</RAxis><QTInterval>32767</QTInterval></RestingECGMeasurements>
<Diagnosis><DiagnosisStatement><StmtText>Normal sinus</StmtText></DiagnosisStatement>
<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>rhythm</StmtText></DiagnosisStatement>
<DiagnosisStatement><StmtFlag>ENDSLINE</StmtFlag><StmtText>Confirmed by Some Body</StmtText></DiagnosisStatement></Diagnosis>"""


def leads_of(steps, **changes):
    return [muse_lead(name, column, **changes) for name, column in zip(NAMES_8, steps.T, strict=True)]


@pytest.fixture
def read(tmp_path):
    def _read(*parts, reader=read_muse):
        path = tmp_path / "a.xml"
        path.write_text(muse(*parts) if reader is read_muse else parts[0], encoding="latin-1")
        return reader(path)

    return _read


def test_eight_leads_are_read_and_four_calculated_exactly(read):
    record = read(FACTS, muse_waveform(leads_of(STEPS[:300]), "Median"), muse_waveform(leads_of(STEPS)))
    assert (record.format, record.leads, record.sampling_rate_hz) == ("muse", NAMES_12, 500.0)
    one, two = STEPS[:, 0], STEPS[:, 1]
    doubled = {"III": 2 * (two - one), "aVR": -(one + two), "aVL": 2 * one - two, "aVF": 2 * two - one}
    for name, steps in zip(NAMES_8, STEPS.T, strict=True):
        assert np.array_equal(record.signal_mv[:, NAMES_12.index(name)], (steps * 0.00488).astype(np.float32))
    for name, steps in doubled.items():
        assert np.array_equal(record.signal_mv[:, NAMES_12.index(name)], (steps * (0.00488 / 2)).astype(np.float32))
    assert record.notes[0] == "calculated from I and II: III, aVR, aVL, aVF"


def test_facts_without_names(read):
    record = read(FACTS, muse_waveform(leads_of(STEPS)))
    assert (record.started_at, record.patient_sex, record.age_years) == ("2025-08-17T09:15:11", "F", 1.5)
    values = {v.name: v.value for v in record.device_values}
    assert values == {"heart_rate_bpm": 72, "qrs_ms": 86, "qtc_ms": 440, "p_axis_deg": 0, "qrs_axis_deg": -45}
    assert (record.device_statements, record.n_device_texts_left_out) == (("Normal sinus rhythm",), 1)
    assert record.notes[1] == "1 printed number without unit or not possible left out"
    assert "Body" not in repr(record)
    assert "1980" not in repr(record)


def test_what_the_device_said_goes_before_what_a_reader_made_of_it(read):
    original = FACTS.replace("Diagnosis>", "OriginalDiagnosis>").replace(
        "RestingECGMeasurements>", "OriginalRestingECGMeasurements>"
    )
    edited = FACTS.replace("86", "99").replace("Normal sinus", "Abnormal sinus")
    record = read(edited, original, muse_waveform(leads_of(STEPS)))
    assert record.device_statements == ("Normal sinus rhythm",)
    assert {v.name: v.value for v in record.device_values}["qrs_ms"] == 86


@settings(max_examples=25)
@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=60))
def test_every_16_bit_step_round_trips(tmp_path_factory, steps):
    path = tmp_path_factory.getbasetemp() / "a.xml"
    path.write_text(muse(muse_waveform([muse_lead("V1", steps, LeadAmplitudeUnitsPerBit="1")])))
    assert np.array_equal(read_muse(path).signal_mv[:, 0], (np.array(steps) * 1e-3).astype(np.float32))


def test_a_late_lead_is_missing_before_it_begins(read):
    late = [muse_lead("I", STEPS[:600, 0]), muse_lead("V1", STEPS[:400, 1], LeadOffsetFirstSample=600)]
    signal_mv = read(muse_waveform(late)).signal_mv
    assert np.isnan(signal_mv).sum(axis=0).tolist() == [400, 600]
    assert signal_mv[600, 1] == np.float32(STEPS[0, 1] * 0.00488)


def test_the_rate_has_an_exponent(read):
    assert read(muse_waveform(leads_of(STEPS), SampleBase=25, SampleExponent=1)).sampling_rate_hz == 250.0
    assert read(muse_waveform(leads_of(STEPS), SampleExponent=None)).sampling_rate_hz == 500.0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"SampleBase": None}, "E_VALID_001"),
        ({"SampleBase": 0}, "E_VALID_002"),
        ({"SampleBase": "-500"}, "E_VALID_002"),
        ({"SampleExponent": "many"}, "E_VALID_002"),
        ({"SampleExponent": "99"}, "E_VALID_002"),
        ({"SampleType": "PEAKS"}, "E_FORMAT_002"),
        ({"DataCompression": "HUFFMAN"}, "E_FORMAT_002"),
        ({"kind": "Median"}, "E_FORMAT_002"),
    ],
)
def test_a_waveform_of_another_kind_is_refused(read, changes, code):
    with pytest.raises(StudyError, match=code):
        read(muse_waveform(leads_of(STEPS), **changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"LeadAmplitudeUnitsPerBit": None}, "E_VALID_001"),
        ({"LeadAmplitudeUnits": None}, "E_VALID_001"),
        ({"LeadAmplitudeUnits": "PARSEC"}, "E_VALID_003"),
        ({"LeadAmplitudeUnitsPerBit": 0}, "E_VALID_002"),
        ({"LeadAmplitudeUnitsPerBit": -4.88}, "E_VALID_002"),
        ({"LeadAmplitudeUnitsPerBit": "nan"}, "E_VALID_001"),
        ({"LeadSampleSize": 4}, "E_FORMAT_002"),
        ({"LeadTimeOffset": 20}, "E_FORMAT_002"),
        ({"FirstSampleBaseline": 7}, "E_FORMAT_002"),
        ({"LeadSampleCountTotal": 999}, "E_CORRUPT_001"),
        ({"LeadByteCountTotal": 1998}, "E_CORRUPT_001"),
        ({"LeadOffsetFirstSample": -1}, "E_VALID_002"),
        ({"LeadOffsetFirstSample": 10**9}, "E_VALID_002"),
        ({"WaveFormData": None}, "E_CORRUPT_001"),
        ({"WaveFormData": "AAA*"}, "E_CORRUPT_001"),
        ({"WaveFormData": "AAAA"}, "E_CORRUPT_001"),
    ],
)
def test_a_lead_that_cannot_be_right_is_refused(read, changes, code):
    with pytest.raises(StudyError, match=code):
        read(muse_waveform([*leads_of(STEPS), muse_lead("V7", STEPS[:, 0], **changes)]))


def test_leads_of_unequal_length_are_refused_with_their_lengths(read):
    with pytest.raises(StudyError, match="900 and 1000 samples"):
        read(muse_waveform([*leads_of(STEPS), muse_lead("V7", STEPS[:900, 0])]))


def test_a_file_without_leads_is_refused(read):
    with pytest.raises(StudyError, match="E_VALID_002"):
        read(muse_waveform([]))


def cardiosoft(leads, **changes):
    facts = {
        "rate": '<SampleRate units="Hz">500</SampleRate>',
        "step": '<Resolution units="uVperLsb">5</Resolution>',
        "n": 1000,
    } | changes
    data = "".join(f'<WaveformData lead="{n}">\n\t{",".join(map(str, s))}</WaveformData>' for n, s in leads.items())
    median = data.replace("lead=", "mean=")
    return (
        f"<CardiologyXML><PatientInfo><Name>Body</Name><Age units='YEARS'>53</Age><Gender>MALE</Gender></PatientInfo>"
        f"<RestingECGMeasurements><PQInterval units='ms'>174</PQInterval><MedianSamples>{median}</MedianSamples></RestingECGMeasurements>"
        f"<StripData>{facts['rate']}{facts['step']}<ChannelSampleCountTotal>{facts['n']}</ChannelSampleCountTotal>{data}</StripData></CardiologyXML>"
    )


def test_cardiosoft_strip_is_exact(read):
    record = read(cardiosoft(dict(zip(NAMES_8, STEPS.T, strict=True))), reader=read_cardiosoft)
    assert (record.format, record.leads, record.sampling_rate_hz) == ("cardiosoft", NAMES_12, 500.0)
    assert np.array_equal(record.signal_mv[:, 6], (STEPS[:, 2] * 0.005).astype(np.float32))
    assert (record.patient_sex, record.age_years, [v.value for v in record.device_values]) == ("M", 53.0, [174.0])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"rate": ""}, "E_VALID_001"),
        ({"rate": "<SampleRate>500</SampleRate>"}, "E_VALID_001"),
        ({"rate": '<SampleRate units="Hz">0</SampleRate>'}, "E_VALID_002"),
        ({"step": ""}, "E_VALID_001"),
        ({"step": '<Resolution units="acre">5</Resolution>'}, "E_VALID_003"),
        ({"step": '<Resolution units="uVperLsb">0</Resolution>'}, "E_VALID_002"),
        ({"n": 999}, "E_CORRUPT_001"),
        ({"n": ""}, "E_CORRUPT_001"),
    ],
)
def test_cardiosoft_that_cannot_be_right_is_refused(read, changes, code):
    with pytest.raises(StudyError, match=code):
        read(cardiosoft({"I": STEPS[:, 0]}, **changes), reader=read_cardiosoft)


def test_cardiosoft_without_strip_is_refused(read):
    with pytest.raises(StudyError, match="E_FORMAT_002"):
        read("<CardiologyXML/>", reader=read_cardiosoft)


@pytest.mark.reference
def test_muse_and_dicom_of_one_recording_agree(reference_data):
    folder = reference_data / "formats"
    xml, dicom = read_muse(folder / "muse_xml/synthetic_muse.xml"), read_dicom(folder / "dicom_ecg/synthetic_muse.dcm")
    assert (xml.leads, xml.sampling_rate_hz, xml.patient_sex, xml.age_years) == (
        dicom.leads,
        500.0,
        dicom.patient_sex,
        dicom.age_years,
    )
    assert xml.device_values == dicom.device_values
    steps = np.abs(xml.signal_mv - dicom.signal_mv).max(axis=0) / 0.00488
    stored = [i for i, name in enumerate(NAMES_12) if not name.startswith("a")]
    assert steps[stored].max() < 1e-3
    assert steps.max() < 0.501  # the DICOM file rounds the half steps of aVR, aVL and aVF


@pytest.mark.reference
@pytest.mark.parametrize("name", ["guangxi_teaching_sinus_rhythm", "synthetic_muse", "pydicom_waveform_ecg"])
def test_dicom_samples_obey_einthoven(reference_data, name):
    record = read_dicom(reference_data / f"formats/dicom_ecg/{name}.dcm")
    lead = dict(zip(record.leads, record.signal_mv.T.astype(float), strict=True))
    assert np.abs(lead["III"] - (lead["II"] - lead["I"])).max() < 1e-4
    assert np.abs(lead["aVF"] - (lead["II"] + lead["III"]) / 2).max() < 0.00245


@pytest.mark.reference
def test_cardiosoft_by_its_raw_text(reference_data):
    record = read_cardiosoft(reference_data / "formats/ecgprocess/example-XML1.xml")
    assert (record.leads, record.signal_mv.shape, record.sampling_rate_hz) == (NAMES_12, (5000, 12), 500.0)
    first = [-4, 22, 26, -9, -15, 24, 92, 90, 73, 59, 22, -13]  # read off the file, steps of 5 uV
    assert np.round(record.signal_mv[0] / 0.005).tolist() == first
    assert (record.started_at, record.patient_sex, record.age_years) == ("2018-07-19T14:19:39", "M", 53.0)
    assert record.device_statements[:2] == ("Sinus bradycardia", "Otherwise normal ECG")
    assert {v.name: v.value for v in record.device_values}["qt_ms"] == 440
