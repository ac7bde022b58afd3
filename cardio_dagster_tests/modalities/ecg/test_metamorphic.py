"""What must not matter to an ECG: its gain, its place in time, its sampling rate, the order and number of its leads, silence around it."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.signal import resample_poly

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.detect import detect
from cardio_dagster.modalities.ecg.interpret import Interpretation, interpret
from cardio_dagster.modalities.ecg.preprocess import preprocess
from cardio_dagster.modalities.ecg.signal import STANDARD_LEADS, EcgRecord, EcgStructures, LeadQuality
from cardio_dagster.modalities.ecg.validate import _check_content
from cardio_dagster.outcome import Step
from cardio_dagster_tests.modalities.ecg.synthetic import record

OPTIONS = Options(threads=1)
INTERVALS = ("pr_ms", "qrs_ms", "qt_ms")
RECORDS = [
    "synthetic",
    *(pytest.param(name, marks=pytest.mark.reference) for name in ("ludb 1", "ludb 32", "ludb 107")),
]


@dataclass(frozen=True)
class Read:
    """A record read to the end: what was found, what it says, by name."""

    found: EcgStructures
    got: Interpretation
    quality: tuple[LeadQuality, ...]

    @property
    def values(self):
        return {m.name: m.value for m in self.got.measurements}


def read(ecg: EcgRecord) -> Read:
    """Read a record as the verbs do after the bytes; raises StudyError with the code of the verb that refuses it."""
    _check_content(ecg)
    prepared = data(preprocess(ecg, OPTIONS))
    found = data(detect(prepared, OPTIONS))
    return Read(found, interpret(prepared, found, recording_id="r"), prepared.quality.leads)


def data(step: Step):
    if step.data is None:
        raise StudyError(step.problems[-1].code, step.problems[-1].message)
    return step.data


@pytest.fixture(scope="module")
def original(request):
    """Return a record by name: the synthetic one, or one of LUDB."""
    known = {}

    def _original(name):
        if name not in known:
            ecg = record(times_s=TIMES_S, noise_mv=0.01) if name == "synthetic" else ludb(request, name.split()[1])
            known[name] = (ecg, read(ecg))
        return known[name]

    return _original


# sinus arrhythmia: the intervals differ, so that a shift in time shows
TIMES_S = 0.6 + np.cumsum(0.8 + 0.05 * np.sin(np.arange(11)))[:11] - 0.8


def ludb(request, number):
    from cardio_dagster.modalities.ecg.formats.wfdb import read_wfdb

    return read_wfdb(request.getfixturevalue("reference_data") / "ludb" / "data" / f"{number}.hea")


def changed(ecg, signal_mv, **more):
    return replace(ecg, signal_mv=np.ascontiguousarray(signal_mv, dtype=np.float32), **more)
