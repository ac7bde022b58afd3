"""`study.json`, by which a sender says what will come and how soon it is wanted."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from cardio_dagster.errors import problem
from cardio_dagster.outcome import Problem, Severity
from cardio_dagster.study import Priority

_MAX_BYTES = 1024 * 1024
_KEYS = frozenset({"expected_files", "priority"})


@dataclass(frozen=True, slots=True)
class Control:
    """What a `study.json` says. `is_pure`: it says nothing else, so it is no recording."""

    expected_files: tuple[str, ...]
    priority: Priority
    is_pure: bool
    problems: tuple[Problem, ...] = ()


def read_control(path: Path) -> Control | None:
    """Read a `study.json`; None if there is none or it is no JSON object of these keys.

    A priority that is not stat, urgent, routine or backfill counts as routine, with E_VALID_002.
    """
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return None
        content = msgspec.json.decode(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not _KEYS & content.keys():
        return None
    names = content.get("expected_files")
    expected = tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()
    priority, problems = _priority(content.get("priority", Priority.ROUTINE.value))
    return Control(expected, priority, content.keys() <= _KEYS, problems)


def _priority(value: object) -> tuple[Priority, tuple[Problem, ...]]:
    allowed = [priority.value for priority in Priority]
    if isinstance(value, str) and value.lower() in allowed:
        return Priority(value.lower()), ()
    unknown = problem(
        "E_VALID_002",
        "the priority in study.json is unknown and taken as routine",
        allowed=", ".join(allowed),
        severity=Severity.WARNING,
    )
    return Priority.ROUTINE, (unknown,)
