"""A small DICOM file of every transfer syntax and kind of pixel that the echo branch reads: {kind: writer(folder) -> paths}.

Belongs here: the DICOM ones, all of the same heart. Not here: other formats (sample_files.py).
"""

import io
from functools import lru_cache, partial
from pathlib import Path

import av
import imagecodecs
import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import (
    JPEG2000,
    MPEG2MPML,
    MPEG4HP41,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from cardio_dagster.demo.simulated_echo import simulate_clip
from cardio_dagster_tests.modalities.echo.dicom_files import encode, header_with, write_us

RATE_HZ, BEATS_PER_MINUTE, SIDE = 12.0, 110.0, 144
Files = tuple[Path, ...]


@lru_cache(maxsize=1)
def heart() -> tuple[np.ndarray, float, tuple[float, ...]]:
    """Return frames (14, 144, 144) uint8 of a beating heart, mm per pixel, and its R waves in seconds."""
    clip = simulate_clip(
        11,
        lvef_pct=60.0,
        heart_rate_bpm=BEATS_PER_MINUTE,
        duration_s=1.2,
        frame_rate_hz=RATE_HZ,
        shadow=0.0,
        drop_out=0.0,
    )
    height, width = clip.frames.shape[1:]
    k = -(-max(height, width) // SIDE)
    whole = clip.frames[:, : height // k * k, : width // k * k]
    means = whole.reshape(len(whole), height // k, k, width // k, k).mean(axis=(2, 4)).round().astype(np.uint8)
    rows, columns = SIDE - means.shape[1], SIDE - means.shape[2]
    padded = np.pad(means, ((0, 0), (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)))
    return padded, clip.pixel_spacing_mm * k, tuple(float(t) for t in clip.r_wave_s)


def frames(samples: int = 1, bits: int = 8) -> np.ndarray:
    """Return the frames of the heart, (n, h, w) or (n, h, w, 3), of as many bits."""
    grey = heart()[0]
    deep = grey if bits == 8 else grey.astype(np.uint16) << (bits - 8)
    return deep if samples == 1 else np.repeat(deep[..., None], samples, axis=3)


def times() -> dict[str, object]:
    """Return the elements of a calibrated clip: its region, its frame time and its R waves."""
    _, mm, r_wave_s = heart()
    region = {
        "RegionLocationMinX0": 0, "RegionLocationMinY0": 0, "RegionLocationMaxX1": SIDE - 1, "RegionLocationMaxY1": SIDE - 1,
        "PhysicalDeltaX": mm / 10, "PhysicalDeltaY": mm / 10,
    }  # fmt: skip
    return {
        "SequenceOfUltrasoundRegions": header_with(region).SequenceOfUltrasoundRegions,
        "FrameTime": f"{1000 / RATE_HZ:.6g}",
        "RWaveTimeVector": [1000 * t for t in r_wave_s],
        "Manufacturer": "none",
    }


def dicom(
    folder: Path, syntax: UID = ExplicitVRLittleEndian, *, samples: int = 1, bits: int = 8, **elements: object
) -> Files:
    """Write the heart with this transfer syntax; `bits` are those that are stored."""
    more = {**times(), **elements}
    return (write_us(folder / "x.dcm", frames(samples, bits), syntax=syntax, bits_stored=bits, **more),)  # type: ignore[arg-type]


def inverted(folder: Path) -> Files:
    """Write MONOCHROME1, in which white is 0."""
    return dicom(folder, photometric="MONOCHROME1", pixel_data=(255 - frames()).tobytes())


def planar(folder: Path) -> Files:
    content = np.ascontiguousarray(frames(3).transpose(0, 3, 1, 2)).tobytes()
    return dicom(folder, samples=3, pixel_data=content, PlanarConfiguration=1)


def shared_colours(folder: Path) -> Files:
    """Write YBR_FULL_422 uncompressed: two pixels share their colours."""
    grey = frames()
    pairs = grey.reshape(*grey.shape[:2], -1, 2)
    content = np.concatenate([pairs, np.full_like(pairs, 128)], axis=3).tobytes()
    return dicom(folder, samples=3, photometric="YBR_FULL_422", pixel_data=content)


def palette(folder: Path, syntax: UID = ExplicitVRLittleEndian) -> Files:
    order = "<" if syntax.is_little_endian else ">"
    table = (np.arange(256, dtype=np.uint16) * 257).astype(f"{order}u2").tobytes()
    parts: dict[str, object] = {}
    for colour in ("Red", "Green", "Blue"):
        parts[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        parts[f"{colour}PaletteColorLookupTableData"] = table
    return dicom(folder, syntax, photometric="PALETTE COLOR", **parts)


def still(folder: Path) -> Files:
    return (write_us(folder / "x.dcm", frames()[:1], **times()),)


def uneven_times(folder: Path) -> Files:
    """Write a clip with a FrameTimeVector instead of a FrameTime."""
    vector = [0.0, *[1000 / RATE_HZ] * (len(frames()) - 1)]
    return dicom(folder, RLELossless, FrameTime=None, FrameTimeVector=vector)


def with_trace(folder: Path) -> Files:
    """Write a clip with an ECG in WaveformSequence instead of R wave times."""
    trace = np.zeros(240, "<i2")
    trace[[round(200 * t) for t in heart()[2] if t < 1.19]] = 1000
    channel, source, group = Dataset(), Dataset(), Dataset()
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = "2:1", "MDC", "ECG lead I"
    channel.ChannelSourceSequence = [source]
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples, group.SamplingFrequency = 1, len(trace), "200"
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.ChannelDefinitionSequence, group.WaveformData = [channel], trace.tobytes()
    group["WaveformData"].VR = "OW"
    return dicom(folder, RWaveTimeVector=None, WaveformSequence=[group])


def fragments(folder: Path) -> Files:
    """Write two fragments a frame, with an offset table."""
    content = encapsulate([encode(f, JPEGBaseline8Bit, 8) for f in frames()], fragments_per_frame=2, has_bot=True)
    return dicom(folder, JPEGBaseline8Bit, pixel_data=content)


def extended_offsets(folder: Path) -> Files:
    content, offsets, lengths = encapsulate_extended([encode(f, RLELossless, 8) for f in frames()])
    tables = {"ExtendedOffsetTable": offsets, "ExtendedOffsetTableLengths": lengths}
    return dicom(folder, RLELossless, pixel_data=content, **tables)


def near_lossless(folder: Path) -> Files:
    return dicom(folder, JPEGLSNearLossless, contents=[imagecodecs.jpegls_encode(f, level=2) for f in frames()])


def jp2(folder: Path) -> Files:
    """Write JPEG 2000 with the boxes of a file around it, as some devices do."""
    contents = [imagecodecs.jpeg2k_encode(f, codecformat="JP2", level=0, reversible=True) for f in frames()]
    return dicom(folder, JPEG2000Lossless, contents=contents)


def film(folder: Path, syntax: UID, codec: str, container: str) -> Files:
    """Write a video inside DICOM."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as opened:
        stream = opened.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt, stream.bit_rate = SIDE, SIDE, "yuv420p", 4_000_000
        for frame in frames():
            opened.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray").reformat(format="yuv420p")))
        opened.mux(stream.encode())
    return dicom(folder, syntax, samples=3, photometric="YBR_PARTIAL_420", contents=[buffer.getvalue()])


DICOM_WRITERS = {
    "implicit": partial(dicom, syntax=ImplicitVRLittleEndian),
    "explicit": dicom,
    "big_endian": partial(dicom, syntax=ExplicitVRBigEndian),
    "big_endian_twelve": partial(dicom, syntax=ExplicitVRBigEndian, bits=12),
    "sixteen": partial(dicom, bits=16),
    "inverted": inverted,
    "rgb": partial(dicom, samples=3),
    "planar": planar,
    "ybr_422": shared_colours,
    "palette": palette,
    "palette_big_endian": partial(palette, syntax=ExplicitVRBigEndian),
    "still": still,
    "uneven_times": uneven_times,
    "with_trace": with_trace,
    "rle": partial(dicom, syntax=RLELossless),
    "rle_twelve": partial(dicom, syntax=RLELossless, bits=12),
    "rle_rgb": partial(dicom, syntax=RLELossless, samples=3),
    "extended_offsets": extended_offsets,
    "jpeg": partial(dicom, syntax=JPEGBaseline8Bit),
    "jpeg_ybr": partial(dicom, syntax=JPEGBaseline8Bit, samples=3, photometric="YBR_FULL_422"),
    "jpeg_fragments": fragments,
    "jpeg_extended": partial(dicom, syntax=JPEGExtended12Bit, bits=12),
    "jpeg_lossless": partial(dicom, syntax=JPEGLossless),
    "jpeg_lossless_sv1": partial(dicom, syntax=JPEGLosslessSV1, samples=3),
    "jpeg_ls": partial(dicom, syntax=JPEGLSLossless),
    "jpeg_ls_twelve": partial(dicom, syntax=JPEGLSLossless, bits=12),
    "jpeg_ls_near": near_lossless,
    "jpeg_2000": partial(dicom, syntax=JPEG2000, samples=3, photometric="YBR_ICT"),
    "jpeg_2000_lossless": partial(dicom, syntax=JPEG2000Lossless),
    "jpeg_2000_boxes": jp2,
    "mpeg2": partial(film, syntax=MPEG2MPML, codec="mpeg2video", container="mpeg2video"),
    "mpeg4": partial(film, syntax=MPEG4HP41, codec="libx264", container="mp4"),
}
