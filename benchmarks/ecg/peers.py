"""What the published packages reach on the same records; runs in an environment of its own.

Usage: PEERS_PYTHON -m benchmarks.ecg.peers DATA, prints one JSON document. The environment is made from peers.txt: NeuroKit2 needs an
older pandas than ours.

Belongs here: calling the peers as their documents say. Not here: our own analysis.
"""

import contextlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ecg import reference
from benchmarks.ecg.scoring import Tally

Detector = Callable[[np.ndarray, float], np.ndarray]


def detectors() -> dict[str, Detector]:
    """Return the QRS detectors: one lead and its rate to the samples of the beats."""
    import neurokit2 as nk
    import openecg
    import sleepecg
    from wfdb import processing

    return {
        "sleepecg": sleepecg.detect_heartbeats,
        "NeuroKit2": lambda x, rate_hz: nk.ecg_peaks(nk.ecg_clean(x, rate_hz), rate_hz)[1]["ECG_R_Peaks"],
        "wfdb xqrs": lambda x, rate_hz: processing.xqrs_detect(x, rate_hz, verbose=False),
        "openecg": lambda x, rate_hz: openecg.detect_qrs(x, int(rate_hz)),
    }


def qrs(data: Path) -> dict[str, dict[str, float]]:
    """Return sensitivity, +P and seconds per half hour, on the first lead of MIT-BIH."""
    rows = {}
    for name, detect in detectors().items():
        tally, taken_s = Tally(), []
        for record in reference.mitdb(data):
            signal = reference.library().rdrecord(str(record.header.with_suffix("")), channels=[0])
            started = time.perf_counter()
            found = np.unique(np.asarray(detect(signal.p_signal[:, 0], float(signal.fs)), dtype=float))
            taken_s.append(time.perf_counter() - started)
            tally.add(record.beats_s, found / signal.fs)
        rows[name] = {
            "sensitivity_pct": tally.sensitivity_pct,
            "predictive_pct": tally.predictive_pct,
            "seconds": float(np.median(taken_s)),
        }
    return rows


def neurokit_waves(lead_mv: np.ndarray, rate_hz: float) -> dict[str, np.ndarray]:
    """Return onset and offset in seconds by NeuroKit2's default method."""
    import neurokit2 as nk

    clean = nk.ecg_clean(lead_mv, rate_hz)
    peaks = nk.ecg_peaks(clean, rate_hz)[1]["ECG_R_Peaks"]
    _, waves = nk.ecg_delineate(clean, peaks, rate_hz)
    keys = {"P": "P", "QRS": "R", "T": "T"}
    return {
        kind: np.column_stack([np.asarray(waves[f"ECG_{key}_{side}"], float) for side in ("Onsets", "Offsets")])
        / rate_hz
        for kind, key in keys.items()
    }


def openecg_waves(model: Any) -> Callable[[np.ndarray, float], dict[str, np.ndarray]]:
    """Return a function with the edges of openecg's own network (its training data are not ours to know)."""
    import openecg

    classes = {"P": {1}, "QRS": {2, 4}, "T": {3}}

    def waves(lead_mv: np.ndarray, rate_hz: float) -> dict[str, np.ndarray]:
        labels = openecg.encode(lead_mv, fs=int(rate_hz), model=model).channels[0]
        return {kind: _runs(np.isin(labels, list(members))) / rate_hz for kind, members in classes.items()}

    return waves


def _runs(mask: np.ndarray) -> np.ndarray:
    steps = np.diff(np.concatenate(([0], mask.astype(int), [0])))
    return np.column_stack((np.flatnonzero(steps == 1), np.flatnonzero(steps == -1))).astype(float)


def delineation(data: Path) -> dict[str, dict[str, Any]]:
    """Return F1 and error per edge on lead II of LUDB."""
    import openecg

    rows: dict[str, dict[str, Any]] = {}
    methods = {"NeuroKit2": neurokit_waves, "openecg": openecg_waves(openecg.load_codec_onnx())}
    for name, waves in methods.items():
        tallies: dict[str, Tally] = {}
        for record in reference.ludb(data):
            if "ii" not in record.leads:
                continue
            signal = reference.library().rdrecord(str(record.header.with_suffix("")), channels=[1])
            count_waves(tallies, record.leads["ii"], _or_nothing(waves, signal.p_signal[:, 0], float(signal.fs)))
        rows[name] = edge_figures(tallies)
    return rows


def _or_nothing(method: Any, lead_mv: np.ndarray, rate_hz: float) -> dict[str, np.ndarray]:
    """Return what the method finds; a record on which it raises counts as one where it finds nothing."""
    try:
        return method(lead_mv, rate_hz)
    except Exception:
        return {kind: np.empty((0, 2)) for kind in ("P", "QRS", "T")}


def count_waves(tallies: dict[str, Tally], expert: reference.LeadWaves, found: dict[str, np.ndarray]) -> None:
    """Add one lead: waves outside the span that the expert looked at do not count."""
    low, high = expert.span_s
    for kind, edges in found.items():
        whole = edges[np.isfinite(edges).all(axis=1)]
        whole = whole[(whole[:, 0] >= low) & (whole[:, 1] <= high)]
        for side, name in enumerate(("on", "off")):
            tally = tallies.setdefault(f"{kind} {name}", Tally())
            tally.add(np.sort(expert.edges_s[kind][:, side]), np.sort(whole[:, side]))


def edge_figures(tallies: dict[str, Tally]) -> dict[str, dict[str, float]]:
    """Return F1, mean and SD of the error per edge."""
    return {
        edge: {"f1_pct": t.f1_pct, "mean_ms": t.error_ms()[0], "sd_ms": t.error_ms()[1]} for edge, t in tallies.items()
    }


def fibrillation(data: Path) -> dict[str, dict[str, float]]:
    """Return what openecg's rule for atrial fibrillation reaches on CinC 2017; no other peer has one."""
    import openecg

    tally = Tally()
    for header, label in reference.cinc(data).items():
        record = reference.library().rdrecord(str(header.with_suffix("")))
        width = round(10 * record.fs)  # its rule is made for windows of 10 s; most of them decide
        starts = range(0, max(len(record.p_signal) - width + 1, 1), width)
        called = np.mean([openecg.is_afib(record.p_signal[a : a + width, 0], int(record.fs)) for a in starts]) >= 0.5
        tally.add(np.zeros(int(label == "A")), np.zeros(int(called)))
    return {"openecg": {"f1_pct": tally.f1_pct}}


def speed(data: Path, *, records: int = 20) -> dict[str, dict[str, float]]:
    """Return the median seconds of NeuroKit2's `ecg_process` on lead II of a 10 s record, after one that warms up."""
    import neurokit2 as nk

    taken_s = []
    for header in sorted((data / "ludb" / "data").glob("*.hea"))[: records + 1]:
        record = reference.library().rdrecord(str(header.with_suffix("")), channels=[1])
        started = time.perf_counter()
        with contextlib.suppress(Exception):  # it raises on some records
            nk.ecg_process(record.p_signal[:, 0], sampling_rate=int(record.fs))
        taken_s.append(time.perf_counter() - started)
    return {"NeuroKit2": {"seconds": float(np.median(taken_s[1:]))}}


def main() -> None:
    """Print the figures of the parts named on the command line as JSON."""
    warnings.simplefilter("ignore")
    data, *names = sys.argv[1:]
    parts = {"qrs": qrs, "delineation": delineation, "fibrillation": fibrillation, "speed": speed}
    print(json.dumps({name: parts[name](Path(data)) for name in names or parts}))


if __name__ == "__main__":
    main()
