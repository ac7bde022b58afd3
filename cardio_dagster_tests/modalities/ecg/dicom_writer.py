"""Tiny writer of a DICOM General ECG: whole steps of 5 uV in, a dataset out."""

from pydicom.dataset import Dataset, FileMetaDataset


def dicom_dataset(steps, leads, *, rate_hz, syntax):
    """Return a General ECG of steps (n_samples, n_leads)."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.9.1.2", "1.2.3", "ECG"
    dataset.WaveformSequence = [_group(steps, leads, rate_hz)]
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID, dataset.file_meta.MediaStorageSOPInstanceUID = (
        dataset.SOPClassUID,
        "1.2.3",
    )
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def _group(steps, leads, rate_hz):
    group = Dataset()
    group.WaveformOriginality, group.SamplingFrequency = "ORIGINAL", rate_hz
    group.NumberOfWaveformSamples, group.NumberOfWaveformChannels = steps.shape
    group.ChannelDefinitionSequence = [_channel(name) for name in leads]
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.WaveformData = steps.astype("<i2").tobytes()
    group["WaveformData"].VR = "OW"
    return group


def _channel(name):
    source, unit, channel = Dataset(), Dataset(), Dataset()
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = "2:1", "MDC", f"Lead {name}"
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "uV", "UCUM", "microvolt"
    channel.ChannelSourceSequence, channel.ChannelSensitivityUnitsSequence = [source], [unit]
    channel.ChannelSensitivity, channel.ChannelSensitivityCorrectionFactor, channel.ChannelBaseline = "5", "1", "0"
    channel.WaveformBitsStored = 16
    return channel
