"""The ECG branch: what hospitals export, ten seconds to two days of it, to beats, waves, intervals, rhythm and statements."""

from pathlib import Path

from cardio_dagster.modalities.branch import Branch, Options
from cardio_dagster.modalities.ecg.analyse import analyse
from cardio_dagster.modalities.ecg.detect import detect
from cardio_dagster.modalities.ecg.gates import GATES
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.preprocess import preprocess
from cardio_dagster.modalities.ecg.signal import EcgRecord, EcgStructures
from cardio_dagster.modalities.ecg.sniff import sniff
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster.models.catalogue import fingerprint, use_catalogue

_MODELS = ("ecg_beats", "ecg_waves", "ecg_rhythm")


def _fingerprints(options: Options) -> str:
    use_catalogue(Path(options.model_catalogue) if options.model_catalogue else None)
    return " ".join(fingerprint(name) for name in _MODELS)


BRANCH = Branch(
    name="ecg",
    title="Electrocardiogram",
    gates=GATES,
    code_version="4",
    sniff=sniff,
    validate=validate,
    preprocess=preprocess,
    detect=detect,
    analyse=analyse,
    valid_type=EcgRecord,
    prepared_type=PreparedEcg,
    detected_type=EcgStructures,
    models=_fingerprints,
)
