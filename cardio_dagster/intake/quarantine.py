"""Quarantine: where refused bytes lie, each with `reason.json` beside it. Nothing is ever deleted here.

`quarantine/<claim id>/<slot>/` holds `reason.json` and `content/` with the file, folder or
link as it came; duplicates lie below `quarantine/duplicates/` in the same form.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cardio_dagster.outcome import Problem

DUPLICATES = "duplicates"


@dataclass(frozen=True, slots=True)
class Reason:
    """What `reason.json` says; `source` is a pseudonym, `study_id` the study that the rest went to or that holds the same."""

    claim: str
    source: str
    received_at: str
    study_id: str | None
    problems: tuple[Problem, ...]


def set_aside(path: Path, shelf: Path, reason: Reason) -> None:
    """Move `path` below `shelf`, with the reason; a repetition after a crash ends in the same place."""
    slot = shelf / reason.claim / hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    content = slot / "content"
    content.mkdir(parents=True, exist_ok=True)
    (slot / "reason.json").write_bytes(msgspec.json.format(msgspec.json.encode(reason)))
    path.rename(content / path.name)
