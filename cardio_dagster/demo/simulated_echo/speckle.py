"""Grain: from a mean grey to what a machine displays of it.

Belongs here: interference of random scatterers under a point spread that widens with depth, the
envelope, and log compression. Not here: mean grey (painting.py), or moving scatterers (clip.py).
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from cardio_dagster.demo.simulated_echo.look import Look
from cardio_dagster.demo.simulated_echo.sector import BEAM_STEP_RAD, RANGE_STEP_MM, Fan, scan_convert

_POWER = 0.55
_DB_PER_NEPER = 20 / np.log(10)


def draw_scatterers(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return independent complex scatterers of unit power, complex64; a few are much stronger than the rest."""
    pair = rng.standard_normal((3, *shape), np.float32)
    strength = np.exp(0.75 * pair[2] - 0.75**2) * np.float32(np.sqrt(0.5))
    return np.asarray(strength * (pair[0] + 1j * pair[1]))


def speckle_grey(
    mean_grey: np.ndarray, scatterers: np.ndarray, look: Look, smooth: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """Return the displayed grey (ranges, beams), not yet clipped, of a mean grey and its scatterers.

    Fully developed speckle: the sum of scatterers under the point spread has a Rayleigh envelope (Goodman,
    J Opt Soc Am 1976, doi:10.1364/JOSA.66.001145). Its ratio to the local mean is displayed by a power law
    instead of a logarithm, as machines do that do not let the dark tail of the Rayleigh law show; blood,
    which is mostly noise, is displayed smoother than tissue.
    `smooth` is the grain that the scatterers have already (standard deviation in ranges and beams).
    """
    amplitude = 10 ** ((mean_grey / 255 - 1) * look.dynamic_range_db / 20)
    field = (amplitude * _near_field(scatterers)).astype(np.complex64)
    spread = np.array([look.axial_mm / RANGE_STEP_MM, look.lateral_rad / BEAM_STEP_RAD])
    rest = np.sqrt(np.maximum(spread**2 - np.square(smooth), 0.1))
    real, imaginary = (gaussian_filter(part, rest, truncate=2.5) for part in (field.real, field.imag))
    power = (real**2 + imaginary**2) / _power_left(np.array(smooth), rest)
    local = gaussian_filter(amplitude**2, np.divide(spread, np.sqrt(2)), truncate=2.5)
    local_grey = 255 * (1 + 10 * np.log10(local) / look.dynamic_range_db)
    ratio = (power / local) ** (_POWER / 2)
    grain = look.grain * (0.65 + 0.7 / (1 + np.exp((look.blood + 30 - local_grey) / 9)))
    return np.asarray(local_grey + grain * 255 / look.dynamic_range_db * _DB_PER_NEPER * (ratio - 1) / _POWER)


def _near_field(scatterers: np.ndarray) -> np.ndarray:
    """Return scatterers smeared across the beams near the probe, where a beam is wider than its angle says."""
    rows, width = int(40 / RANGE_STEP_MM), 5.0
    near = scatterers[:rows]
    smeared = gaussian_filter(near.real, (0, width)) + 1j * gaussian_filter(near.imag, (0, width))
    smeared = smeared * np.sqrt(np.mean(np.abs(near) ** 2) / np.mean(np.abs(smeared) ** 2))
    share = np.clip((40 - np.arange(rows) * RANGE_STEP_MM) / 25, 0, 1)[:, None]
    return np.concatenate([np.sqrt(share) * smeared + np.sqrt(1 - share) * near, scatterers[rows:]])


def _power_left(before: np.ndarray, after: np.ndarray) -> float:
    """Return the power that noise of unit power and Gaussian grain keeps under a further Gaussian filter.

    White noise keeps 1 / (2 sqrt(pi) s) per axis, noise of grain b keeps b / sqrt(b^2 + s^2).
    """
    white, grained = 1 / (2 * np.sqrt(np.pi) * after), before / np.hypot(before, after)
    return float(np.prod(np.where(before > 0, grained, white)))


def display(
    mean_grey: np.ndarray, scatterers: np.ndarray, look: Look, fan: Fan, *, smooth: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """Return the picture (h, w) uint8 of a mean grey; black outside of the sector.

    `look.grain` below 1 damps the grain, as frame averaging and compounding do; `smooth` is as in
    `speckle_grey`.
    """
    grey = np.clip(speckle_grey(mean_grey, scatterers, look, smooth), 0, 255) / 255
    shown = np.maximum(255 * grey**look.gamma, 1)  # black is what lies outside of the sector
    return np.asarray(np.round(scan_convert(shown, fan)), np.uint8)
