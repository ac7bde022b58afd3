"""The payloads that pass between the verbs of the echo branch.

Belongs here: frozen dataclasses of scalars and arrays, and nothing that computes. Not here:
reading (dicom.py, npz.py, video.py), preparing, detecting or measuring.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Spacing:
    """Millimetres per (square) pixel, and what says so; None with a reason."""

    mm: float | None
    source: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Timing:
    """Frames a second and the element of the file that says so; None with a reason."""

    frame_rate_hz: float | None
    source: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ViewVerdict:
    """The view seen in the pixels: "A4C", "other" (a heart or not, but not this view) or "unknown".

    `is_cardiac` is None where it cannot be told; `probability` is that of the apical four-chamber
    view; `reason` says why the view is "unknown".
    """

    view: str
    is_cardiac: bool | None
    probability: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class RWaves:
    """Times of the R waves in seconds from the first frame of the file, (k,) float64; empty with a reason."""

    times_s: np.ndarray
    source: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class EchoClip:
    """A clip as read: grey frames cropped to the sector, all else black, and what the header says.

    `frames` is (n, h, w) uint8. They show the rectangle (`top`, `left`, `height`, `width`) of the
    file's frame of `full_height` x `full_width`, reduced by the whole number `reduction` (block
    means; h = ceil(height / reduction)), so that no side is longer than SIDE_KEPT. `visible` is
    (h, w) bool: the sector, without text and marks; every pixel outside of it is 0 in every frame.
    `frame_indices` (n,) int32 are the frames of the file (from 0) that were kept, at a constant
    step; `timing` is that of the file. Where the file's pixels are not square, its frames were resampled
    to square ones: then "file pixels" are these, and `stored_shape` is (rows, columns) as stored. `mode` is "b_mode", "colour_doppler" or "unknown" ("m_mode",
    "spectral_doppler" and other still displays are refused). `device` holds what the
    header says of the machine, from a list of allowed elements; nothing of the patient. `text_suspected`
    says why burned-in text may be left in the sector.
    """

    format: str
    frames: np.ndarray
    visible: np.ndarray
    frame_indices: np.ndarray
    frames_in_file: int
    full_height: int
    full_width: int
    top: int
    left: int
    height: int
    width: int
    reduction: int
    spacing: Spacing
    timing: Timing
    r_waves: RWaves
    mode: str
    device: dict[str, str]
    stored_shape: tuple[int, int] | None = None
    text_suspected: str | None = None


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where the network's square lies in the file's frame.

    The crop (`top`, `left`, `height`, `width`, in file pixels) is centred in a square of side
    max(height, width) with zeros around it. The network sees that square at its own input size and
    answers on a grid of `size` x `size`; labels, probabilities and every measured length are in
    pixels of that grid, whose (row, column) are at pixel centres. File pixels are square; `stored_shape` is
    (rows, columns) of the stored frame where its own are not, else None.
    """

    full_height: int
    full_width: int
    top: int
    left: int
    height: int
    width: int
    size: int
    stored_shape: tuple[int, int] | None = None

    @property
    def file_shape(self) -> tuple[int, int]:
        """Return rows and columns of the frame as the file stores it."""
        return self.stored_shape or (self.full_height, self.full_width)

    @property
    def side(self) -> int:
        """Return the side of the square in file pixels."""
        return max(self.height, self.width)

    @property
    def pad_top(self) -> int:
        """Return the rows of padding above the crop, in file pixels."""
        return (self.side - self.height) // 2

    @property
    def pad_left(self) -> int:
        """Return the columns of padding left of the crop, in file pixels."""
        return (self.side - self.width) // 2


@dataclass(frozen=True, slots=True)
class PreparedClip:
    """The frames as the network sees them, and as a reader sees them.

    `images` is (n, side, side) uint8, letter-boxed to the network's input; `pictures` is (n, h, w)
    uint8, the same crop without padding, no side longer than PICTURE_SIDE. `sector` is (size, size)
    bool on the network's answer grid. `frame_indices` is (n,) int32: which frames of the file (from 0) they
    are, at a constant step; `timing` is that of the chosen frames. `withheld` says why the pictures are black, where
    they are: burned-in text that may name a person.
    """

    format: str
    images: np.ndarray
    pictures: np.ndarray
    sector: np.ndarray
    frame_indices: np.ndarray
    frames_in_file: int
    letterbox: Letterbox
    spacing: Spacing
    timing: Timing
    r_waves: RWaves
    mode: str
    device: dict[str, str]
    view: ViewVerdict
    quality: float
    withheld: str | None = None


@dataclass(frozen=True, slots=True)
class Segmentation:
    """What the network found: cleaned labels and the probabilities they rest on.

    `labels` is (n, size, size) uint8: 0 background, 1 left-ventricle cavity, 2 myocardium, 3 left
    atrium; `probabilities` is (n, 3, size, size) uint8, the classes 1 to 3 times 255. `confidence`
    is (n,) float32 in [0, 1], the Dice that is expected of the ventricle. `trusted` is false where
    confidence is too low to measure function.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    confidence: np.ndarray
    median_confidence: float
    trusted: bool
    model: str
    model_sha256: str
