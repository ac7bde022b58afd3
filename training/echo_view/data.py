"""Pictures to learn the view from: CAMUS stills, simulated views, and the cache of the latter.

Belongs here: reading, drawing and letter-boxing; no torch. Not here: negatives made out of real
stills (spoiled.py), augmentation or the network. Patients are split as for segmentation.

Usage: python -m training.echo_view.data CACHE.npz [--first 0] [--rounds 32] draws the simulated pictures once: rounds
0 to 31 to train on, 32 to 39 to measure on.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cardio_dagster.demo.simulated_echo import simulate_other_view, simulate_still
from training.echo_segmentation.data import read_stills

SIDE = 128  # of the stored squares; augmentation samples the network's smaller input from them
FIRST_SEED = 2_000_000  # of the simulated pictures; the segmentation and the benchmark start elsewhere
A_ROUND = {  # pictures of a round; what is hard to tell comes more often
    "a4c": 8,
    "two_chamber": 6,
    "parasternal_long": 4,
    "parasternal_short": 4,
    "subcostal": 4,
    "not_cardiac": 6,
    "m_mode": 2,
    "spectral_doppler": 2,
}


@dataclass(frozen=True)
class Pictures:
    """Squares (n, SIDE, SIDE) uint8 and what each shows: "a4c" or another kind, (n,) text."""

    images: np.ndarray
    kinds: np.ndarray


def square(image: np.ndarray) -> np.ndarray:
    """Crop (h, w) uint8 to what is not black, centre it in a square with zeros and resize it to (SIDE, SIDE)."""
    return _squared(image, image > 0, Image.Resampling.BILINEAR)


def _squared(pixels: np.ndarray, seen: np.ndarray, resample: Image.Resampling) -> np.ndarray:
    if not seen.any():
        return np.zeros((SIDE, SIDE), np.uint8)
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    return letterbox(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], resample)


def letterbox(crop: np.ndarray, resample: Image.Resampling = Image.Resampling.BILINEAR) -> np.ndarray:
    """Centre (h, w) uint8 in a square with zeros and resize it to (SIDE, SIDE)."""
    longest = max(crop.shape)
    canvas = np.zeros((longest, longest), np.uint8)
    top, left = ((longest - n) // 2 for n in crop.shape)
    canvas[top : top + crop.shape[0], left : left + crop.shape[1]] = crop
    return np.asarray(Image.fromarray(canvas).resize((SIDE, SIDE), resample))


def camus(folder: Path, *, held_out: bool) -> tuple[Pictures, np.ndarray]:
    """Read the stills of one part of the patients, with masks (n, SIDE, SIDE) uint8 of their structures."""
    stills = read_stills(folder, held_out=held_out)
    images = np.stack([square(s.image) for s in stills])
    masks = np.stack([_squared(s.mask, s.image > 0, Image.Resampling.NEAREST) for s in stills])
    return Pictures(images, np.full(len(images), "a4c", "U24")), masks


def simulated(rounds: range) -> Pictures:
    """Draw `rounds` of simulated pictures, each with the shares of A_ROUND."""
    images, kinds = [], []
    for number in rounds:
        for kind, count in A_ROUND.items():
            for seed in range(FIRST_SEED + number * 10, FIRST_SEED + number * 10 + count):
                drawn = simulate_still(seed).image if kind == "a4c" else simulate_other_view(seed, kind)
                images.append(square(drawn))
                kinds.append(kind)
    return Pictures(np.stack(images), np.array(kinds, "U24"))


def load(paths: list[Path]) -> Pictures:
    """Read caches of simulated pictures."""
    stored = [np.load(path) for path in paths]
    return Pictures(np.concatenate([s["images"] for s in stored]), np.concatenate([s["kinds"] for s in stored]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--first", type=int, default=0, help="the first round")
    parser.add_argument("--rounds", type=int, default=32)
    arguments = parser.parse_args()
    drawn = simulated(range(arguments.first, arguments.first + arguments.rounds))
    np.savez_compressed(arguments.out, images=drawn.images, kinds=drawn.kinds)


if __name__ == "__main__":
    main()
