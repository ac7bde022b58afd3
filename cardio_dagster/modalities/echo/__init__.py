"""The echo modality: a clip of the apical four-chamber view to the left heart's size, function and wall motion.

Belongs here: the branch's registration. Not here: any of its verbs' bodies. The way of a file:
sniff.py, validate.py (formats/, sector/), preprocess.py (triage/), detect.py (segmentation/),
analyse.py (function.py with cycles/ and volumes/, measuring/, motion/, findings.py, drawing/).
"""

from cardio_dagster.modalities.branch import Branch
from cardio_dagster.modalities.echo import function, gates
from cardio_dagster.modalities.echo.analyse import analyse
from cardio_dagster.modalities.echo.clip import EchoClip, PreparedClip, Segmentation
from cardio_dagster.modalities.echo.detect import detect, use_models
from cardio_dagster.modalities.echo.preprocess import preprocess
from cardio_dagster.modalities.echo.sniff import sniff
from cardio_dagster.modalities.echo.triage import quality
from cardio_dagster.modalities.echo.validate import validate

BRANCH = Branch(
    name="echo",
    title="Echocardiography",
    gates=quality.GATES + gates.DETECTION_GATES + function.GATES,
    code_version="5",
    sniff=sniff,
    validate=validate,
    preprocess=preprocess,
    detect=detect,
    analyse=analyse,
    valid_type=EchoClip,
    prepared_type=PreparedClip,
    detected_type=Segmentation,
    models=use_models,
)
