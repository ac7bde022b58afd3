"""DICOM ECG beyond the plain case: several groups, common names of printed values, threads, deflated files."""

import copy
import io
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats import dicom
from cardio_dagster.modalities.ecg.formats.dicom import read_dicom
from cardio_dagster.modalities.ecg.sniff import sniff


@pytest.fixture
def edited(dicom_path, tmp_path):
    def _edited(edit):
        dataset = pydicom.dcmread(dicom_path)
        edit(dataset)
        path = tmp_path / "a.dcm"
        dataset.save_as(path)
        return path

    return _edited


def strip(group, *, channels, samples=None):
    """Return a part of a group: its first channels and samples, labelled as a rhythm strip."""
    part = copy.deepcopy(group)
    n = samples or int(group.NumberOfWaveformSamples)
    raw = np.frombuffer(group.WaveformData, dtype="<i2").reshape(-1, 12)[:n, :channels]
    part.WaveformData, part.NumberOfWaveformSamples, part.NumberOfWaveformChannels = raw.tobytes(), n, channels
    part.ChannelDefinitionSequence = part.ChannelDefinitionSequence[:channels]
    part.MultiplexGroupLabel = "RHYTHM STRIP"
    return part


@pytest.mark.parametrize("sop_class", ["1.2.840.10008.5.1.4.1.1.9.1.2", "1.2.840.10008.5.1.4.1.1.9.1.3"])
def test_of_groups_as_long_the_one_with_most_leads_is_read(edited, dicom_path, sop_class):
    def add(dataset):
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = sop_class
        groups = dataset.WaveformSequence
        dataset.WaveformSequence = [strip(groups[0], channels=3), *groups, strip(groups[0], channels=12, samples=2500)]

    path = edited(add)
    record = read_dicom(path)
    assert sniff(path).format == "dicom"
    assert np.array_equal(record.signal_mv, read_dicom(dicom_path).signal_mv)
    assert record.notes == ("2 other original multiplex groups not read",)


def test_a_longer_strip_goes_before_a_short_twelve_lead_group(edited):
    def swap(dataset):
        groups = dataset.WaveformSequence
        dataset.WaveformSequence = [strip(groups[0], channels=12, samples=2500), strip(groups[0], channels=1)]

    assert read_dicom(edited(swap)).leads == ("I",)


def test_a_twelve_lead_group_goes_before_a_longer_strip_of_one_lead(edited):
    def swap(dataset):
        groups = dataset.WaveformSequence
        dataset.WaveformSequence = [strip(groups[0], channels=1), strip(groups[0], channels=12, samples=6000)]

    assert len(read_dicom(edited(swap)).leads) == 12


def test_printed_values_have_the_common_names(dicom_path):
    record = read_dicom(dicom_path)
    names = ("rr_ms", "pr_ms", "qrs_ms", "qt_ms", "qtc_ms", "p_axis_deg", "qrs_axis_deg", "t_axis_deg")
    assert {v.name: v.value for v in record.device_values} == dict(
        zip(names, (982, 161, 75, 368, 370, 74, 52, 57), strict=True)
    )
    assert record.notes == ()


def annotation(number, unit, *, code="x", meaning="x"):
    item, concept, units = Dataset(), Dataset(), Dataset()
    concept.CodeValue, concept.CodeMeaning, units.CodeValue = code, meaning, unit
    item.ConceptNameCodeSequence, item.NumericValue = [concept], number
    item.MeasurementUnitsCodeSequence = [units] if unit else []
    return item


def test_values_by_code_or_words_and_never_without_unit(edited):
    def note(dataset):
        dataset.WaveformAnnotationSequence = [
            annotation(97, "{H.B.}/min", code="2:16016", meaning="Frequenza"),
            annotation(0, "deg", meaning="QRS axis"),
            annotation(120, "ms", meaning="P duration global"),
            annotation("0.4", "s", meaning="QT Interval"),
            annotation(150, "", meaning="PR Interval"),
            annotation(29999, "ms", meaning="QRS Duration"),
            annotation(5, "ms", meaning="Somebody's interval"),
        ]

    record = read_dicom(edited(note))
    assert {v.name: v.value for v in record.device_values} == {
        "heart_rate_bpm": 97,
        "qrs_axis_deg": 0,
        "p_duration_ms": 120,
        "qt_ms": 400,
    }
    assert record.notes == ("2 printed numbers without unit or not possible left out",)


def test_threads_do_not_undo_each_others_silence(edited):
    path = edited(lambda dataset: setattr(dataset, "PatientComments", "quiet"))
    content = path.read_bytes().replace(b"20130125105919", b"2013-01-25 10:")  # a value out of its VR
    path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with ThreadPoolExecutor(4) as pool:
            lengths = list(pool.map(lambda _: len(read_dicom(path).signal_mv), range(12)))
    assert lengths == [10000] * 12


def deflated(dataset_bytes, dicom_path):
    """Return a file whose dataset is deflated, with the file meta of the sample."""
    meta = pydicom.dcmread(dicom_path).file_meta
    meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    buffer = io.BytesIO()
    pydicom.filewriter.write_file_meta_info(buffer, meta)
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return bytes(128) + b"DICM" + buffer.getvalue() + squeezer.compress(dataset_bytes) + squeezer.flush()


def test_deflated_files_are_read_within_a_limit(dicom_path, tmp_path, monkeypatch):
    content = dicom_path.read_bytes()
    body = content[144 + int.from_bytes(content[140:144], "little") :]
    path = tmp_path / "a.dcm"
    path.write_bytes(deflated(body, dicom_path))
    assert np.array_equal(read_dicom(path).signal_mv, read_dicom(dicom_path).signal_mv)
    monkeypatch.setattr(dicom, "_MAX_INFLATED", 1_000_000)
    path.write_bytes(deflated(bytes(10_000_000), dicom_path))
    with pytest.raises(StudyError, match="E_HARD_004"):
        read_dicom(path)
