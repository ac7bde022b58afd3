"""One compressed frame to samples, by transfer syntax.

Belongs here: which decoder reads what, and the refusal of a frame whose own header disagrees with
the DICOM header. Not here: the fragments (encapsulated.py), colours to grey (grey.py).

simplejpeg gives the luma of a JPEG without its colours, which is fastest; everything else
is decoded by imagecodecs (BSD-3-Clause; libjpeg-turbo, CharLS, OpenJPEG).
"""

from collections.abc import Callable

import imagecodecs
import numpy as np
from pydicom.uid import (
    JPEG2000,
    JPEG2000MC,
    UID,
    JPEG2000Lossless,
    JPEG2000MCLossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from cardio_dagster.modalities.echo.formats.dicom.codestream import Claimed, jpeg2000_claims, jpeg_claims
from cardio_dagster.modalities.echo.formats.dicom.grey import Samples, colours_of
from cardio_dagster.modalities.echo.formats.dicom.header import PixelFormat

Decode = Callable[[bytes, PixelFormat, bool], Samples]
_BASELINE, _EXTENDED, _LOSSLESS, _LS = 0xC0, 0xC1, 0xC3, 0xF7
_END_OF_IMAGE = b"\xff\xd9"


def decoder(syntax: UID) -> Decode | None:
    """Return the function that decodes one frame of this transfer syntax; None where there is none.

    It takes the frame's bytes, the form of its pixels, and whether colours are asked for, and
    raises ValueError, or what the codec raises, for a damaged frame or one that claims another size.
    """
    return _DECODERS.get(syntax)


def _jpeg(frame: bytes, form: PixelFormat, with_colours: bool) -> Samples:
    claimed = jpeg_claims(frame)
    _require(claimed, form, (_BASELINE, _EXTENDED))
    if claimed.samples == 1 or claimed.bits > 8:
        return Samples(
            imagecodecs.jpeg8_decode(frame), "rgb" if claimed.samples == 3 else colours_of(form), claimed.bits
        )
    if form.photometric == "RGB" and claimed.is_unmarked:
        return Samples(imagecodecs.jpeg8_decode(frame, colorspace="RGB", outcolorspace="RGB"), "rgb", 8)
    return _marked_jpeg(frame, with_colours)


def _marked_jpeg(frame: bytes, with_colours: bool) -> Samples:
    import simplejpeg

    frame = frame.rstrip(b"\0")
    if with_colours:
        return Samples(simplejpeg.decode_jpeg(frame, "RGB"), "rgb", 8)
    return Samples(simplejpeg.decode_jpeg(frame, "GRAY")[..., 0], "luma", 8)


def _jpeg_lossless(frame: bytes, form: PixelFormat, _: bool) -> Samples:
    claimed = jpeg_claims(frame)
    _require(claimed, form, (_LOSSLESS,))
    space = "RGB" if claimed.samples == 3 else None  # the same on both sides, so that nothing is converted
    values = imagecodecs.jpeg8_decode(frame, colorspace=space, outcolorspace=space)
    return Samples(values, colours_of(form), claimed.bits)


def _jpeg_ls(frame: bytes, form: PixelFormat, _: bool) -> Samples:
    claimed = jpeg_claims(frame)
    _require(claimed, form, (_LS,))
    if not frame.rstrip(b"\0").endswith(_END_OF_IMAGE):  # the decoder spends many seconds beyond the end of its data
        raise ValueError("the frame ends before its end marker")
    return Samples(imagecodecs.jpegls_decode(frame), colours_of(form), claimed.bits)


def _jpeg_2000(frame: bytes, form: PixelFormat, _: bool) -> Samples:
    claimed = jpeg2000_claims(frame)
    _require(claimed, form, (0,))
    return Samples(imagecodecs.jpeg2k_decode(frame, numthreads=1), colours_of(form), claimed.bits)


def _rle(frame: bytes, form: PixelFormat, _: bool) -> Samples:
    kind = "<u2" if form.bits_allocated == 16 else "u1"
    shape = form.samples, form.rows, form.columns
    size = int(np.prod(shape)) * form.bits_allocated // 8
    content = imagecodecs.dicomrle_decode(frame, kind, out=size)  # never takes more than `size`
    planes = np.frombuffer(content, kind).reshape(shape)
    values = planes[0] if form.samples == 1 else planes.transpose(1, 2, 0)
    return Samples(values, colours_of(form), form.bits_allocated)


def _require(claimed: Claimed, form: PixelFormat, markers: tuple[int, ...]) -> None:
    """Refuse a frame whose own header claims another size or kind, before memory is taken for it."""
    expected = form.rows, form.columns, form.samples
    if (claimed.rows, claimed.columns, claimed.samples) != expected:
        raise ValueError("the frame's own header disagrees with the DICOM header")
    if claimed.bits > form.bits_allocated or claimed.marker not in markers:
        raise ValueError("the frame is of another kind than its transfer syntax")


_DECODERS: dict[str, Decode] = {
    **dict.fromkeys((JPEGBaseline8Bit, JPEGExtended12Bit), _jpeg),
    **dict.fromkeys((JPEGLossless, JPEGLosslessSV1), _jpeg_lossless),
    **dict.fromkeys((JPEGLSLossless, JPEGLSNearLossless), _jpeg_ls),
    **dict.fromkeys((JPEG2000, JPEG2000Lossless, JPEG2000MC, JPEG2000MCLossless), _jpeg_2000),
    RLELossless: _rle,
}
