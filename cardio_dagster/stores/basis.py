"""The basis of each report: the code, models and parameters that it was made with, in a shape that can be asked for quickly.

Belongs here: a projection of the ledger's records of stages, made anew from them at any time. Not here: what is in force now, or
which basis is stale (orchestration/staleness.py).

Many studies share few bases, so each is kept once. A hundred thousand studies are judged by judging some dozens of bases
and one look-up by index.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cardio_dagster.audit_contents import ConfigChanged, StagePassed
from cardio_dagster.audit_record import Kind
from cardio_dagster.stores.database import create_tables, metadata, reading
from cardio_dagster.stores.ledger import tables as ledger_tables

Parts = dict[
    str, str
]  # "stage/report" -> "4", "code/ecg" -> "12", "models/ecg" -> hashes, "parameter/score2_region" -> "low"

DECIDING = ("score2_region", "evidence.sha256")  # settings that decide what a report says; limits and places do not
_PAGE = 500
_ledger, _contents = ledger_tables.ledger, ledger_tables.contents

bases = sa.Table(
    "bases", metadata, sa.Column("basis", sa.String(64), primary_key=True), sa.Column("parts", sa.Text, nullable=False)
)
study_bases = sa.Table(
    "study_bases",
    metadata,
    sa.Column("study_id", sa.String(64), primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("basis", sa.String(64), nullable=False, index=True),
    sa.Column("seq", sa.BigInteger, nullable=False),  # of the ledger's record of the closing
)


class BasisStore:
    """The bases of one database."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        create_tables(engine)

    def refresh(self) -> int:
        """Read every closing that the ledger recorded since the last call; return how many. The first call reads all.

        A closing whose stages were purged has no basis and is left out.
        """
        count, known = 0, self._configurations()
        with reading(self._engine) as connection:
            done = connection.execute(sa.select(sa.func.max(study_bases.c.seq))).scalar() or 0
        while page := self._closings(done):
            with self._engine.begin() as connection:
                _keep(connection, self._judged(connection, page, known))
            done, count = page[-1].seq, count + len(page)
        return count

    def all(self) -> dict[str, Parts]:
        """Return every basis by its hash."""
        with reading(self._engine) as connection:
            return {
                row.basis: msgspec.json.decode(row.parts, type=Parts) for row in connection.execute(sa.select(bases))
            }

    def mark(self, study_id: str, revision: int, parts: Parts) -> None:
        """Note that a report was made anew with `parts`, whether or not it took the place of the one that stands.

        Nothing is noted of one without a basis: it was purged meanwhile.
        """
        mine = (study_bases.c.study_id == study_id) & (study_bases.c.revision == revision)
        with self._engine.begin() as connection:
            seq = connection.execute(sa.select(study_bases.c.seq).where(mine)).scalar_one_or_none()
            _keep(connection, [(study_id, revision, seq, parts)] if seq is not None else [])

    def _closings(self, after_seq: int) -> list[Any]:
        """Return closings by the pipeline: what people decided later rests on the same stages."""
        column = _ledger.c
        query = sa.select(column.seq, column.study_id, column.revision).where(
            column.kind == Kind.REPORT_CLOSED.value, column.seq > after_seq, column.key.like("closed:%")
        )
        with reading(self._engine) as connection:
            return list(connection.execute(query.order_by(column.seq).limit(_PAGE)))

    def _configurations(self) -> dict[str, Parts]:
        """Return the parameters of every configuration that ever was in force."""
        query = sa.select(_contents.c.content).join(_ledger, _ledger.c.seq == _contents.c.seq)
        with reading(self._engine) as connection:
            rows = connection.execute(query.where(_ledger.c.kind == Kind.CONFIG_CHANGED.value)).scalars().all()
        told = [msgspec.json.decode(content, type=ConfigChanged) for content in rows]
        return {config.sha256: parameters(config.values) for config in told}

    def _judged(
        self, connection: sa.Connection, page: list[Any], known: dict[str, Parts]
    ) -> list[tuple[str, int, int, Parts]]:
        passed = _stages(connection, {row.study_id for row in page})
        found = []
        for row in page:
            mine = [stage for seq, stage in passed.get((row.study_id, row.revision), ()) if seq < row.seq]
            found += [(row.study_id, row.revision, row.seq, parts_of(mine, known))] if mine else []
        return found


def parameters(values: Mapping[str, str]) -> Parts:
    """Return the parts of a basis that settings decide."""
    return {f"parameter/{name}": values[name] for name in DECIDING if name in values}


def parts_of(passed: Iterable[StagePassed], configurations: Mapping[str, Parts]) -> Parts:
    """Return what a study was made with: of each stage and each modality the last that it passed, in the order given.

    The version of a stage that fans out is its own alone; those of the modalities stand beside it, so that a study of an ECG
    is not stale when the echo changes. A configuration that is not known gives no part.
    """
    parts: Parts = {}
    for stage in passed:
        parts[f"stage/{stage.stage}"] = stage.code_version.split(" ")[0]
        parts |= configurations.get(stage.config_sha256, {})
        for modality in stage.modalities:
            if modality.code_version is not None and modality.models is not None:
                parts[f"code/{modality.modality}"] = modality.code_version
                parts[f"models/{modality.modality}"] = modality.models
    return parts


def _stages(connection: sa.Connection, study_ids: set[str]) -> dict[tuple[str, int], list[tuple[int, StagePassed]]]:
    column = _ledger.c
    query = sa.select(column.seq, column.study_id, column.revision, _contents.c.content).join(
        _contents, column.seq == _contents.c.seq
    )
    mine = column.study_id.in_(sorted(study_ids)) & (column.kind == Kind.STAGE_PASSED.value)
    found: dict[tuple[str, int], list[tuple[int, StagePassed]]] = {}
    for row in connection.execute(query.where(mine).order_by(column.seq)):
        stage = msgspec.json.decode(row.content, type=StagePassed)
        found.setdefault((row.study_id, row.revision), []).append((row.seq, stage))
    return found


def _keep(connection: sa.Connection, found: list[tuple[str, int, int, Parts]]) -> None:
    if not found:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    texts = {_hash(parts): _text(parts) for *_, parts in found}
    shared = [{"basis": basis, "parts": text} for basis, text in sorted(texts.items())]
    connection.execute(insert(bases).on_conflict_do_nothing(), shared)
    latest = {(s, r): {"study_id": s, "revision": r, "basis": _hash(p), "seq": seq} for s, r, seq, p in found}
    adding = insert(study_bases)
    changed = {"basis": adding.excluded.basis, "seq": adding.excluded.seq}
    connection.execute(
        adding.on_conflict_do_update(index_elements=["study_id", "revision"], set_=changed), list(latest.values())
    )


def _text(parts: Parts) -> str:
    return msgspec.json.encode(parts, order="sorted").decode()


def _hash(parts: Parts) -> str:
    return hashlib.sha256(_text(parts).encode()).hexdigest()
