"""Heart rate over the whole of a recording longer than a minute, with its rhythms, as one SVG.

Belongs here: the drawing of the course. Not here: the signal itself (paper.py). It has its own paper colour and no ids, as the ECG has.
"""

from html import escape
from itertools import pairwise

import numpy as np

from cardio_dagster.modalities.ecg.rhythm.classify import Rhythm
from cardio_dagster.modalities.ecg.signal import EcgStructures

TREND_S = 60.0  # a shorter recording has no course
_MOST_BINS = 300
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 260.0, 80.0, 14.0, 7.0, 9.0, 17.0
_PAPER, _LINE, _INK, _MUTED, _RANGE = "#fffaf7", "#e3a9a2", "#14161a", "#5c5f66", "#b8c7da"
_RHYTHMS = {
    "sinus": ("#4c8c5a", "sinus"),
    "afib": ("#b3261e", "atrial fibrillation"),
    "aflutter": ("#c2611f", "atrial flutter"),
    "paced": ("#6a1b9a", "paced"),
    "other": ("#8a5a00", "other"),
    "not_classified": ("#9a9da3", "not classified"),
}


def draw_trend(found: EcgStructures, rhythm: Rhythm, *, duration_s: float, title: str) -> str:
    """Return an <svg>: per bin of time the median heart rate and the range of its middle nine tenths, below it the rhythm as a band.

    A bin lasts ten seconds or a three-hundredth of the time, whichever is more; one with fewer than three beats is left empty.
    """
    edges_s = np.linspace(0.0, duration_s, max(2, min(_MOST_BINS, int(duration_s // 10))) + 1)
    rates = _rates(found.beat_time_s, edges_s)
    top_bpm = 20.0 * np.ceil(max(120.0, float(np.nanmax(rates[2], initial=0.0))) / 20.0)
    x = _LEFT + (edges_s[:-1] + edges_s[1:]) / 2 / duration_s * (_WIDTH - _LEFT - _RIGHT)
    y = _HEIGHT - _BOTTOM - np.minimum(rates, top_bpm) / top_bpm * (_HEIGHT - _TOP - _BOTTOM)
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" class="ecg" font-family="sans-serif" font-size="3.6">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{_WIDTH:g}" height="{_HEIGHT:g}" fill="{_PAPER}"/>',
            _scale(top_bpm, duration_s),
            _span(x, y),
            _curve(x, y[1]),
            _band(rhythm, duration_s),
            "</svg>",
        )
    )


def _rates(beat_time_s: np.ndarray, edges_s: np.ndarray) -> np.ndarray:
    """Return the 5th, 50th and 95th percentile of the heart rate per bin, (3, n_bins), NaN with fewer than two intervals."""
    result = np.full((3, len(edges_s) - 1), np.nan)
    rate_bpm = 60.0 / np.maximum(np.diff(beat_time_s), 1e-3)
    bounds = np.searchsorted(beat_time_s[1:], edges_s)
    for i, (a, b) in enumerate(pairwise(bounds.tolist())):
        if b - a >= 2:
            result[:, i] = np.percentile(rate_bpm[a:b], (5, 50, 95))
    return result


def _scale(top_bpm: float, duration_s: float) -> str:
    """Return the lines of the rates and the marks of the time."""
    parts = [f'<text x="2" y="5" fill="{_INK}">heart rate, /min</text>']
    for bpm in range(0, int(top_bpm) + 1, 40 if top_bpm > 160 else 20):
        y = _HEIGHT - _BOTTOM - bpm / top_bpm * (_HEIGHT - _TOP - _BOTTOM)
        parts.append(f'<path d="M{_LEFT:g} {y:.1f}H{_WIDTH - _RIGHT:g}" stroke="{_LINE}" stroke-width="0.15"/>')
        parts.append(f'<text x="{_LEFT - 1.5:g}" y="{y + 1.2:.1f}" fill="{_MUTED}" text-anchor="end">{bpm}</text>')
    step_s, unit_s, unit = _ticks(duration_s)
    for k in range(int(duration_s // step_s) + 1):
        x = _LEFT + k * step_s / duration_s * (_WIDTH - _LEFT - _RIGHT)
        label = f"{k * step_s / unit_s:g}" + (f" {unit}" if k == 0 else "")
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 5:g}" fill="{_MUTED}">{label}</text>')
    return "".join(parts)


def _ticks(duration_s: float) -> tuple[float, float, str]:
    """Return the step between marks and its unit: the first that gives at most twelve marks."""
    steps = ((10, 1, "s"), (60, 60, "min"), (300, 60, "min"), (1800, 3600, "h"), (7200, 3600, "h"), (14400, 3600, "h"))
    return next((s for s in steps if duration_s / s[0] <= 12), (86400, 86400, "d"))


def _span(x: np.ndarray, y: np.ndarray) -> str:
    there = np.isfinite(y[1])
    columns = zip(x[there], y[0, there], y[2, there], strict=True)
    bars = "".join(f"M{a:.1f} {low:.1f}V{high:.1f}" for a, low, high in columns)
    return f'<path d="{bars}" stroke="{_RANGE}" stroke-width="0.7"/>' if bars else ""


def _curve(x: np.ndarray, y: np.ndarray) -> str:
    """Return the medians as one path that breaks where nothing was measured."""
    there = np.isfinite(y)
    follows = np.concatenate(([False], there[:-1]))
    path = [f"{'L' if f else 'M'}{a:.1f} {b:.1f}" for a, b, f in zip(x[there], y[there], follows[there], strict=True)]
    return f'<path d="{"".join(path)}" fill="none" stroke="{_INK}" stroke-width="0.4"/>' if path else ""


def _band(rhythm: Rhythm, duration_s: float) -> str:
    """Return the episodes as a band below the time, with a legend of those that occur."""
    y, scale = _HEIGHT - 9.0, (_WIDTH - _LEFT - _RIGHT) / duration_s
    bars = "".join(
        f'<rect x="{_LEFT + e.start_s * scale:.2f}" y="{y:g}" width="{max(0.3, (e.end_s - e.start_s) * scale):.2f}" height="3" fill="{_RHYTHMS[e.label][0]}"/>'
        for e in rhythm.episodes
    )
    there = [label for label in _RHYTHMS if any(e.label == label for e in rhythm.episodes)]
    legend = "".join(
        f'<text x="{_LEFT + 40 * i:g}" y="{_HEIGHT - 1.5:g}" fill="{_RHYTHMS[label][0]}">{_RHYTHMS[label][1]}</text>'
        for i, label in enumerate(there)
    )
    return bars + legend
