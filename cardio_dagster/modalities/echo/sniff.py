"""Recognition of echo files by content.

Belongs here: the first look at the bytes. Not here: decoding, checking (validate.py, formats/).
"""

import warnings
import zipfile
import zlib
from pathlib import Path

from cardio_dagster.modalities.branch import Sniffed

ULTRASOUND_SOP_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.3",  # Ultrasound Multi-frame, retired
        "1.2.840.10008.5.1.4.1.1.3.1",  # Ultrasound Multi-frame
        "1.2.840.10008.5.1.4.1.1.6",  # Ultrasound, retired
        "1.2.840.10008.5.1.4.1.1.6.1",  # Ultrasound
        "1.2.840.10008.5.1.4.1.1.6.2",  # Enhanced US Volume
    }
)
DEFLATED = "1.2.840.10008.1.2.1.99"  # a transfer syntax that inflates without a limit
_HEAD_BYTES = 1024
_CODE_LENGTH = 4  # of a modality: two or more letters by which no one is known
_EXPORT = "Export the clip as ultrasound DICOM, or send NPZ, NIfTI, AVI or MP4."
_NIFTI = (  # of versions 1 and 2: size of the header in its first four bytes, place of the mark, the mark
    (348, 344, (b"n+1\0", b"ni1\0")),
    (540, 4, (b"n+2\0", b"ni2\0")),
)
_AUDIO_AND_STILL_BRANDS = (b"M4A ", b"M4B ", b"heic", b"heix", b"mif1", b"avif")


def sniff(path: Path) -> Sniffed | None:
    """Return what kind of echo file this is, or None if it is none.

    DICOM counts with an ultrasound SOP class, or with modality US and pixels; a zip with an
    `image.npy` is an NPZ; AVI, MP4 and NIfTI (gzip too) are known by their first bytes. Never raises.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd headers are judged by validate, not here
            kind = _kind(path)
    except Exception:  # any bytes at all may come, and no parser behind this promises what it raises
        return None
    return Sniffed(kind) if kind else None


def _kind(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head[128:132] == b"DICM":
        return "dicom" if _is_ultrasound(path) else None
    if head.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(path) as archive:
            return "npz" if "image.npy" in archive.namelist() else None
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    if head[4:8] == b"ftyp" and head[8:12] not in _AUDIO_AND_STILL_BRANDS:
        return "mp4"
    return "nifti" if _is_nifti(head) else None


def _is_nifti(head: bytes) -> bool:
    if head.startswith(b"\x1f\x8b"):
        head = zlib.decompressobj(wbits=31).decompress(head, _HEAD_BYTES)  # no more than asked for
    sizes = int.from_bytes(head[:4], "little"), int.from_bytes(head[:4], "big")
    return any(size in sizes and head[place : place + 4] in marks for size, place, marks in _NIFTI)


def _is_ultrasound(path: Path) -> bool:
    import pydicom

    meta = pydicom.filereader.read_file_meta_info(path)
    if meta.get("MediaStorageSOPClassUID") in ULTRASOUND_SOP_CLASSES:
        return True
    if meta.get("TransferSyntaxUID") == DEFLATED:
        return False
    with path.open("rb") as file:
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=["SOPClassUID", "Modality", "Rows"])
    return header.get("SOPClassUID") in ULTRASOUND_SOP_CLASSES or (header.get("Modality") == "US" and "Rows" in header)


def refusal(path: Path) -> tuple[str, str]:
    """Return what a file is that `sniff` does not claim, and the cure.

    Never raises; of what the file holds, only the code of the modality is repeated.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _refusal(path)
    except Exception:  # as in `sniff`
        return "a damaged file or one of another kind", _EXPORT


def _refusal(path: Path) -> tuple[str, str]:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        return "an empty file", "Export or transfer the file again."
    if head[128:132] == b"DICM":
        return _other_dicom(path)
    if head[:4] in (b"\x02\0\0\0", b"\x08\0\0\0", b"\x08\0\x05\0", b"\x08\0\x08\0", b"\x08\0\x16\0"):
        return "DICOM elements without the preamble of a file", "Save it as a DICOM file (PS3.10), with its preamble."
    if head.startswith(b"PK\x03\x04"):
        return "a zip or NPZ archive without `image`", "Store the frames in the NPZ under the name `image`."
    if head.startswith(b"\x93NUMPY"):
        return (
            "a single NumPy array",
            "Save it with np.savez(file, image=array, pixel_spacing_mm=..., frame_rate_hz=...).",
        )
    return "content of another kind", _EXPORT


def _other_dicom(path: Path) -> tuple[str, str]:
    import pydicom

    with path.open("rb") as file:
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=["Modality", "Rows"])
    modality = str(header.get("Modality", ""))
    if modality == "US":
        return "an ultrasound DICOM object without an image", "Send the clip itself, not its report or measurements."
    known = modality if modality.isascii() and modality.isalpha() and len(modality) <= _CODE_LENGTH else "unknown"
    return f"a DICOM object of modality {known}", "Send the ultrasound clip (modality US)."
