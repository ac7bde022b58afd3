"""Seen: what the result tables hold of the studies decided in a span of time, one row a study.

Belongs here: the queries. Not here: comparing (shifts.py). A study counts once, with the newest revision decided in the span and
the median over its recordings, so that a study of twenty clips weighs no more than one of one. Studies of the priority
`backfill` are left out: an archive that is worked off is no change in what the hospital sends.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

import msgspec
import sqlalchemy as sa

from cardio_dagster.evaluation.drift.features import (
    COVERAGE,
    FINDING,
    FORMATS,
    GATE,
    HELD,
    MEASURED,
    MODALITIES,
    SIZE,
    STATUS,
    VALUE,
)
from cardio_dagster.finding import Grade
from cardio_dagster.stores.database import reading
from cardio_dagster.stores.results import findings, measurements, releases, verdicts
from cardio_dagster.stores.study_tables import revisions
from cardio_dagster.study import Priority, Recording


@dataclass(slots=True)
class Seen:
    """One study: numbers, words and yes-or-no by the name of the feature. What is not there was not measured."""

    decided_at: str
    numbers: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    marks: set[str] = field(default_factory=set)
    units: dict[str, str] = field(default_factory=dict)

    @property
    def is_held(self) -> bool:
        """Return whether the report was held for review."""
        return HELD in self.marks


def seen_between(engine: sa.Engine, since: str, until: str) -> tuple[Seen, ...]:
    """Return the studies decided from `since` up to, not including, `until` (ISO 8601, UTC), by time and pseudonym."""
    span = (releases.c.released_at >= since) & (releases.c.released_at < until)
    studies: dict[str, Seen] = {}
    with reading(engine) as connection:
        newest = {row.study_id: row.revision for row in connection.execute(_newest(span))}
        for row in connection.execute(_decided(span)).mappings():
            if newest[row["study_id"]] == row["revision"]:
                studies[row["study_id"]] = _study(dict(row))
        for query in _rows(span):
            _fill(studies, newest, connection.execute(query))
    return tuple(one for _, one in sorted(studies.items(), key=lambda item: (item[1].decided_at, item[0])))


def _newest(span: sa.ColumnElement[bool]) -> sa.Select[tuple[str, int]]:
    newest = sa.func.max(releases.c.revision).label("revision")
    return sa.select(releases.c.study_id, newest).where(span).group_by(releases.c.study_id)


def _decided(span: sa.ColumnElement[bool]) -> sa.Select[tuple[object, ...]]:
    same = (revisions.c.study_id == releases.c.study_id) & (revisions.c.revision == releases.c.revision)
    wanted = (releases.c.study_id, releases.c.revision, releases.c.status, releases.c.coverage, releases.c.released_at)
    query = sa.select(*wanted, revisions.c.recordings).join(revisions, same)
    return query.where(span, revisions.c.priority != Priority.BACKFILL.value)


def _study(row: dict[str, str]) -> Seen:
    recordings = msgspec.json.decode(row["recordings"], type=tuple[Recording, ...])
    size_mb = sum(r.size_bytes for r in recordings) / 1e6
    words = {
        COVERAGE: row["coverage"],
        STATUS: row["status"],
        FORMATS: " + ".join(sorted({r.format or "unknown" for r in recordings})) or "none",
        MODALITIES: " + ".join(sorted({r.modality or "unknown" for r in recordings})) or "none",
    }
    return Seen(row["released_at"], {SIZE: size_mb}, words, {HELD} if row["status"] == "held" else set())


def _rows(span: sa.ColumnElement[bool]) -> Iterator[sa.Select[tuple[object, ...]]]:
    """Yield a query a result table: study, revision, feature, value (None for a finding) and unit."""
    no_value, no_unit = sa.cast(sa.null(), sa.Float), sa.literal("")
    m, v, f = measurements.c, verdicts.c, findings.c
    columns = (
        (measurements, sa.literal(VALUE) + m.name, m.value, m.unit, m.name.in_(MEASURED) & m.value.is_not(None)),
        (verdicts, sa.literal(GATE) + v.gate, v.value, v.unit, v.value.is_not(None)),
        (findings, sa.literal(FINDING) + f.code, no_value, no_unit, f.grade != Grade.NORMAL.value),
    )
    for table, name, value, unit, wanted in columns:
        same = (table.c.study_id == releases.c.study_id) & (table.c.revision == releases.c.revision)
        yield sa.select(table.c.study_id, table.c.revision, name, value, unit).join(releases, same).where(span, wanted)


def _fill(studies: dict[str, Seen], newest: dict[str, int], rows: sa.CursorResult[tuple[object, ...]]) -> None:
    """Put the values of one table into their studies, the median of several."""
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for study_id, revision, name, value, unit in rows.tuples():
        study = studies.get(str(study_id))
        if study is None or newest[str(study_id)] != revision:
            continue
        if value is None:
            study.marks.add(str(name))
        else:
            values[str(study_id), str(name)].append(float(str(value)))
            study.units[str(name)] = str(unit)
    for (study_id, name), several in values.items():
        studies[study_id].numbers[name] = median(several)
