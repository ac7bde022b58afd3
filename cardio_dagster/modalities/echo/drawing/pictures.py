"""The grey pictures of the clip on their way into a drawing, and where network pixels lie on them.

Belongs here: masking to the sector, the map from network to picture, data URIs of stills. Not here:
contours, charts, or the moving picture (loop.py).

The reader has masked text and marks already; here the sector is applied once more, so that no
pixel from outside of it can reach a report.
"""

import base64
import io
from collections.abc import Callable, Iterable

import numpy as np
from PIL import Image, ImageFilter

from cardio_dagster.modalities.echo.clip import Letterbox, PreparedClip

Placement = Callable[[np.ndarray], np.ndarray]


def sector_pictures(prepared: PreparedClip, positions: Iterable[int], width: int | None = None) -> list[np.ndarray]:
    """Return the pictures (h, w) uint8 of the chosen frames at `positions`, black outside the sector.

    With `width` they are reduced to that many pixels across, where they are wider.
    """
    height, full_width = prepared.pictures.shape[1:]
    across = full_width if width is None else min(width, full_width)
    size = across, max(1, round(height * across / full_width))
    inside = on_crop(prepared.sector.astype(np.uint8) * 255, prepared.letterbox, size)
    weight = np.clip(inside / 127.5 - 1, 0, 1)  # fades inward from the edge, so that nothing outside of it is left
    images = (Image.fromarray(prepared.pictures[i]).resize(size, Image.Resampling.BILINEAR) for i in positions)
    return [np.asarray(np.asarray(image) * weight, np.uint8) for image in images]


def on_crop(field: np.ndarray, box: Letterbox, size: tuple[int, int], rounding_px: float = 0.0) -> np.ndarray:
    """Return a map of network pixels, (size, size) or (size, size, 3) uint8, on a picture of the crop, `size` (w, h).

    A mean over `rounding_px` network pixels to each side takes the stairs off a mask.
    """
    scale = box.size / box.side
    left, top = box.pad_left * scale, box.pad_top * scale
    edges = (left, top, left + box.width * scale, top + box.height * scale)
    image = Image.fromarray(field)
    image = image.filter(ImageFilter.BoxBlur(rounding_px)) if rounding_px else image
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR, box=edges))


def placement(box: Letterbox, width: float) -> Placement:
    """Return the map from network pixels (k, 2) of (row, column) to (x, y) on a picture of the crop, `width` units wide."""

    def place(points: np.ndarray) -> np.ndarray:
        file_pixels = (points + 0.5) * box.side / box.size - (box.pad_top, box.pad_left)
        return np.asarray(file_pixels[:, ::-1] * width / box.width)

    return place


def still_uri(picture: np.ndarray) -> str:
    """Return a picture, (h, w) or (h, w, 3) uint8, as a JPEG inside a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=82)
    return data_uri(buffer.getvalue(), "jpeg")


def data_uri(content: bytes, kind: str) -> str:
    """Return the bytes of an image of that kind ("jpeg", "webp") as a data URI."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def image_element(uri: str, width: float, height: float, *, name: str = "") -> str:
    """Return the <image> of `width` x `height` units at the origin, of the style class `name`."""
    css = f' class="{name}"' if name else ""
    return f'<image{css} width="{width:.1f}" height="{height:.1f}" preserveAspectRatio="none" href="{uri}"/>'
