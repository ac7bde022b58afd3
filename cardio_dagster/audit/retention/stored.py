"""Stored: the files that lie in the store of one study, by names that tell nobody's identity.

Belongs here: finding, hashing and removing them, on a disk or any fsspec path. Not here: whether they may go (purging.py).

A received file is named by its hash, because hospitals name files after patients; reports and checkpoints have names
of our own.
"""

import hashlib
import posixpath
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec

_BLOCK = 1 << 20
INPUTS, REPORTS, CHECKPOINTS = "inputs", "reports", "checkpoints"
PROPOSALS = "proposals"  # reports that a backfill made anew and that say another thing


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file: the file system it lies in, its path there, its name in a proof, its SHA-256 and size."""

    system: Any
    path: str
    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StorePlaces:
    """Where an installation keeps files of studies: the store, and the checkpoints on a path or an fsspec URL."""

    store: Path
    checkpoints: str

    def files(self, study_id: str) -> Iterator[StoredFile]:
        """Yield the files of a study, hashed one after the other; a file that goes meanwhile is left out."""
        for place, system, root in self._roots(study_id):
            for path in sorted(system.find(root)):
                found = _hashed(system, path)
                if found is not None:
                    digest, size_bytes = found
                    name = f"{place}/{_name(place, posixpath.relpath(path, root), digest)}"
                    yield StoredFile(system, path, name, digest, size_bytes)

    def count(self, study_id: str) -> tuple[int, int]:
        """Return how many files a study has and their bytes, without reading them."""
        sizes = [
            details["size"] or 0
            for _, system, root in self._roots(study_id)
            for details in system.find(root, detail=True).values()
        ]
        return len(sizes), sum(sizes)

    def remove_folders(self, study_id: str) -> bool:
        """Remove the empty folders of a study; return whether nothing is left, False where a file came meanwhile."""
        left = False
        for _, system, root in self._roots(study_id):
            for folder in sorted((root, *system.find(root, withdirs=True)), key=len, reverse=True):
                with suppress(
                    OSError, NotImplementedError
                ):  # not empty, gone already, or an object store without folders
                    system.rmdir(folder)
            left = left or bool(system.find(root))
        return not left

    def _roots(self, study_id: str) -> list[tuple[str, Any, str]]:
        if not study_id or "/" in study_id or study_id in {".", ".."}:
            raise ValueError("a study id is one plain name")  # it becomes a folder that is removed
        local = fsspec.filesystem("file")
        system, root = fsspec.core.url_to_fs(self.checkpoints)
        return [
            (INPUTS, local, str(self.store / INPUTS / study_id)),
            (REPORTS, local, str(self.store / REPORTS / study_id)),
            (PROPOSALS, local, str(self.store / PROPOSALS / study_id)),
            (CHECKPOINTS, system, f"{root.rstrip('/')}/{study_id}"),
        ]


def _name(place: str, relative: str, digest: str) -> str:
    if place != INPUTS:
        return relative
    return f"{relative.split('/', maxsplit=1)[0]}/{digest}"  # the folder of the revision, r1-..., is ours


def _hashed(system: Any, path: str) -> tuple[str, int] | None:
    digest, size_bytes = hashlib.sha256(), 0
    try:
        with system.open(path, "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size_bytes += len(block)
    except FileNotFoundError:
        return None
    return digest.hexdigest(), size_bytes
