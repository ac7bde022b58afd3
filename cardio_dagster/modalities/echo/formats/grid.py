"""From a frame as stored to the pixels that are kept: cropped, made square, reduced.

Belongs here: the size of a pixel in both directions, and the one path of a frame that all readers share. Not
here: decoding, where the region lies (calibration.py), the arithmetic on a single frame (reduce.py).

Every length, area and angle that is measured later takes pixels as square. Where a file states that they are
not, its frames are enlarged along the coarser direction, so that no detail is lost.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from cardio_dagster.errors import problem
from cardio_dagster.modalities.echo.formats.assemble import RawFrames
from cardio_dagster.modalities.echo.formats.reduce import block_mean, colour_spread, reduction_for
from cardio_dagster.outcome import Problem, Severity

SPACING_MM_MIN, SPACING_MM_MAX = 0.05, 2.0
ALIKE = 0.02  # relative difference of the two directions up to which one number describes both
RATIO_MAX = 5.0  # of the two directions; the most unequal displays are below 3


@dataclass(frozen=True, slots=True)
class PixelSize:
    """Millimetres of a stored pixel along a row (`x_mm`) and down a column (`y_mm`), as stated."""

    x_mm: float
    y_mm: float

    @property
    def fault(self) -> str | None:
        """Return what is wrong with it; None where both sides are 0.05 to 2 mm and at most 1 : 5."""
        x, y = self.x_mm, self.y_mm
        if not (SPACING_MM_MIN <= x <= SPACING_MM_MAX and SPACING_MM_MIN <= y <= SPACING_MM_MAX):
            return f"its pixels measure {x:.4g} x {y:.4g} mm"
        return f"its pixels are too unequal, {x:.4g} x {y:.4g} mm" if max(x / y, y / x) > RATIO_MAX else None

    @property
    def is_square(self) -> bool:
        """Return whether the directions differ by no more than 2 %."""
        return abs(self.x_mm - self.y_mm) <= ALIKE * max(self.x_mm, self.y_mm)

    @property
    def square_mm(self) -> float:
        """Return the side of a pixel once square: the mean of two alike ones, else the finer of both."""
        return (self.x_mm + self.y_mm) / 2 if self.is_square else min(self.x_mm, self.y_mm)

    @property
    def stretch(self) -> tuple[float, float]:
        """Return by how much rows and columns become more, each 1 or more; both 1 where the size is at fault."""
        return (1.0, 1.0) if self.fault or self.is_square else (self.y_mm / self.square_mm, self.x_mm / self.square_mm)

    def notes(self) -> tuple[Problem, ...]:
        """Return an INFO that says that the frames were made square; nothing where they were so."""
        if self.is_square:
            return ()
        message = "the pixels are not square, the frames were resampled"
        seen = f"{self.x_mm:.4g} x {self.y_mm:.4g} mm"
        return (problem("E_QUALITY_002", message, seen=seen, severity=Severity.INFO, cure="Nothing needs to be done."),)


@dataclass(frozen=True, slots=True)
class Grid:
    """The rectangle (`top`, `left`, `height`, `width`) that is kept of a stored frame of `rows` x `columns`.

    `stretch` says how much more rows and columns it has with square pixels.
    """

    rows: int
    columns: int
    top: int
    left: int
    height: int
    width: int
    stretch: tuple[float, float] = (1.0, 1.0)

    @property
    def square_shape(self) -> tuple[int, int]:
        """Return height and width of the rectangle in square pixels."""
        return round(self.height * self.stretch[0]), round(self.width * self.stretch[1])

    @property
    def reduction(self) -> int:
        """Return the whole number by which square pixels are reduced."""
        return reduction_for(*self.square_shape)

    @property
    def kept_shape(self) -> tuple[int, int]:
        """Return height and width of what is kept of a frame."""
        height, width = self.square_shape
        return -(-height // self.reduction), -(-width // self.reduction)

    def keep(self, frame: np.ndarray) -> np.ndarray:
        """Return what is kept of a stored frame, (rows, columns) uint8 to `kept_shape`."""
        return self._keep(frame[self._box])

    def keep_colour(self, colours: np.ndarray) -> np.ndarray:
        """Return how far from grey it is (see `colour_spread`), (rows, columns, 3) uint8 to `kept_shape`."""
        return self._keep(colour_spread(colours[self._box], 1))

    def raw(self, frames: np.ndarray, colour: np.ndarray | None, kept: range, frames_in_file: int) -> RawFrames:
        """Return kept frames with their place, in square pixels."""
        down, across = self.stretch
        height, width = self.square_shape
        is_square = self.stretch == (1.0, 1.0)
        return RawFrames(
            frames=frames,
            colour=colour,
            frame_indices=np.array(kept, np.int32),
            frames_in_file=frames_in_file,
            full_height=round(self.rows * down),
            full_width=round(self.columns * across),
            top=round(self.top * down),
            left=round(self.left * across),
            height=height,
            width=width,
            reduction=self.reduction,
            stored_shape=None if is_square else (self.rows, self.columns),
        )

    @property
    def _box(self) -> tuple[slice, slice]:
        return np.s_[self.top : self.top + self.height, self.left : self.left + self.width]

    def _keep(self, crop: np.ndarray) -> np.ndarray:
        height, width = self.square_shape
        if crop.shape != (height, width):
            crop = np.asarray(Image.fromarray(np.ascontiguousarray(crop)).resize((width, height), _SMOOTH))
        return block_mean(crop, self.reduction)


_SMOOTH = Image.Resampling.BILINEAR
