"""The ECG branch: DICOM waveforms, WFDB records and CSV tables to beats, waves, intervals, rhythm and statements."""

from cardio_dagster.modalities.branch import Branch
from cardio_dagster.modalities.ecg.analyse import analyse
from cardio_dagster.modalities.ecg.detect import detect
from cardio_dagster.modalities.ecg.gates import GATES
from cardio_dagster.modalities.ecg.preprocess import preprocess
from cardio_dagster.modalities.ecg.signal import EcgRecord, EcgStructures, PreparedEcg
from cardio_dagster.modalities.ecg.sniff import sniff
from cardio_dagster.modalities.ecg.validate import validate

BRANCH = Branch(
    name="ecg",
    title="Electrocardiogram",
    gates=GATES,
    code_version="2",
    sniff=sniff,
    validate=validate,
    preprocess=preprocess,
    detect=detect,
    analyse=analyse,
    valid_type=EcgRecord,
    prepared_type=PreparedEcg,
    detected_type=EcgStructures,
)
