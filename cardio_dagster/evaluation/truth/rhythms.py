"""CinC 2017 and MIT-BIH: fibrillation, beats and ventricular beats against their labels.

Belongs here: reading records and labels, and their sums. Not here: matching (matching.py) or the analysis (modalities/ecg/).

Clifford et al. 2017, doi:10.22489/CinC.2017.065-469; Moody and Mark 2001, doi:10.1109/51.932724. The shipped networks were trained
on these records: the figures show change, benchmarks/ecg those on patients unseen.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.evaluation.observed import Observed, Sums, hit
from cardio_dagster.evaluation.truth.choose import band, chosen
from cardio_dagster.evaluation.truth.marks import read_marks
from cardio_dagster.evaluation.truth.matching import match
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.document import EcgDocument, describe

_LABELS = {"N": "normal", "A": "fibrillation", "O": "other", "~": "noisy"}
_NO_CALL = "not_classified"


def observe_cinc2017(folder: Path, options: Options, most: int | None = None) -> Iterator[Observed]:
    """Yield what each record says of fibrillation; a refused record counts as not called."""
    lines = (folder / "REFERENCE.csv").read_text(encoding="utf-8").split()
    labels = dict(line.split(",") for line in lines)
    for name in chosen((n for n in labels if (folder / f"{n}.hea").is_file()), most):
        label = labels[name]
        try:
            document = describe(folder / f"{name}.hea", options)
        except StudyError:
            yield Observed(
                "cinc2017", name, _called(label == "A", None), {"label": _LABELS[label], "quality": "refused"}
            )
            continue
        call = None if document.rhythm.label == _NO_CALL else document.rhythm.label
        groups = {
            "label": _LABELS[label],
            "quality": document.quality.verdict,
            "heart rate": band(document.heart_rate_bpm, (60.0, 100.0), "/min"),
        }
        confidence = None if call is None else document.rhythm.confidence
        yield Observed("cinc2017", name, _called(label == "A", call), groups, confidence)


def _called(is_af: bool, call: str | None) -> dict[str, Sums]:
    """Return the sums of one call; without a call fibrillation is missed, and nothing is right or wrong."""
    is_called = call == "afib"
    f1 = (float(is_af and is_called), float(is_called and not is_af), float(is_af and not is_called))
    right = {"cinc2017_af_right_pct": hit(is_af == is_called)} if call is not None else {}
    return {"cinc2017_af_f1_pct": f1, "cinc2017_refused_pct": hit(call is None), **right}


def observe_mitdb(folder: Path, options: Options, most: int | None = None) -> Iterator[Observed]:
    """Yield what each annotated record says of its beats."""
    for name in chosen((path.stem for path in folder.glob("*.beat")), most):
        beats_s, symbols = read_marks(folder / name, "beat")
        is_ventricular = np.array(symbols) == "V"
        document = describe(folder / f"{name}.hea", options)
        yield Observed("mitdb", name, _beats(document, beats_s, is_ventricular), {"quality": document.quality.verdict})


def _beats(document: EcgDocument, beats_s: np.ndarray, is_ventricular: np.ndarray) -> dict[str, Sums]:
    found = np.array([beat.time_s for beat in document.beats])
    beats = match(beats_s, found)
    ventricular = np.array([beat.time_s for beat in document.beats if beat.type == "V"])
    return {
        "mitdb_qrs_sensitivity_pct": (100.0 * beats.hits, float(beats.hits + beats.missed)),
        "mitdb_qrs_predictive_pct": (100.0 * beats.hits, float(beats.hits + beats.invented)),
        "mitdb_pvc_f1_pct": match(beats_s[is_ventricular], ventricular).f1_sums,
    }
