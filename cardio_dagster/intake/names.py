"""Which names of files and archive members are safe, and which are hidden.

Belongs here: judging a relative path as text. Not here: looking at the file itself.
"""

import re
import unicodedata

from cardio_dagster.errors import problem
from cardio_dagster.outcome import Problem

COMPLETE_MARKER = ".complete"
CONTROL_FILE = "study.json"

_DRIVE = re.compile(r"^[A-Za-z]:")
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORBIDDEN = {"Cc": "a control character", "Zl": "a line separator", "Zp": "a paragraph separator"}
_MAX_NAME_BYTES = 255
_MAX_DEPTH = 32
_MAX_PATH_BYTES = 1024


def is_hidden(relative: str) -> bool:
    """Return whether any part of the path is hidden, or is what an operating system leaves behind."""
    return any(part.startswith(".") or part in {"__MACOSX", "Thumbs.db", "desktop.ini"} for part in relative.split("/"))


def judge_name(relative: str) -> Problem | None:
    """Return why a relative path (with `/`) is refused, or None.

    E_INTAKE_004 for characters that no screen shows as they are, or bytes that are not
    UTF-8; E_INTAKE_001 for a path that is absolute, climbs out or names a drive.
    """
    return judge_characters(relative) or _judge_reach(relative)


def judge_characters(name: str, *, is_stored: bool = True) -> Problem | None:
    """Return E_INTAKE_004 for what cannot be shown or, if the name `is_stored`, written as UTF-8; else None."""
    for position, character in enumerate(name):
        category = unicodedata.category(character)
        if category == "Cs" and is_stored:
            return problem("E_INTAKE_004", "the name is not valid UTF-8", seen=f"a foreign byte at {position}")
        if category in _FORBIDDEN or character in _BIDI_CONTROLS:
            seen = f"{_FORBIDDEN.get(category, 'a direction control')} U+{ord(character):04X} at {position}"
            return problem("E_INTAKE_004", "the name has characters that cannot be shown", seen=seen)
    return None


def _judge_reach(relative: str) -> Problem | None:
    parts = relative.split("/")
    allowed = "a relative path that stays inside"
    if relative.startswith("/"):
        return problem("E_INTAKE_001", "the path is absolute", seen="a leading slash", allowed=allowed)
    if _DRIVE.match(relative):
        return problem("E_INTAKE_001", "the path names a drive", seen="a drive letter", allowed=allowed)
    if any(part in {"..", ".", ""} for part in parts):
        return problem("E_INTAKE_001", "the path climbs or has empty parts", seen="'..', '.' or ''", allowed=allowed)
    longest = max(len(part.encode()) for part in parts)
    total = len(relative.encode())
    if longest > _MAX_NAME_BYTES or len(parts) > _MAX_DEPTH or total > _MAX_PATH_BYTES:
        seen = f"{len(parts)} levels, longest name {longest} bytes, {total} bytes in all"
        allowed = f"{_MAX_DEPTH} levels, {_MAX_NAME_BYTES} bytes, {_MAX_PATH_BYTES} bytes in all"
        return problem("E_INTAKE_001", "the path is too deep or too long", seen=seen, allowed=allowed)
    return None
