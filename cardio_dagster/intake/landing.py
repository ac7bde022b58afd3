"""What lies in the landing folder: the candidates, and whether one is complete.

Belongs here: listing and observing, without touching anything. Not here: taking (claim.py)
or judging the files (files.py).

A candidate is a folder, or the loose files (archives among them) that share a stem. It is
complete when a marker says so, when all that its `study.json` expects is there and stood
still between two looks, or when it stood still for the quiet window. Standing still is judged by looking
twice, never by file times alone: a copy keeps the old ones, and clocks are set.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cardio_dagster.errors import SettingsError
from cardio_dagster.intake.control import read_control
from cardio_dagster.intake.names import COMPLETE_MARKER, CONTROL_FILE
from cardio_dagster.intake.pseudonym import pseudonym

# Only what begins with a letter is a suffix: "1.2.840.1" and "1.2.840.2" are DICOM UIDs of two patients, not one stem.
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$")
_IN_TRANSFER = re.compile(r"\.(part|partial|filepart|crdownload|tmp|swp)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something in the landing folder that may become a study; `key` and `source` are pseudonyms.

    `names` are entries of the landing folder; `markers` those that only say "complete".
    """

    key: str
    source: str
    names: tuple[str, ...]
    markers: tuple[str, ...]
    is_folder: bool


@dataclass(frozen=True, slots=True)
class Observation:
    """When a candidate was first seen in the form that it still has (seconds since 1970)."""

    signature: str
    since_s: float


def candidates(landing: Path, *, key: bytes) -> tuple[Candidate, ...]:
    """List the candidates in the order of their keys, which says nothing of their names.

    Hidden entries, transfers under a temporary name (`.part`, `.tmp`, ...) and markers are no candidates.
    Raises SettingsError if the landing folder is missing.
    """
    if not landing.is_dir():
        raise SettingsError(
            "the landing folder is missing; make `landing` in the folder that CARDIO_DATA_DIR names, or set CARDIO_DATA_DIR"
        )
    folders, loose, markers = _sort_entries(landing)
    found = [_folder(name, markers, key) for name in folders]
    found += [_loose(stem, names, markers, key) for stem, names in loose.items()]
    return tuple(sorted(found, key=lambda candidate: candidate.key))


def stem_of(name: str) -> str:
    """Return a file name without its suffix.

    >>> stem_of("x.hea"), stem_of("1.2.840.10008.1"), stem_of("rest.ecg.csv")
    ('x', '1.2.840.10008.1', 'rest.ecg')
    """
    return _SUFFIX.sub("", name) or name


def signature(landing: Path, candidate: Candidate) -> str | None:
    """Return a short hash over count, bytes and newest times of all files; None if it is gone or empty.

    Both ctime and mtime count: a copy may keep mtime, but no program sets ctime.
    """
    count = size = newest_ctime_ns = newest_mtime_ns = 0
    for status in _walk(landing, candidate.names):
        count += 1
        size += status.st_size
        newest_ctime_ns = max(newest_ctime_ns, status.st_ctime_ns)
        newest_mtime_ns = max(newest_mtime_ns, status.st_mtime_ns)
    if count == 0:
        return None
    facts = f"{count} {size} {newest_ctime_ns} {newest_mtime_ns}"
    return hashlib.sha256(facts.encode()).hexdigest()[:12]


def observe(previous: Observation | None, seen: str, *, now_s: float) -> Observation:
    """Return the observation after a look: the old one if nothing changed, else a new one from now.

    A clock that was set back starts the window anew instead of stretching it.
    """
    if previous is None or previous.signature != seen or previous.since_s > now_s:
        return Observation(seen, now_s)
    return previous


def is_complete(
    landing: Path, candidate: Candidate, previous: Observation | None, seen: str, *, now_s: float, quiet_window_s: float
) -> bool:
    """Return whether a candidate, seen now with this signature, may be taken."""
    if candidate.markers or (candidate.is_folder and (landing / candidate.names[0] / COMPLETE_MARKER).exists()):
        return True
    if previous is None or previous.signature != seen:
        return quiet_window_s <= 0
    if now_s - previous.since_s >= quiet_window_s:
        return True
    return candidate.is_folder and _has_all_expected(landing / candidate.names[0])


def _has_all_expected(folder: Path) -> bool:
    control = read_control(folder / CONTROL_FILE)
    if control is None or not control.expected_files:
        return False
    # normpath keeps a hostile "../../x" from asking after files elsewhere
    inside = [os.path.normpath(name) for name in control.expected_files]
    return all(not name.startswith(("..", "/")) and (folder / name).is_file() for name in inside)


def _sort_entries(landing: Path) -> tuple[list[str], dict[str, list[str]], set[str]]:
    folders: list[str] = []
    loose: dict[str, list[str]] = {}
    markers: set[str] = set()
    with os.scandir(landing) as entries:
        for entry in entries:
            if entry.name.startswith(".") or _IN_TRANSFER.search(entry.name):
                continue
            if entry.name.endswith(COMPLETE_MARKER):
                markers.add(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            else:
                loose.setdefault(stem_of(entry.name), []).append(entry.name)
    return folders, loose, markers


def _folder(name: str, markers: set[str], key: bytes) -> Candidate:
    own = markers & {name + COMPLETE_MARKER}
    return Candidate(pseudonym(key, f"folder {name}")[:12], pseudonym(key, name), (name,), tuple(own), True)


def _loose(stem: str, names: list[str], markers: set[str], key: bytes) -> Candidate:
    own = markers & {name + COMPLETE_MARKER for name in (stem, *names)}
    identity = pseudonym(key, f"loose {stem}")[:12]
    return Candidate(identity, pseudonym(key, stem), tuple(sorted(names)), tuple(sorted(own)), False)


def _walk(landing: Path, names: tuple[str, ...]) -> Iterator[os.stat_result]:
    """Yield the status of every file, never following a link; what vanishes meanwhile is passed over."""
    waiting = [landing / name for name in names]
    while waiting:
        path = waiting.pop()
        try:
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                waiting.extend(path.iterdir())
            else:
                yield status
        except OSError:
            continue
