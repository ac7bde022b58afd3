"""Is this file an ECG? Decided by content, never by its name.

Belongs here: recognising formats, cheaply and without ever raising. Not here: reading them (formats/).
"""

from pathlib import Path

from cardio_dagster.modalities.branch import Sniffed

_DICOM_MAGIC_AT = 128
_ECG_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.9.1.1",  # 12-lead ECG
    "1.2.840.10008.5.1.4.1.1.9.1.2",  # General ECG
    "1.2.840.10008.5.1.4.1.1.9.1.3",  # Ambulatory ECG
    "1.2.840.10008.5.1.4.1.1.9.1.4",  # General 32-bit ECG
)


def sniff(path: Path) -> Sniffed | None:
    """Return the ECG format of a file and the files that belong to it, or None.

    Knows DICOM waveforms, WFDB headers whose signal files lie beside them, and CSV tables with lead columns.
    Never raises, whatever the bytes.
    """
    try:
        return _dicom(path) or _wfdb(path) or _csv(path)
    except Exception:  # hostile bytes meet three parsers here, and a file that one of them chokes on is not ours
        return None


def _dicom(path: Path) -> Sniffed | None:
    """Recognise DICOM by its magic and an ECG SOP class, or modality ECG with a waveform."""
    with path.open("rb") as file:
        head = file.read(_DICOM_MAGIC_AT + 4)
    if head[_DICOM_MAGIC_AT:] != b"DICM":
        return None
    sop_class, modality = _dicom_identity(path)
    if sop_class in _ECG_CLASSES or modality in {"ECG", "HD"}:
        return Sniffed("dicom")
    return None


def _dicom_identity(path: Path) -> tuple[str, str]:
    """Return SOP class and modality; a file that ends early still has its file meta."""
    import pydicom

    from cardio_dagster.modalities.ecg.formats.quiet import quiet_pydicom

    with quiet_pydicom():
        meta = pydicom.filereader.read_file_meta_info(path)
        sop_class = str(meta.get("MediaStorageSOPClassUID", ""))
        if sop_class:
            return sop_class, ""
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID", "Modality"])
        return str(dataset.get("SOPClassUID", "")), str(dataset.get("Modality", ""))


def _wfdb(path: Path) -> Sniffed | None:
    from cardio_dagster.modalities.ecg.formats.wfdb_header import parse_header, signal_paths

    header = parse_header(path)
    if header is None or header.is_multi_segment:
        return None
    files = signal_paths(header, folder=path.parent)
    return Sniffed("wfdb", tuple(files.values())) if files else None


def _csv(path: Path) -> Sniffed | None:
    from cardio_dagster.modalities.ecg.formats.csv import read_layout

    return Sniffed("csv") if read_layout(path) else None
