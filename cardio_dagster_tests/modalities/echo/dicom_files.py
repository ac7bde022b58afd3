"""Small DICOM ultrasound files made in the test, and what a reader must see in them."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import imagecodecs
import numpy as np
import simplejpeg
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_encoder
from pydicom.uid import (
    JPEG2000,
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.formats.dicom import read_dicom

REGION = {
    "RegionSpatialFormat": 1, "RegionDataType": 1, "PhysicalUnitsXDirection": 3, "PhysicalUnitsYDirection": 3,
    "RegionLocationMinX0": 10, "RegionLocationMinY0": 20, "RegionLocationMaxX1": 109, "RegionLocationMaxY1": 99,
    "PhysicalDeltaX": 0.05, "PhysicalDeltaY": 0.05,
}  # fmt: skip


def header_with(*regions: dict[str, object]) -> Dataset:
    """A header whose ultrasound regions are REGION with these changes."""
    header, items = Dataset(), []
    for changes in regions:
        item = Dataset()
        for name, value in {**REGION, **changes}.items():
            setattr(item, name, value)
        items.append(item)
    header.SequenceOfUltrasoundRegions = items
    return header


def read(path: Path, options: Options | None = None, **keywords: bool):
    """Clip and problems of a file, pydicom's warnings aside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_dicom(path, options or Options(), **keywords)


def textured(frames: int, height: int = 48, width: int = 64, samples: int = 1, bits: int = 8, seed: int = 3):
    """Smooth random frames that every codec can pack, (n, h, w) or (n, h, w, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((frames, height // 8, width // 8, samples))
    values = np.repeat(np.repeat(coarse, 8, axis=1), 8, axis=2) * (2**bits - 1)
    ramp = np.arange(width)[None, None, :, None] * 2 ** (bits - 8) / 4
    full = np.minimum(values * 0.75 + ramp, 2**bits - 1).astype(np.uint8 if bits <= 8 else np.uint16)
    return full[..., 0] if samples == 1 else full


def encode(frame: np.ndarray, syntax: UID, bits: int) -> bytes:
    """One frame compressed by the codec of the transfer syntax."""
    if syntax == JPEGBaseline8Bit:
        return _baseline(frame)
    if syntax == JPEGExtended12Bit:
        return imagecodecs.jpeg8_encode(frame, level=99, bitspersample=bits)
    if syntax in (JPEGLossless, JPEGLosslessSV1):
        predictor = 1 if syntax == JPEGLosslessSV1 else 6
        return imagecodecs.jpeg8_encode(frame, lossless=True, predictor=predictor, bitspersample=bits)
    if syntax == JPEGLSLossless:
        return imagecodecs.jpegls_encode(frame)
    if syntax in (JPEG2000, JPEG2000Lossless):
        reversible = syntax == JPEG2000Lossless
        level = {"level": 0} if reversible else {"level": 60}
        return imagecodecs.jpeg2k_encode(frame, codecformat="J2K", reversible=reversible, bitspersample=bits, **level)
    assert syntax == RLELossless
    return _run_lengths(frame)


def _baseline(frame: np.ndarray) -> bytes:
    if frame.ndim == 2:
        return simplejpeg.encode_jpeg(frame[..., None], quality=95, colorspace="GRAY")
    return simplejpeg.encode_jpeg(np.ascontiguousarray(frame), quality=95, colorspace="RGB", colorsubsampling="422")


def _run_lengths(frame: np.ndarray) -> bytes:
    samples = 1 if frame.ndim == 2 else 3
    return get_encoder(RLELossless).encode(
        np.ascontiguousarray(frame),
        rows=frame.shape[0],
        columns=frame.shape[1],
        samples_per_pixel=samples,
        bits_allocated=8 * frame.dtype.itemsize,
        bits_stored=8 * frame.dtype.itemsize,
        pixel_representation=0,
        photometric_interpretation="MONOCHROME2" if samples == 1 else "RGB",
        planar_configuration=0,
        number_of_frames=1,
    )


def _write(
    path: Path,
    frames: np.ndarray | None,
    *,
    syntax: UID = ExplicitVRLittleEndian,
    photometric: str | None = None,
    contents: Iterable[bytes] | None = None,
    pixel_data: bytes | None = None,
    shape: tuple[int, int, int] | None = None,
    bits_stored: int | None = None,
    **elements: object,
) -> Path:
    """Write (n, h, w) or (n, h, w, 3) uint8 or uint16 as an ultrasound multi-frame; any element can be overridden.

    `contents` are frames already compressed, `pixel_data` the bytes as they are to stand in the file.
    """
    colour = frames is not None and frames.ndim == 4
    bits = 8 if frames is None else 8 * frames.dtype.itemsize
    count, height, width = shape or frames.shape[:3]
    dataset = FileDataset(path, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
    dataset.Modality, dataset.Rows, dataset.Columns, dataset.NumberOfFrames = "US", height, width, count
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = photometric or ("RGB" if colour else "MONOCHROME2")
    dataset.BitsAllocated, dataset.BitsStored, dataset.PixelRepresentation = bits, bits_stored or bits, 0
    dataset.HighBit = dataset.BitsStored - 1
    if dataset.SamplesPerPixel == 3:
        dataset.PlanarConfiguration = 0
    for name, value in elements.items():
        setattr(dataset, name, value)
    stored = bits_stored or bits
    if pixel_data is not None:
        dataset.PixelData = pixel_data
    elif syntax.is_encapsulated:
        dataset.PixelData = encapsulate(list(contents or (encode(f, syntax, stored) for f in frames)))
    else:
        order = "<" if syntax.is_little_endian else ">"
        dataset.PixelData = frames.astype(frames.dtype.newbyteorder(order)).tobytes()
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    dataset["PixelData"].is_undefined_length = syntax.is_encapsulated
    dcmwrite(path, dataset, enforce_file_format=True)
    return path


def write_us(path: Path, frames: np.ndarray | None, **elements: object) -> Path:
    """`_write` without pydicom's warnings: odd values are often the point."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _write(path, frames, **elements)
