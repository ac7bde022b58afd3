"""DICOM ultrasound to an EchoClip: header, place, time, and the kept frames one by one.

Belongs here: the order of the steps. Not here: any of them. A frame is decoded, made grey, cropped to
its region and reduced before the next one is touched, so that a long cine is never held whole.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from cardio_dagster import deadline
from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import EchoClip
from cardio_dagster.modalities.echo.formats.assemble import RawFrames, assemble
from cardio_dagster.modalities.echo.formats.calibration import Region, bmode_region
from cardio_dagster.modalities.echo.formats.device import device_of, without_names
from cardio_dagster.modalities.echo.formats.dicom.codecs import decoder
from cardio_dagster.modalities.echo.formats.dicom.ecg_trace import ecg_trace, r_waves
from cardio_dagster.modalities.echo.formats.dicom.encapsulated import compressed_frames
from cardio_dagster.modalities.echo.formats.dicom.film import film_frames, is_film
from cardio_dagster.modalities.echo.formats.dicom.grey import Picture, Samples, colours_of, palette_of, picture
from cardio_dagster.modalities.echo.formats.dicom.header import PixelFormat, pixel_format, read_header
from cardio_dagster.modalities.echo.formats.dicom.naming_words import may_name, naming_words
from cardio_dagster.modalities.echo.formats.dicom.native import find_native, native_frames
from cardio_dagster.modalities.echo.formats.limits import (
    BoundedFile,
    check_file_size,
    check_memory,
    check_shape,
    check_work,
    kept_frames,
)
from cardio_dagster.modalities.echo.formats.reduce import COLOUR_FRAMES
from cardio_dagster.modalities.echo.formats.timing import timing
from cardio_dagster.outcome import Problem

NATIVE = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)
READ = "uncompressed, RLE, JPEG baseline, extended and lossless, JPEG-LS, JPEG 2000, MPEG-2, MPEG-4, HEVC"


def read_dicom(path: Path, options: Options, *, every_frame: bool = False) -> tuple[EchoClip, tuple[Problem, ...]]:
    """Read a DICOM ultrasound still or cine; see `kept_frames` for which frames are kept.

    Raises StudyError: E_HARD_004 and E_HARD_002 over the limits, E_CORRUPT_001 where the header or
    a frame cannot be read (naming byte, element or frame), E_FORMAT_002 for a transfer syntax, colours
    or bits that are not read and for M-mode or spectral Doppler alone, E_VALID_001 for a missing
    element, E_VALID_002 for an impossible shape, E_QUALITY_001 where no sector is seen.
    """
    check_file_size(path, options)
    with BoundedFile(path) as file:
        header = read_header(file)
        form = pixel_format(header)
        region = bmode_region(header, rows=form.rows, columns=form.columns)
        trace = ecg_trace(header)
        time, time_problems = timing(header, frames=form.frames, trace_s=trace.duration_s if trace else None)
        kept = kept_frames(form.frames, time.frame_rate_hz, every_frame=every_frame)
        names = naming_words(file)
        raw = _collect(file, header, form, region, kept, options=options)
    duration_s = form.frames / time.frame_rate_hz if time.frame_rate_hz else None
    device, device_problems = without_names(device_of(header), lambda text: may_name(text, names))
    clip, problems = assemble(
        raw,
        format="dicom",
        spacing=region.spacing,
        timing=time,
        r_waves=r_waves(header, trace, duration_s=duration_s),
        mode=region.mode,
        device=device,
    )
    return clip, (*region.problems, *time_problems, *device_problems, *problems)


def _collect(
    file: BoundedFile, header: Dataset, form: PixelFormat, region: Region, kept: range, *, options: Options
) -> RawFrames:
    """Decode, crop, square and reduce the kept frames, and look for colour in some of them."""
    grid = region.grid
    check_work(len(kept), form.rows, form.columns)
    check_shape(len(kept), *grid.square_shape)
    check_memory(len(kept), *grid.kept_shape, options)
    frames = np.empty((len(kept), *grid.kept_shape), np.uint8)
    colour: np.ndarray | None = None
    for position, frame in enumerate(_guarded(_pictures(file, header, form, kept), kept, form.frames)):
        frames[position] = grid.keep(frame.grey)
        if frame.colours is not None:
            spread = grid.keep_colour(frame.colours)
            colour = spread if colour is None else np.maximum(colour, spread)
    return grid.raw(frames, colour, kept, form.frames)


def _guarded(pictures: Iterator[Picture], kept: range, total: int) -> Iterator[Picture]:
    """Yield the pictures; whatever fails on the way is the file's fault and named by its frame."""
    for index in kept:
        deadline.check()
        try:
            found = next(pictures)
        except (MemoryError, StudyError):
            raise
        except Exception as error:  # decoders raise their own types for damaged data
            seen = f"frame {index + 1} of {total}: {type(error).__name__}"
            raise StudyError("E_CORRUPT_001", "the pixel data end early or are damaged", seen=seen) from error
        yield found


def _pictures(file: BoundedFile, header: Dataset, form: PixelFormat, kept: range) -> Iterator[Picture]:
    """Return the kept frames as pictures, about COLOUR_FRAMES of them with colours where the file has any."""
    coloured = frozenset(kept[:: -(-len(kept) // COLOUR_FRAMES)])
    syntax = header.file_meta.TransferSyntaxUID
    if is_film(syntax):
        return film_frames(file, form, kept, coloured)
    if syntax in NATIVE:
        return _uncompressed(file, header, form, kept, coloured)
    return _compressed(file, header, form, kept, coloured)


def _uncompressed(
    file: BoundedFile, header: Dataset, form: PixelFormat, kept: range, coloured: frozenset[int]
) -> Iterator[Picture]:
    syntax = header.file_meta.TransferSyntaxUID
    data = find_native(file, form, implicit=syntax.is_implicit_VR, big_endian=not syntax.is_little_endian)
    palette = palette_of(header, form)
    for index, values in zip(kept, native_frames(file, data, form, kept), strict=True):
        samples = Samples(values, colours_of(form), form.bits_allocated)
        yield picture(samples, form, palette, with_colours=index in coloured)


def _compressed(
    file: BoundedFile, header: Dataset, form: PixelFormat, kept: range, coloured: frozenset[int]
) -> Iterator[Picture]:
    decode = decoder(header.file_meta.TransferSyntaxUID)
    if decode is None:
        raise StudyError("E_FORMAT_002", "this transfer syntax is not read", allowed=READ)
    palette = palette_of(header, form)
    for index, content in zip(kept, compressed_frames(file, header, form.frames, kept), strict=True):
        with_colours = index in coloured
        samples = decode(content, form, with_colours)
        yield picture(samples, form, palette, with_colours=with_colours)
