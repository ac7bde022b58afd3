"""Candidate: the change that somebody wants, read from its file.

Belongs here: the two forms of the file, and a catalogue that holds the standing models with those of the candidate in their place.
Not here: judging (judging.py).

The file is TOML: tables of models as in models/catalogue.toml, files relative to it; or limits of gates:

    [gates.echo_confidence]
    minimum = 0.9

A file with both is refused: which of two changes made something better could not be told.
"""

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from cardio_dagster.errors import SettingsError
from cardio_dagster.evaluation.measure import all_gates
from cardio_dagster.models.catalogue import SHIPPED_CATALOGUE, ModelEntry

Bounds = dict[str, tuple[float | None, float | None]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What would change: models by name with the path of their file and card, or limits of gates. One of both is empty."""

    models: dict[str, tuple[ModelEntry, Path, Path]]
    bounds: Bounds


def read_candidate(path: Path) -> Candidate:
    """Read a candidate's file.

    Raises SettingsError, with what to do, if it cannot be read, names models and gates at once or neither, a model that the catalogue
    does not know, a file or card that is missing or not the one of the sha256, or a gate that does not exist.
    """
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _refused(f"it cannot be read as TOML ({type(error).__name__}); check path and content") from None
    gates = read.pop("gates", {})
    if bool(gates) == bool(read):
        raise _refused("it must change models or gates, one of both; split it")
    return Candidate({}, _bounds(gates)) if gates else Candidate(_models(read, path.parent), {})


def stage(candidate: Candidate, standing: Path | None, folder: Path) -> Path:
    """Write a catalogue of the standing site's models with the candidate's in their place into `folder`; return its path.

    The files stay where they are. `standing` is the site's own catalogue, None where it has none.
    """
    entries = {**site_entries(standing), **{name: (entry, file) for name, (entry, file, _) in candidate.models.items()}}
    path = folder / "catalogue.toml"
    path.write_text(
        catalogue_text({n: replace(e, file=str(file.resolve())) for n, (e, file) in entries.items()}), encoding="utf-8"
    )
    return path


def site_entries(catalogue: Path | None) -> dict[str, tuple[ModelEntry, Path]]:
    """Return the entries of a site's own catalogue with the paths of their files; empty without one."""
    if catalogue is None or not catalogue.is_file():
        return {}
    entries = msgspec.toml.decode(catalogue.read_bytes(), type=dict[str, ModelEntry])
    return {name: (entry, catalogue.parent / entry.file) for name, entry in entries.items()}


def catalogue_text(entries: dict[str, ModelEntry]) -> str:
    """Return a catalogue as TOML; text, numbers and lists of text are written alike in JSON and in TOML."""
    lines = []
    for name, entry in sorted(entries.items()):
        told = {key: value for key, value in asdict(entry).items() if value is not None}
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in told.items()), ""]
    return "\n".join(lines)


def _models(read: dict[str, Any], folder: Path) -> dict[str, tuple[ModelEntry, Path, Path]]:
    known = msgspec.toml.decode(SHIPPED_CATALOGUE.read_bytes(), type=dict[str, ModelEntry])
    try:
        entries = msgspec.convert(read, dict[str, ModelEntry])
    except msgspec.ValidationError as error:
        raise _refused(f"{error}; models/catalogue.toml shows the form") from None
    if unknown := sorted(entries.keys() - known.keys()):
        raise _refused(f"no part of the software uses a model {unknown[0]!r}; use one of {', '.join(sorted(known))}")
    return {name: (entry, *_files(name, entry, folder)) for name, entry in entries.items()}


def _files(name: str, entry: ModelEntry, folder: Path) -> tuple[Path, Path]:
    file, card = folder / entry.file, folder / entry.card
    if not card.is_file():
        raise _refused(f"{name} has no model card; write one and name it as `card`")
    if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != entry.sha256:
        raise _refused(f"the file of {name} is missing or not the one of its sha256; enter the sha256 of the file")
    return file, card


def _bounds(gates: dict[str, Any]) -> Bounds:
    known, bounds = all_gates(), {}
    for name, limits in gates.items():
        if name not in known:
            raise _refused(f"there is no gate {name!r}; use one of {', '.join(sorted(known))}")
        extra = limits.keys() - {"minimum", "maximum"} if isinstance(limits, dict) else {"?"}
        if extra or not limits or not all(isinstance(v, int | float) for v in limits.values()):
            raise _refused(f"gate {name} needs `minimum` or `maximum`, numbers both")
        bounds[name] = (limits.get("minimum", known[name].minimum), limits.get("maximum", known[name].maximum))
    return bounds


def _refused(why: str) -> SettingsError:
    return SettingsError(f"the candidate's file: {why}")
