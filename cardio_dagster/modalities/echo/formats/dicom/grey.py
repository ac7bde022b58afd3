"""Samples of a frame to 8-bit grey, and to colours where they are asked for.

Belongs here: bits, signs, palettes and colour spaces (DICOM PS3.3 C.7.6.3.1). Not here: decoding.
The grey value is the luma of ITU-R BT.601: the Y of a YBR image, the weighted sum of an RGB one.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from cardio_dagster.modalities.echo.formats.dicom.header import PixelFormat
from cardio_dagster.modalities.echo.formats.reduce import luma


class Samples(NamedTuple):
    """Decoded samples, (h, w) or (h, w, 3), what they mean, and how many of their low bits count.

    `colours` is "grey", "palette", "luma" (grey already), "rgb" or "ybr".
    """

    values: np.ndarray
    colours: str
    bits: int


class Picture(NamedTuple):
    """One frame: `grey` (h, w) uint8, and `colours` (h, w, 3) uint8 RGB; None where it has or was asked for none."""

    grey: np.ndarray
    colours: np.ndarray | None


@dataclass(frozen=True, slots=True)
class Palette:
    """Colour and grey of each stored value: `rgb` (n, 3) and `grey` (n,), uint8."""

    rgb: np.ndarray
    grey: np.ndarray


def palette_of(header: Dataset, form: PixelFormat) -> Palette | None:
    """Return the colours of every possible value of a PALETTE COLOR image, None for another.

    Tables may be of 8 or 16 bits, plain or segmented. Raises what pydicom raises for a broken one.
    """
    if form.photometric != "PALETTE COLOR":
        return None
    values = np.arange(2**form.bits_stored, dtype=np.uint16)[None]
    colours = apply_color_lut(values, header)[0]
    big_endian = not header.original_encoding[1]
    # pydicom 3.0 reads the 16-bit tables of a big-endian file as little-endian; segmented ones it reads right
    if big_endian and colours.dtype.itemsize == 2 and "RedPaletteColorLookupTableData" in header:
        colours = colours.byteswap()
    if colours.dtype.itemsize == 2:
        colours = colours >> 8 if colours.max() > 255 else colours  # some devices fill the low byte only
    rgb = np.ascontiguousarray(colours.astype(np.uint8))
    return Palette(rgb, luma(rgb[None])[0])


def colours_of(form: PixelFormat) -> str:
    """Return what decoded samples mean; the colour transforms of JPEG 2000 have been undone by its codec."""
    if form.samples == 1:
        return "palette" if form.photometric == "PALETTE COLOR" else "grey"
    return "ybr" if form.photometric in ("YBR_FULL", "YBR_FULL_422") else "rgb"


def picture(samples: Samples, form: PixelFormat, palette: Palette | None, *, with_colours: bool) -> Picture:
    """Return grey of the samples, and their colours if asked for.

    Raises ValueError where the samples have another shape than the header says.
    """
    has_colours = samples.colours in ("rgb", "ybr")
    if samples.values.shape != (form.rows, form.columns, 3)[: 3 if has_colours else 2]:
        raise ValueError("the decoded frame has another shape than the header says")
    if samples.colours == "palette":
        return _from_palette(samples, form, palette, with_colours)
    eight = eight_bits(samples.values, form, samples.bits)
    if samples.colours == "ybr":
        colours = Image.fromarray(np.ascontiguousarray(eight), "YCbCr").convert("RGB") if with_colours else None
        return Picture(np.ascontiguousarray(eight[..., 0]), None if colours is None else np.asarray(colours))
    if samples.colours == "rgb":
        return Picture(luma(eight), eight if with_colours else None)
    return Picture(255 - eight if form.photometric == "MONOCHROME1" else eight, None)


def eight_bits(values: np.ndarray, form: PixelFormat, held: int) -> np.ndarray:
    """Return the stored values as uint8, so that their whole possible range spans 0 to 255.

    `held` bits of each sample hold data, of which BitsStored count. Of more than 8 bits the highest 8
    are kept; of fewer, the range is stretched; signed values are moved up by half their range.
    """
    bits = min(held, form.bits_stored)
    if values.dtype == np.uint8 and bits == 8 and not form.signed:
        return values
    plain = _stored(values, form, held)
    if form.signed:
        plain = plain ^ (1 << (bits - 1))
    if bits >= 8:
        return np.asarray(plain >> (bits - 8), np.uint8)
    return np.asarray(plain.astype(np.uint32) * 255 // (2**bits - 1), np.uint8)


def _stored(values: np.ndarray, form: PixelFormat, held: int) -> np.ndarray:
    """Return the bits that count, at the low end; whatever lies beside them (old overlays) is cut off."""
    unsigned = values.view(f"u{values.dtype.itemsize}") if values.dtype.isnative else values
    shift = form.high_bit + 1 - form.bits_stored if held > form.bits_stored else 0
    return np.asarray((unsigned.astype(np.uint16) >> shift) & (2 ** min(held, form.bits_stored) - 1))


def _from_palette(samples: Samples, form: PixelFormat, palette: Palette | None, with_colours: bool) -> Picture:
    if palette is None:
        raise ValueError("no palette")
    index = _stored(samples.values, form, samples.bits)
    return Picture(palette.grey[index], palette.rgb[index] if with_colours else None)
