"""Recordings with annotated beats, and the examples made of them: candidates with features and what they are.

Belongs here: reading MIT-BIH and LUDB, labels, noise. Not here: the network (model.py) or judgement (evaluate.py).
A recording is a patient: folds go by recording.
"""

import csv
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cardio_dagster.modalities.ecg.beat_candidates import candidates, first_guess, peak_positions
from cardio_dagster.modalities.ecg.beat_features import features
from cardio_dagster.modalities.ecg.beat_signal import work
from cardio_dagster.modalities.ecg.filters import for_display

NO_BEAT, NORMAL, VENTRICULAR, SOME_BEAT = range(4)  # SOME_BEAT: a beat whose type nobody wrote down
TOLERANCE_S = 0.15
_LEADS = ("i", "ii", "iii", "avr", "avl", "avf", "v1", "v2", "v3", "v4", "v5", "v6")


@dataclass(frozen=True)
class Recording:
    """`beat_s` ascending; `beat_class` as above; only what lies in `known_s` is annotated."""

    name: str
    signal_mv: np.ndarray
    sampling_rate_hz: float
    beat_s: np.ndarray
    beat_class: np.ndarray
    known_s: tuple[float, float]


@dataclass(frozen=True)
class Examples:
    features: np.ndarray
    label: np.ndarray
    weight: np.ndarray
    recording: np.ndarray


def read_mitdb(folder: Path) -> Iterator[Recording]:
    """Read the records with `.beat` annotations: V is a PVC, N any other beat."""
    wfdb = _wfdb()
    for path in sorted(folder.glob("*.beat")):
        signal_mv, rate_hz = _signal(path.with_suffix(""))
        beats = wfdb.rdann(str(path.with_suffix("")), "beat")
        kind = np.where(np.array(beats.symbol) == "V", VENTRICULAR, NORMAL)
        yield Recording(path.stem, signal_mv, rate_hz, beats.sample / rate_hz, kind, (0.0, len(signal_mv) / rate_hz))


def read_ludb(folder: Path) -> Iterator[Recording]:
    """Read 12 leads of 10 s; beats are all normal where the table names no ventricular extrasystole, else of unknown type."""
    with (folder / "ludb.csv").open(encoding="utf-8") as file:
        rows = {row["ID"].strip(): " ".join(row.values()).lower() for row in csv.DictReader(file)}
    for path in sorted((folder / "data").glob("*.hea")):
        signal_mv, rate_hz = _signal(path.with_suffix(""))
        beat_s, known_s = _ludb_beats(path.with_suffix(""), rate_hz)
        kind = SOME_BEAT if "ventricular extrasyst" in rows[path.stem] else NORMAL
        yield Recording(f"ludb{path.stem}", signal_mv, rate_hz, beat_s, np.full(len(beat_s), kind), known_s)


def label_candidates(recording: Recording, time_s: np.ndarray) -> np.ndarray:
    """Return the class of each candidate, -1 where nothing is annotated."""
    label = np.full(len(time_s), NO_BEAT)
    inside = (time_s >= recording.known_s[0]) & (time_s <= recording.known_s[1])
    label[~inside] = -1
    partner, _ = match(recording.beat_s, time_s)
    label[partner[partner >= 0]] = recording.beat_class[partner >= 0]
    return label


def match(reference_s: np.ndarray, found_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return per reference beat the found one within 150 ms (-1 without), and which found ones are taken; one to one."""
    taken = np.zeros(len(found_s), dtype=bool)
    partner = np.full(len(reference_s), -1)
    for i, time in enumerate(reference_s):
        k = int(np.searchsorted(found_s, time))
        near = [
            q for q in (k - 1, k) if 0 <= q < len(found_s) and not taken[q] and abs(found_s[q] - time) <= TOLERANCE_S
        ]
        if near:
            partner[i] = min(near, key=lambda q: abs(found_s[q] - time))
            taken[partner[i]] = True
    return partner, taken


def examples_of(recording: Recording, *, group: int) -> list[Examples]:
    """Return the examples of one recording, once against the first guess and once against the annotated beats."""
    working = work(recording.signal_mv.astype(float), sampling_rate_hz=recording.sampling_rate_hz)
    peaks = candidates(working)
    at = peak_positions(working, peaks)
    time_s = at / working.rate_hz
    label = label_candidates(recording, time_s)
    guess = first_guess(peaks / working.rate_hz, working.energy[peaks])
    parts = []
    for beats in (guess, np.where(label < 0, guess, label > 0)):
        if beats.sum() < 3:
            continue
        x = features(working, at, beats)[0][label >= 0]
        weight = np.full(len(x), 1.0 / np.sqrt(len(x)))
        parts.append(Examples(x, label[label >= 0], weight, np.full(len(x), group)))
    return parts


def variants(recording: Recording, rng: np.random.Generator) -> Iterator[Recording]:
    """Yield the recording, single leads and few leads of it, and each of these with bursts of noise."""
    n_leads = recording.signal_mv.shape[1]
    choices = [np.arange(n_leads)]
    if n_leads > 1:
        choices += [rng.choice(n_leads, size=size, replace=False) for size in (1, 1, 2)]
    for leads in choices:
        part = replace(recording, signal_mv=recording.signal_mv[:, leads])
        yield part
        yield replace(part, signal_mv=with_noise(part, rng))


def with_noise(recording: Recording, rng: np.random.Generator) -> np.ndarray:
    """Return the signal with bursts of muscle noise, steps and swings, each on one lead for some seconds."""
    x = recording.signal_mv.astype(float).copy()
    rate_hz = recording.sampling_rate_hz
    usual = np.percentile(np.abs(x), 99, axis=0)
    for _ in range(max(1, round(len(x) / rate_hz / 12))):
        lead, length = rng.integers(x.shape[1]), min(len(x), round(rng.uniform(0.3, 5.0) * rate_hz))
        start = rng.integers(len(x) - length + 1)
        white = rng.normal(size=length)
        kind = rng.integers(3)
        if kind == 0:
            burst = white
        elif kind == 1:
            burst = np.convolve(white, np.ones(max(2, round(rate_hz * rng.uniform(0.02, 0.15)))), mode="same")
        else:
            burst = np.cumsum(white * (rng.random(length) < 4.0 / rate_hz))
        size = rng.uniform(0.05, 1.0) * usual[lead]
        x[start : start + length, lead] += size * burst / max(float(np.std(burst)), 1e-9) * np.hanning(length) ** 0.25
    return x


def _ludb_beats(path: Path, rate_hz: float) -> tuple[np.ndarray, tuple[float, float]]:
    wfdb = _wfdb()
    per_lead, first, last = [], [], []
    for lead in _LEADS:
        marks = wfdb.rdann(str(path), lead)
        per_lead.append(marks.sample[np.array(marks.symbol) == "N"] / rate_hz)
        first.append(marks.sample.min() / rate_hz)
        last.append(marks.sample.max() / rate_hz)
    usual = int(np.median([len(beats) for beats in per_lead]))
    agreeing = [beats for beats in per_lead if len(beats) == usual] or per_lead[1:2]
    return np.median(agreeing, axis=0), (min(first) - 0.05, max(last) + 0.05)


def _signal(path: Path) -> tuple[np.ndarray, float]:
    record = _wfdb().rdrecord(str(path))
    rate_hz = float(record.fs)
    return for_display(np.nan_to_num(record.p_signal), sampling_rate_hz=rate_hz).astype(np.float32), rate_hz


def _wfdb():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wfdb 4.3 under pandas 3
        import wfdb
    return wfdb
