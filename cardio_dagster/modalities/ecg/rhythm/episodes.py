"""From labels of windows to episodes.

Belongs here: smoothing, merging and adding up. Not here: where the labels come from (classify.py).
"""

from dataclasses import dataclass

import numpy as np

NOT_CLASSIFIED = "not_classified"
_ATRIAL = ("afib", "aflutter")


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of one rhythm in a recording longer than a minute."""

    label: str
    start_s: float
    end_s: float


def smooth(labels: list[str]) -> list[str]:
    """Return the labels with each that stands alone between two classified windows replaced by the one before it.

    The first and the last window keep theirs. A window that was not classified is never given a label, nor are its neighbours changed.
    """
    result = list(labels)
    for i in range(1, len(labels) - 1):
        before, here, after = result[i - 1], labels[i], labels[i + 1]
        if NOT_CLASSIFIED not in (before, here, after) and here not in (before, after):
            result[i] = before
    return result


def merge(labels: list[str], edges_s: np.ndarray) -> tuple[Episode, ...]:
    """Return runs of one label as episodes; window i lasts from `edges_s[i]` to `edges_s[i + 1]`."""
    names = np.array(labels)
    starts = np.flatnonzero(np.concatenate(([True], names[1:] != names[:-1])))
    stops = np.append(starts[1:], len(labels))
    pairs = zip(starts.tolist(), stops.tolist(), strict=True)
    return tuple(Episode(labels[a], float(edges_s[a]), float(edges_s[b])) for a, b in pairs)


def classified_s(episodes: tuple[Episode, ...]) -> dict[str, float]:
    """Return the seconds per label, those not classified left out."""
    total: dict[str, float] = {}
    for episode in episodes:
        if episode.label != NOT_CLASSIFIED:
            total[episode.label] = total.get(episode.label, 0.0) + episode.end_s - episode.start_s
    return total


def af_burden_pct(time_s: dict[str, float]) -> float | None:
    """Return the part of the classified time in atrial fibrillation or flutter; None where nothing was classified."""
    total = sum(time_s.values())
    return round(100.0 * sum(time_s.get(name, 0.0) for name in _ATRIAL) / total, 1) if total else None
