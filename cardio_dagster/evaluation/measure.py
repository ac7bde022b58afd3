"""Measuring: running one set of models and gates over every case set.

Belongs here: which sets, how many of each, and putting a candidate in force for the time of the run. Not here: one set's cases
(truth/) or the figures (figures.py).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cardio_dagster import __version__, modalities
from cardio_dagster.evaluation.observed import Observed
from cardio_dagster.evaluation.truth import camus, ludb, rhythms, simulated_clips, synthetic_ecgs
from cardio_dagster.modalities import BRANCHES
from cardio_dagster.modalities.branch import Options
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import Gate

Bounds = Mapping[str, tuple[float | None, float | None]]  # gate -> minimum, maximum


@dataclass(frozen=True, slots=True)
class Size:
    """How many cases of each set, None is all; `name` tells runs over different cases apart."""

    name: str
    camus: int | None
    ludb: int | None
    cinc2017: int | None
    mitdb: int | None
    sim_echo: int
    sim_ecg: int


NIGHTLY = Size("nightly", camus=None, ludb=100, cinc2017=None, mitdb=4, sim_echo=24, sim_ecg=40)
FULL = Size("full", camus=None, ludb=None, cinc2017=None, mitdb=None, sim_echo=200, sim_ecg=200)
QUICK = Size("quick", camus=6, ludb=6, cinc2017=12, mitdb=1, sim_echo=1, sim_ecg=8)
SIZES = {size.name: size for size in (NIGHTLY, FULL, QUICK)}
_FOLDERS = {"camus": "camus_a4c", "ludb": "ludb", "cinc2017": "cinc2017", "mitdb": "mitdb"}


@dataclass(frozen=True, slots=True)
class Run:
    """What one set of models and gates said of every case. `models` are (name, version, sha256), by name."""

    size: str
    software_version: str
    models: tuple[tuple[str, str, str], ...]
    gates: tuple[tuple[str, str, float | None, float | None], ...]  # name, version, minimum, maximum
    has_reference: bool
    observed: tuple[Observed, ...]


def measure(
    size: Size,
    options: Options,
    *,
    reference: Path | None,
    bounds: Bounds | None = None,
    told: Callable[[str, int], None] = lambda case_set, done: None,
) -> Run:
    """Measure every case set that is there, with the models of `options` and the gates moved to `bounds`.

    Without `reference` (or where a set's folder is not in it) synthetic truth alone is measured. `told` hears of each case.
    Raises MachineError where a model fails, and KeyError for an unknown gate.
    """
    chosen = Path(options.model_catalogue) if options.model_catalogue else None
    with gates_moved(bounds or {}):
        catalogue.use_catalogue(chosen)
        observed = []
        for case_set, cases in _sources(size, options, reference).items():
            for done, one in enumerate(cases, start=1):
                observed.append(one)
                told(case_set, done)
        return Run(
            size.name, __version__, models_of(chosen), gates_in_force(), has_reference(reference), tuple(observed)
        )


def has_reference(folder: Path | None) -> bool:
    """Return whether any set of the reference data is there."""
    return folder is not None and any((folder / name).is_dir() for name in _FOLDERS.values())


def _sources(size: Size, options: Options, reference: Path | None) -> dict[str, Iterator[Observed]]:
    there = {s: reference / f for s, f in _FOLDERS.items() if reference is not None and (reference / f).is_dir()}
    measured: dict[str, Callable[[Path, Options, int | None], Iterator[Observed]]] = {
        "camus": camus.observe,
        "ludb": ludb.observe,
        "cinc2017": rhythms.observe_cinc2017,
        "mitdb": rhythms.observe_mitdb,
    }
    return {
        **{name: measured[name](folder, options, getattr(size, name)) for name, folder in there.items()},
        "sim_ecg": synthetic_ecgs.observe(options, size.sim_ecg),
        "sim_echo": simulated_clips.observe(options, size.sim_echo),
    }


def models_of(path: Path | None) -> tuple[tuple[str, str, str], ...]:
    """Return name, version and sha256 of every model of a catalogue, None for the shipped one; it stays in use."""
    catalogue.use_catalogue(path)
    return tuple((name, catalogue.entry(name).version, catalogue.entry(name).sha256) for name in catalogue.names())


def gates_in_force() -> tuple[tuple[str, str, float | None, float | None], ...]:
    """Return every gate with its limits, by name."""
    return tuple((g.name, g.version, g.minimum, g.maximum) for _, g in sorted(all_gates().items()))


def all_gates() -> dict[str, Gate]:
    """Return the gates of all modalities by name."""
    return {gate.name: gate for branch in BRANCHES.values() for gate in branch.gates}


def file_of_gate(name: str) -> str:
    """Return the file of the package in which a gate is a constant; raises KeyError for a name that no gate has."""
    gate, package = all_gates()[name], Path(modalities.__file__).parents[1]
    definition = re.compile(rf'Gate\(\s*(?:name=)?"{re.escape(gate.name)}"')
    files = sorted((package / "modalities").rglob("*.py"))
    return next(str(file.relative_to(package.parent)) for file in files if definition.search(file.read_text("utf-8")))


@contextmanager
def gates_moved(bounds: Bounds) -> Iterator[None]:
    """Hold the gates to other limits meanwhile, process-wide; raises KeyError for a name that no gate has.

    Gates are constants of the code and frozen on purpose. A candidate must be measured as if they said otherwise, in every
    module that holds them, so they are changed in place here, only here, and changed back.
    """
    gates = all_gates()
    former = {name: replace(gates[name]) for name in bounds}
    try:
        for name, (minimum, maximum) in bounds.items():
            _set(gates[name], minimum, maximum)
        yield
    finally:
        for name, gate in former.items():
            _set(gates[name], gate.minimum, gate.maximum)


def _set(gate: Gate, minimum: float | None, maximum: float | None) -> None:
    object.__setattr__(gate, "minimum", minimum)
    object.__setattr__(gate, "maximum", maximum)
