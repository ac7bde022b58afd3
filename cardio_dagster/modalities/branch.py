"""Branch: the verbs that every modality offers, and the options that the pipeline hands them.

Belongs here: the contract between pipeline and modalities. Not here: any modality, or the
running of verbs over recordings (pipeline/).

A modality is a folder whose `__init__.py` defines `BRANCH`. Its verbs are plain functions
over frozen dataclasses made of scalars, tuples, dicts with text keys, other such dataclasses
and NumPy arrays, so that any checkpoint can be written to Parquet and read again without
pickle. A verb raises StudyError (or returns a Step without data) where the recording is at
fault, and MachineError where the machine is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardio_dagster.finding import Analysis
from cardio_dagster.outcome import Gate, Step


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What a file was recognised as; `companions` are further files that belong to it."""

    format: str
    companions: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """Limits and resources of a run, the same for every verb.

    `batch_size` is the number of images a model sees at once (halved when memory runs out);
    `threads` is what a verb may use inside. A limit of None means no limit.
    """

    batch_size: int = 8
    threads: int = 2
    memory_limit_mb: float | None = None
    max_file_mb: float = 2048.0
    model_catalogue: str | None = None  # path of a site's own models; None means the shipped ones
    image_deadline_s: float = 240.0  # VALIDATION to ANALYSIS may each take so long for one modality,
    image_deadline_s_per_mb: float = 1.0  # and so much longer for each megabyte of its recordings
    decision_deadline_s: float = 300.0  # RECEIPT, FUSION, SCORING and FORMATTING may each take so long
    study_deadline_s: float = 3600.0  # one run of the study as a whole
    score2_region: str | None = None  # European risk region of the installation, where a study states none


def _no_models(_: Options) -> str:
    return ""


@dataclass(frozen=True)
class Branch:
    """One modality: its name, its gates, its verbs and the types that pass between them.

    sniff(path)                     -> Sniffed | None; never raises, whatever the bytes
    validate(path, options)         -> Step[valid_type]      read the file and check it
    preprocess(valid, options)      -> Step[prepared_type]   clean, quality gates
    detect(prepared, options)       -> Step[detected_type]   find structures
    analyse(prepared, detected, recording_id, options) -> Step[Analysis]   measure
    models(options)                 -> str       the hashes of the models in use; they decide whether a checkpoint still holds
    """

    name: str
    title: str
    gates: tuple[Gate, ...]
    code_version: str
    sniff: Callable[[Path], Sniffed | None]
    validate: Callable[[Path, Options], Step[Any]]
    preprocess: Callable[[Any, Options], Step[Any]]
    detect: Callable[[Any, Options], Step[Any]]
    analyse: Callable[[Any, Any, str, Options], Step[Analysis]]
    valid_type: type
    prepared_type: type
    detected_type: type
    models: Callable[[Options], str] = _no_models
