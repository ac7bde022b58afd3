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
_DEFLATED = "1.2.840.10008.1.2.1.99"
_XML_ROOTS = {"AnnotatedECG": "aecg", "RestingECG": "muse", "restingecgdata": "sierra", "CardiologyXML": "cardiosoft"}


def sniff(path: Path) -> Sniffed | None:
    """Return the ECG format of a file and the files that belong to it, or None.

    Knows DICOM waveforms, XML by its root element, SCP-ECG, EDF, ISHNE, Parquet, WFDB headers whose signal files lie beside them,
    and CSV tables with lead columns.
    Never raises, whatever the bytes.
    """
    try:
        return _dicom(path) or _xml(path) or _binary(path) or _wfdb(path) or _csv(path)
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


def _xml(path: Path) -> Sniffed | None:
    """Recognise XML by its root element, wherever it stands in the first 64 kB."""
    from cardio_dagster.modalities.ecg.formats.xml import root_name

    with path.open("rb") as file:
        name = root_name(file.read(1 << 16))
    return Sniffed(_XML_ROOTS[name]) if name in _XML_ROOTS else None


def _dicom_identity(path: Path) -> tuple[str, str]:
    """Return SOP class and modality; a file that ends early still has its file meta."""
    import pydicom

    from cardio_dagster.modalities.ecg.formats.quiet import quiet_pydicom

    with quiet_pydicom():
        meta = pydicom.filereader.read_file_meta_info(path)
        sop_class = str(meta.get("MediaStorageSOPClassUID", ""))
        if (
            sop_class or meta.get("TransferSyntaxUID") == _DEFLATED
        ):  # to inflate it is for the reader, which has a limit
            return sop_class, ""
        dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SOPClassUID", "Modality"])
        return str(dataset.get("SOPClassUID", "")), str(dataset.get("Modality", ""))


def _binary(path: Path) -> Sniffed | None:
    """Recognise SCP-ECG, ISHNE, EDF with an ECG signal, and Parquet tables of leads by their first bytes."""
    with path.open("rb") as file:
        head = file.read(32)
    if head.startswith(b"ISHNE1.0"):
        return Sniffed("ishne")
    if head.startswith((b"0       ", b"\xffBIOSEMI")):
        return _edf(path)
    if head.startswith(b"PAR1"):
        from cardio_dagster.modalities.ecg.formats.parquet import parquet_columns

        return Sniffed("parquet") if parquet_columns(path) else None
    from cardio_dagster.modalities.ecg.formats.scp_container import is_scp

    return Sniffed("scp") if is_scp(head) else None


def _edf(path: Path) -> Sniffed | None:
    """Recognise EDF by its header; a recording without any ECG signal (a sleep EEG) is not ours."""
    from cardio_dagster.modalities.ecg.formats.edf_header import parse_edf

    header = parse_edf(path)
    return Sniffed("edf") if header and header.ecg_signals() else None


def _wfdb(path: Path) -> Sniffed | None:
    from cardio_dagster.modalities.ecg.formats.wfdb_header import parse_header, signal_paths

    header = parse_header(path)
    if header is None:
        return None
    if header.is_multi_segment:
        return _wfdb_segments(path, sorted({name for name, _ in header.segments} - {"~"}))
    files = signal_paths(header, folder=path.parent)
    return Sniffed("wfdb", tuple(files.values())) if files else None


def _wfdb_segments(path: Path, names: list[str]) -> Sniffed | None:
    """Return a record of segments with the headers and signal files of all of them; None where one is missing."""
    from cardio_dagster.modalities.ecg.formats.wfdb_header import parse_header, signal_paths

    companions: list[Path] = []
    for name in names:
        part = path.parent / f"{name}.hea"
        header = parse_header(part) if part != path and not part.is_symlink() else None
        files = signal_paths(header, folder=path.parent) if header and not header.is_multi_segment else None
        if files is None:
            return None
        companions += [part, *files.values()]
    return Sniffed("wfdb", tuple(dict.fromkeys(companions))) if companions else None


def _csv(path: Path) -> Sniffed | None:
    from cardio_dagster.modalities.ecg.formats.csv_layout import read_layout

    return Sniffed("csv") if read_layout(path) else None
