"""The payloads that pass between the verbs of the echo branch.

Belongs here: frozen dataclasses of scalars and arrays, and nothing that computes. Not here:
reading (dicom.py, npz.py, video.py), preparing, detecting or measuring.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Spacing:
    """Millimetres per file pixel, the same in both directions, and what says so; None with a reason."""

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
class EchoClip:
    """A clip as read: grey frames cropped to the ultrasound region, and what the header says.

    `frames` is (t, h, w) uint8, whose first pixel lies at (`top`, `left`) of the file's frame of
    `full_height` x `full_width`. Every `step`-th frame of the file's `frames_in_file` is kept, from
    the first on; `timing` is that of the file.
    """

    format: str
    frames: np.ndarray
    full_height: int
    full_width: int
    top: int
    left: int
    spacing: Spacing
    timing: Timing
    step: int
    frames_in_file: int


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where the network's square lies in the file's frame.

    The crop (`top`, `left`, `height`, `width`, in file pixels) is centred in a square of side
    max(height, width) with zeros around it, and resized to `size` x `size`.
    """

    full_height: int
    full_width: int
    top: int
    left: int
    height: int
    width: int
    size: int

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

    `images` is (n, size, size) uint8, letter-boxed; `pictures` is (n, h, w) uint8, the same crop
    without padding, no side longer than PICTURE_SIDE. `frame_indices` is (n,) int32: which frames
    of the file (from 0) they are, at a constant step; `timing` is that of the chosen frames.
    """

    format: str
    images: np.ndarray
    pictures: np.ndarray
    frame_indices: np.ndarray
    frames_in_file: int
    letterbox: Letterbox
    spacing: Spacing
    timing: Timing
    quality: float


@dataclass(frozen=True, slots=True)
class Segmentation:
    """What the network found: cleaned labels and the probabilities they rest on.

    `labels` is (n, size, size) uint8: 0 background, 1 left-ventricle cavity, 2 myocardium, 3 left
    atrium; `probabilities` is (n, 3, size, size) uint8, the classes 1 to 3 times 255. `confidence`
    is (n,) float32 in [0, 1]. `trusted` is false where confidence is too low to measure function.
    """

    labels: np.ndarray
    probabilities: np.ndarray
    confidence: np.ndarray
    median_confidence: float
    trusted: bool
    model: str
    model_sha256: str
