"""Recordings with a known rhythm, as the numbers that the model sees: CinC 2017, LUDB and MIT-BIH.

Belongs here: reading, labelling, cropping. Not here: the network (model.py) or how it is judged (evaluate.py).
Everything goes through the package's own verbs, so that the model is trained on what it will be given.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.detect import detect
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.preprocess import preprocess
from cardio_dagster.modalities.ecg.rhythm.features import features_of
from cardio_dagster.modalities.ecg.rhythm.intervals import MIN_BEATS
from cardio_dagster.modalities.ecg.rhythm.model import AFIB, OTHER, SINUS
from cardio_dagster.modalities.ecg.rhythm.windows import Window, look, window_of
from cardio_dagster.modalities.ecg.signal import EcgStructures
from cardio_dagster.modalities.ecg.trust import distrust
from cardio_dagster.modalities.ecg.validate import validate

CROPS = 3
WINDOW_S = 30.0
MIT_WINDOWS = 15
MIT_WEIGHT = 2.0  # of a whole record, as against 1 of a short one
# rhythms of the published record descriptions; 202 is left out, because it fibrillates at times that are not in our files
MIT_LABELS = {"108": SINUS, "113": SINUS, "116": OTHER, "121": SINUS, "123": SINUS}


@dataclass(frozen=True)
class Recording:
    """One recording as the package saw it; `found` is None where no lead was usable."""

    source: str
    patient: str
    label: int
    prepared: PreparedEcg | None
    found: EcgStructures | None


@dataclass(frozen=True)
class Examples:
    """Rows of features with their labels; `is_whole` marks the one row that stands for a recording in the judgement.

    `patient` names the group that cross-validation keeps together; `refused` says that the package would not ask the model.
    """

    features: np.ndarray
    label: np.ndarray
    weight: np.ndarray
    source: np.ndarray
    patient: np.ndarray
    is_whole: np.ndarray
    refused: np.ndarray
    windows: tuple[Window, ...]

    def window(self, row: int, probability: np.ndarray, *, has_signal: bool) -> Window:
        """Return the window of a row with the model's answer, as rhythm_decision.py takes it."""
        window = replace(self.windows[row], probability=probability)
        return window if has_signal else replace(window, atrial=None)


def read_recordings(data: Path) -> Iterator[Recording]:
    """Yield all recordings of the three sets below `data`."""
    options = Options(threads=1)
    for path, source, label in _labelled(data):
        step = preprocess(validate(path, options).data, options)
        found = None if step.data is None else detect(step.data, options).data
        yield Recording(source, f"{source}:{path.stem}", label, step.data, found)


def _labelled(data: Path) -> Iterator[tuple[Path, str, int]]:
    for line in (data / "cinc2017" / "REFERENCE.csv").read_text().split():
        name, letter = line.split(",")
        yield data / "cinc2017" / f"{name}.hea", "cinc", "NAO~".index(letter)
    with (data / "ludb" / "ludb.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield data / "ludb" / "data" / f"{row['ID'].strip()}.hea", "ludb", _ludb_label(row["Rhythms"].lower())
    for path in sorted((data / "mitdb").glob("*.hea")):
        if path.stem != "202":
            yield path, "mitdb", MIT_LABELS.get(path.stem, OTHER)


def _ludb_label(rhythms: str) -> int:
    if "fibrillation" in rhythms or "flutter" in rhythms:
        return AFIB
    return OTHER if "wandering" in rhythms or "irregular" in rhythms else SINUS


def examples_from(recordings: Iterator[Recording], *, seed: int) -> Examples:
    """Return the rows of all recordings: the whole one and crops of it, or windows of a long one."""
    rng = np.random.default_rng(seed)
    rows = [row for recording in recordings for row in _rows(recording, rng)]
    columns = list(zip(*rows, strict=True))
    features = np.stack([features_of(window.stretch, window.atrial) for window in columns[0]])
    return Examples(features, *(np.array(column) for column in columns[1:]), windows=tuple(columns[0]))


def _rows(recording: Recording, rng: np.random.Generator) -> Iterator[tuple]:
    found, prepared = recording.found, recording.prepared
    if found is None or prepared is None:
        return
    kinds = np.array(found.beat_types)
    is_refused = distrust(found) is not None
    for start_s, stop_s, weight, is_whole in _stretches(prepared.record.duration_s, rng):
        window = window_of(found, kinds, start_s=start_s, stop_s=stop_s)
        if len(window.stretch.beat_time_s) < MIN_BEATS:
            continue
        window = look(prepared, window, start_s=start_s, stop_s=stop_s)
        row = (recording.label, weight, recording.source, recording.patient, is_whole, is_refused)
        yield (window, *row)


def _stretches(duration_s: float, rng: np.random.Generator) -> Iterator[tuple[float, float, float, bool]]:
    """Yield start, stop, weight and whether it is the whole: a whole weighs as much as all its crops together."""
    if duration_s > 120.0:
        for start_s in np.linspace(0.0, duration_s - WINDOW_S, MIT_WINDOWS):
            yield start_s, start_s + WINDOW_S, MIT_WEIGHT / MIT_WINDOWS, False
        return
    yield 0.0, duration_s, 0.5, True
    for _ in range(CROPS):
        length_s = rng.uniform(0.5, 1.0) * min(duration_s, 30.0)
        start_s = rng.uniform(0.0, duration_s - length_s)
        yield start_s, start_s + length_s, 0.5 / CROPS, False
