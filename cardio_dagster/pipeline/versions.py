"""Versions of the stages' own code: raised by hand when a stage's result changes.

The versions of what a modality does lie in its Branch; an asset's code version joins both. Fusion and scoring keep
their own.
"""

import hashlib

from cardio_dagster import fusion, scoring
from cardio_dagster.modalities import BRANCHES
from cardio_dagster.outcome import State

STAGE_VERSIONS: dict[State, str] = {
    State.RECEIPT: "1",
    State.VALIDATION: "1",
    State.PREPROCESSING: "1",
    State.DETECTION: "1",
    State.ANALYSIS: "1",
    State.FUSION: fusion.CODE_VERSION,
    State.SCORING: scoring.CODE_VERSION,
    State.FORMATTING: "4",
    State.COMPLETE: "1",
}
FAN_OUT_STATES = (State.VALIDATION, State.PREPROCESSING, State.DETECTION, State.ANALYSIS)


def code_version(state: State) -> str:
    """Return the code version of a stage, with those of its modalities where it fans out."""
    if state not in FAN_OUT_STATES:
        return STAGE_VERSIONS[state]
    branches = " ".join(f"{b.name}-{b.code_version}" for b in BRANCHES.values())
    return f"{STAGE_VERSIONS[state]} {branches}"


def digest(*parts: object) -> str:
    """Return the SHA-256 over the texts of `parts`, in hex."""
    return hashlib.sha256("\x1f".join(str(p) for p in parts).encode()).hexdigest()
