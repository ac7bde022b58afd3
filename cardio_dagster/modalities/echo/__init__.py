"""The echo modality: a clip of the apical four-chamber view to the left heart's size and function.

Belongs here: the branch's registration. Not here: any of its verbs' bodies. The way of a file:
sniff.py, reading.py (dicom.py, npz.py, video.py), preparation.py, detection.py, analysis.py.
"""

from cardio_dagster.modalities.branch import Branch
from cardio_dagster.modalities.echo import function
from cardio_dagster.modalities.echo import detect as detection
from cardio_dagster.modalities.echo import preprocess as preparation
from cardio_dagster.modalities.echo.analyse import analyse
from cardio_dagster.modalities.echo.clip import EchoClip, PreparedClip, Segmentation
from cardio_dagster.modalities.echo.detect import detect
from cardio_dagster.modalities.echo.preprocess import preprocess
from cardio_dagster.modalities.echo.validate import validate
from cardio_dagster.modalities.echo.sniff import sniff

BRANCH = Branch(
    name="echo",
    title="Echocardiography",
    gates=preparation.GATES + detection.GATES + function.GATES,
    code_version="2",
    sniff=sniff,
    validate=validate,
    preprocess=preprocess,
    detect=detect,
    analyse=analyse,
    valid_type=EchoClip,
    prepared_type=PreparedClip,
    detected_type=Segmentation,
    models=detection.use_models,
)
