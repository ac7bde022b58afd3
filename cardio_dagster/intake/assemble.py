"""From inspected files to a Study: modality by content, companions, recording ids.

Belongs here: the making of the Study value. Not here: judging files (files.py) or
registering (accept.py).
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from cardio_dagster.intake.files import GoodFile, Sniff
from cardio_dagster.study import Priority, Recording, Study


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a Study is made of besides its files."""

    study_id: str
    revision: int
    content_sha256: str
    received_at: str
    priority: Priority


def study_id_of(content_sha256: str) -> str:
    """Return the id of the study that began with this content.

    >>> study_id_of("0123456789abcdef" * 4)
    's-0123456789abcdef'
    """
    return f"s-{content_sha256[:16]}"


def assemble(
    folder: Path, files: list[GoodFile], arrival: Arrival, *, sniff: Sniff, known: tuple[Recording, ...] = ()
) -> Study:
    """Make the Study of the files that lie below `folder`.

    A recording's id stays with its path over the revisions (`known` are those of all
    earlier ones, oldest first); new ones get the next numbers in the order of their hashes, so the ids
    follow from the bytes and never from names. A companion belongs to its recording and is
    none itself; of recordings with identical bytes the first by path counts. The hash
    of a recording with companions is taken over the sorted hashes of all its files, its size is their sum.
    """
    content = {file.relative: file for file in files if file.is_content}
    inside = {folder / relative: relative for relative in content}
    sniffed = {relative: _sniff(path, inside, sniff) for path, relative in inside.items()}
    taken = {companion for found in sniffed.values() if found for companion in found.companions}
    drafts = [_draft(content, relative, found) for relative, found in sniffed.items() if relative not in taken]
    return Study(
        study_id=arrival.study_id,
        revision=arrival.revision,
        content_sha256=arrival.content_sha256,
        received_at=arrival.received_at,
        priority=arrival.priority,
        recordings=_number(_distinct(drafts), known),
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    modality: str
    format: str
    companions: tuple[str, ...]


def _sniff(path: Path, inside: dict[Path, str], sniff: Sniff) -> _Kind | None:
    found = sniff(path)
    if found is None:
        return None
    modality, sniffed = found
    companions = sorted({inside[other] for other in sniffed.companions if other in inside and other != path})
    return _Kind(modality, sniffed.format, tuple(companions))


def _draft(content: dict[str, GoodFile], relative: str, kind: _Kind | None) -> Recording:
    companions = kind.companions if kind else ()
    files = [content[name] for name in (relative, *companions)]
    return Recording(
        recording_id="",
        path=relative,
        sha256=_joint_hash([file.sha256 for file in files]),
        size_bytes=sum(file.size_bytes for file in files),
        modality=kind.modality if kind else None,
        format=kind.format if kind else None,
        companions=companions,
    )


def _joint_hash(digests: list[str]) -> str:
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()


def _distinct(drafts: list[Recording]) -> list[Recording]:
    first: dict[str, Recording] = {}
    for draft in sorted(drafts, key=lambda recording: recording.path):
        first.setdefault(draft.sha256, draft)
    return list(first.values())


def _number(drafts: list[Recording], known: tuple[Recording, ...]) -> tuple[Recording, ...]:
    ids = {recording.path: recording.recording_id for recording in known}
    last = max((int(recording.recording_id[1:]) for recording in known), default=0)
    for draft in sorted(drafts, key=lambda recording: recording.sha256):
        if draft.path not in ids:
            last += 1
            ids[draft.path] = f"r{last:02d}"
    numbered = [replace(draft, recording_id=ids[draft.path]) for draft in drafts]
    return tuple(sorted(numbered, key=lambda recording: int(recording.recording_id[1:])))
