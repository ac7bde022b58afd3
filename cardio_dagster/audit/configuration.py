"""What besides the settings decides a result: libraries, Python, the protocol notes; and how a secret is told.

Belongs here: gathering these as texts, the same for who records them and who compares them later. Not here: recording
(orchestration/configuration.py) or comparing (replay/changes.py).
"""

import hashlib
import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cardio_dagster.evidence.corpus import NoteError, corpus_sha256, load_passages

UNSET, UNREADABLE = "None", "unreadable"
EVIDENCE = "evidence.sha256"
# those whose arithmetic or drawing reaches a report
LIBRARIES = (
    "av", "bm25s", "imagecodecs", "jinja2", "matplotlib", "msgspec", "numpy", "onnxruntime", "pandas", "pillow",
    "pyarrow", "pydicom", "PyStemmer", "reportlab", "scipy", "simplejpeg", "wfdb",
)  # fmt: skip


def by_hash(value: str | None) -> str:
    """Return the sha256 of a path or an address, which may name somebody or hold a password; `None` where it is unset."""
    return UNSET if value is None else f"sha256:{hashlib.sha256(value.encode()).hexdigest()}"


@lru_cache(maxsize=4)
def surroundings(site_notes: str | None) -> dict[str, str]:
    """Return Python, libraries and the hash of all protocol notes, as texts by name; read once a process."""
    libraries = {f"library.{name}": _version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **libraries, EVIDENCE: _evidence(site_notes)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _evidence(site_notes: str | None) -> str:
    try:
        return corpus_sha256(load_passages(Path(site_notes) if site_notes else None))
    except (NoteError, OSError):
        return UNREADABLE
