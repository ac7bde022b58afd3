"""The configuration in force: its hash on every stage, its values in the ledger whenever it changes.

Belongs here: what counts as configuration. Not here: the settings themselves (settings/). A path may name
somebody and an address may hold a password, so both are told by hash.
"""

from pathlib import Path
from typing import Any

from cardio_dagster import __version__
from cardio_dagster.audit.configuration import by_hash, surroundings
from cardio_dagster.audit_contents import ConfigChanged, ModelsChanged
from cardio_dagster.audit_record import Actor, Entry, Kind
from cardio_dagster.errors import ModelLoadError
from cardio_dagster.models import catalogue
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.pipeline.versions import digest
from cardio_dagster.stores.ledger import decode

_BY_HASH = frozenset(
    {"database_url", "report_url", "checkpoint_url", "model_catalogue", "evidence_notes", "escalation_file"}
)
_CALLED = {"database_shown": "database_url", "checkpoints_shown": "checkpoint_url"}  # without their passwords
_PLACES = frozenset({"landing_dir", "store_dir", "notices_dir", "anchor_dir"})  # where things lie decides no result

_told_already: set[tuple[str, str, str]] = set()  # by database and hashes


def configuration(stores: Stores) -> ConfigChanged:
    """Return the settings, libraries and notes in force with the hash over them."""
    fields = {_CALLED.get(name, name): getattr(stores, name) for name in set(type(stores).model_fields) - _PLACES}
    values = {name: _told(name, fields[name]) for name in sorted(fields)} | surroundings(stores.evidence_notes)
    return ConfigChanged(digest(__version__, *(f"{k}={v}" for k, v in values.items())), values, __version__)


def models_in_force(stores: Stores) -> ModelsChanged:
    """Return every catalogued model; none where the catalogue cannot be read, which each study says for itself."""
    try:
        catalogue.use_catalogue(Path(stores.model_catalogue) if stores.model_catalogue else None)
        found = {name: catalogue.entry(name) for name in catalogue.names()}
    except ModelLoadError:
        return ModelsChanged(())
    return ModelsChanged(tuple((name, model.version, model.sha256) for name, model in found.items()))


def record_configuration(stores: Stores, actor: Actor) -> None:
    """Record configuration and models where they are not those that the ledger heard of last; once a process."""
    config, models = configuration(stores), models_in_force(stores)
    mark = (stores.database_url, config.sha256, digest(models))
    if mark in _told_already:
        return
    ledger = stores.ledger()
    changed = [
        Entry(kind, actor, content)
        for kind, content in ((Kind.CONFIG_CHANGED, config), (Kind.MODELS_CHANGED, models))
        if (last := ledger.last(kind)) is None or decode(last) != content
    ]
    if changed:
        ledger.append(*changed)
    _told_already.add(mark)


def _told(name: str, value: Any) -> str:
    return by_hash(value) if name in _BY_HASH else str(value)
