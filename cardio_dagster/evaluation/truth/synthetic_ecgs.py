"""Synthetic 12-lead ECGs: our beats, rate and rhythm against those that were drawn.

Belongs here: what is varied, and the sums. Not here: the generator (demo/synthetic_ecg.py).
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.demo.synthetic_ecg import LEADS, SyntheticEcg, synthetic_ecg
from cardio_dagster.errors import StudyError
from cardio_dagster.evaluation.observed import Observed, Sums, hit
from cardio_dagster.evaluation.truth.choose import band
from cardio_dagster.evaluation.truth.matching import match
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.document import EcgDocument, describe

FIRST_SEED = 7_000_000
RATES_HZ = (250.0, 500.0, 1000.0)
SINUS_BPM = (45.0, 95.0)  # above, the generator's P wave drowns in the T wave before it and the rhythm cannot be told
_FIBRILLATION = frozenset({"afib", "aflutter"})  # its f waves are of nearly one frequency, so that either call is right


@dataclass(frozen=True, slots=True)
class _Drawn:
    ecg: SyntheticEcg
    is_irregular: bool
    noise_mv: float


def observe(options: Options, count: int) -> Iterator[Observed]:
    """Yield what each of `count` ECGs says, always the same ones; every second is in fibrillation."""
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        drawn = _draw(seed)
        groups = _groups(drawn)
        try:
            document = _describe(drawn.ecg, options)
        except StudyError:
            yield Observed("sim_ecg", f"ecg-{seed}", {"sim_ecg_refused_pct": hit(True)}, groups)
            continue
        yield Observed(
            "sim_ecg",
            f"ecg-{seed}",
            sums_of(drawn.ecg, document, drawn.is_irregular),
            groups,
            document.rhythm.confidence,
        )


def _draw(seed: int) -> _Drawn:
    rng = np.random.default_rng(seed)
    irregular, noise_mv = seed % 2 == 1, float(rng.choice([0.005, 0.02, 0.05]))
    ecg = synthetic_ecg(
        sampling_rate_hz=float(rng.choice(RATES_HZ)),
        heart_rate_bpm=float(rng.uniform(60, 130) if irregular else rng.uniform(*SINUS_BPM)),
        irregular=irregular,
        noise_mv=noise_mv,
        seed=seed,
    )
    return _Drawn(ecg, irregular, noise_mv)


def _describe(ecg: SyntheticEcg, options: Options) -> EcgDocument:
    header = f"# sampling_rate_hz: {ecg.sampling_rate_hz:g}\n# unit: mV\n" + ",".join(LEADS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ecg.csv"
        np.savetxt(path, ecg.signal_mv, fmt="%.4f", delimiter=",", header=header, comments="")
        return describe(path, options)


def sums_of(ecg: SyntheticEcg, document: EcgDocument, is_irregular: bool) -> dict[str, Sums]:
    """Return the sums of one ECG; the true rate is that of the mean RR interval."""
    true_bpm = 60.0 / float(np.mean(np.diff(ecg.r_peaks_s)))
    beats = match(ecg.r_peaks_s, np.array([beat.time_s for beat in document.beats]))
    sums: dict[str, Sums] = {
        "sim_ecg_qrs_f1_pct": beats.f1_sums,
        "sim_ecg_rhythm_right_pct": hit(document.rhythm.label in (_FIBRILLATION if is_irregular else {"sinus"})),
        "sim_ecg_refused_pct": hit(False),
    }
    if document.heart_rate_bpm is not None:
        sums["sim_ecg_heart_rate_mae_bpm"] = (abs(document.heart_rate_bpm - true_bpm), 1.0)
    return sums


def _groups(drawn: _Drawn) -> dict[str, str]:
    rate_bpm = 60.0 / float(np.mean(np.diff(drawn.ecg.r_peaks_s)))
    return {
        "sampling rate": f"{drawn.ecg.sampling_rate_hz:g} Hz",
        "rhythm": "fibrillation" if drawn.is_irregular else "sinus rhythm",
        "true heart rate": band(rate_bpm, (60.0, 100.0), "/min"),
        "noise": f"{1000 * drawn.noise_mv:g} µV",
    }
