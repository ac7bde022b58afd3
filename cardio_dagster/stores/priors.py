"""Priors: which studies are of one patient, and what their released reports measured.

Belongs here: the link from a study to its patient's key, and reading earlier values by it. Not
here: making the key (intake/) or judging a change (evidence/trend.py).

The key is a keyed hash of the patient's identifier, made by intake with the site's key; the identifier itself
is never kept. The link has a table of its own: an existing database gains it without a change to
its other tables, and deleting a patient's rows makes the studies strangers to each other again.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cardio_dagster.stores.database import metadata, reading
from cardio_dagster.stores.results import findings, measurements
from cardio_dagster.stores.review_queries import standing_reports
from cardio_dagster.stores.study_tables import revisions

RHYTHM = "rhythm"
# name -> the only modality whose value is compared: an ejection fraction typed into metadata is another method
COMPARED: dict[str, str] = {"lvef_pct": "echo", "qtc_fridericia_ms": "ecg", "heart_rate_bpm": "ecg"}
RHYTHM_CODES: tuple[str, ...] = (
    "ECG_SINUS",
    "ECG_AFIB",
    "ECG_AFLUTTER",
    "ECG_PACED",
    "ECG_CHAOTIC",
    "ECG_RHYTHM_OTHER",
    "ECG_RHYTHM_UNKNOWN",
)

patients = sa.Table(
    "study_patients",
    metadata,
    sa.Column("study_id", sa.String(64), sa.ForeignKey("studies.study_id"), primary_key=True),
    sa.Column("patient_key", sa.String(64), nullable=False),  # pseudonym of the patient's identifier
)
sa.Index("ix_study_patients_key", patients.c.patient_key)


@dataclass(frozen=True, slots=True)
class PriorValue:
    """One value of an earlier study of the same patient: a number in `value`, or a rhythm's finding code in `text`."""

    study_id: str
    received_at: str  # ISO 8601, UTC; of the released revision
    name: str
    value: float | None
    text: str | None = None


class PriorStore:
    """The earlier studies of the patient of a study, in one database; make the tables first with `create_tables(engine)`."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def link(self, study_id: str, patient_key: str) -> None:
        """Note whose study it is; the newest word counts. The study must be registered."""
        mine = patients.c.study_id == study_id
        with self._engine.begin() as connection:
            connection.execute(sa.delete(patients).where(mine))
            connection.execute(sa.insert(patients), {"study_id": study_id, "patient_key": patient_key})

    def is_linked(self, study_id: str) -> bool:
        """Return whether it is known whose study it is; without that it has no priors."""
        query = sa.select(patients.c.study_id).where(patients.c.study_id == study_id)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None

    def unlink(self, patient_key: str) -> int:
        """Forget which studies are of one patient; return how many there were."""
        with self._engine.begin() as connection:
            return connection.execute(sa.delete(patients).where(patients.c.patient_key == patient_key)).rowcount

    def before(self, study_id: str, received_at: str, *, limit: int = 20) -> tuple[PriorValue, ...]:
        """Return what the newest `limit` earlier studies of the same patient measured, the oldest first.

        Of each study the newest released revision counts; held reports and error responses never do.
        Of several recordings the one with the highest confidence gives the value, then the first of the study.
        Empty if it is not known whose study it is. The cost does not grow with the other patients' studies.
        """
        values = {"study_id": study_id, "received_at": received_at, "limit": limit}
        with reading(self._engine) as connection:
            numbers = connection.execute(_NUMBERS, values).all()
            rhythms = connection.execute(_RHYTHMS, values).all()
        found = {(row.study_id, row.name): PriorValue(*row[:4]) for row in reversed(numbers)}  # the best comes last
        named = [PriorValue(row.study_id, row.received_at, RHYTHM, None, row.code) for row in rhythms]
        return tuple(sorted((*found.values(), *dict.fromkeys(named)), key=_by_time))


def _by_time(prior: PriorValue) -> tuple[str, str, str, int]:
    place = RHYTHM_CODES.index(prior.text) if prior.text else 0
    return prior.received_at, prior.study_id, prior.name, place


def _earlier() -> sa.CTE:
    """Build the query for id, revision and time of the newest earlier studies of the same patient."""
    mine, same = patients.alias(), patients.alias()
    standing = standing_reports()  # as a person decided, where one did: a report released after review is one
    newest = sa.func.max(standing.c.revision).label("revision")
    released = (
        sa.select(standing.c.study_id, newest)
        .join(same, same.c.study_id == standing.c.study_id)
        .join(mine, mine.c.patient_key == same.c.patient_key)
        .where(mine.c.study_id == sa.bindparam("study_id"), same.c.study_id != mine.c.study_id)
        .where(standing.c.status == "released")
        .group_by(standing.c.study_id)
        .subquery()
    )
    is_it = (revisions.c.study_id == released.c.study_id) & (revisions.c.revision == released.c.revision)
    return (
        sa.select(released.c.study_id, released.c.revision, revisions.c.received_at)
        .join(revisions, is_it)
        .where(revisions.c.received_at < sa.bindparam("received_at"))
        .order_by(revisions.c.received_at.desc(), released.c.study_id)
        .limit(sa.bindparam("limit", type_=sa.Integer))
        .cte("earlier")
    )


def _of(table: sa.Table, earlier: sa.CTE, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    own = (table.c.study_id == earlier.c.study_id) & (table.c.revision == earlier.c.revision)
    return sa.select(earlier.c.study_id, earlier.c.received_at, *columns).select_from(earlier).join(table, own)


def _numbers() -> sa.Select[Any]:
    m, earlier = measurements, _earlier()
    wanted = sa.or_(*((m.c.name == name) & (m.c.modality == modality) for name, modality in COMPARED.items()))
    best_first = (sa.func.coalesce(m.c.confidence, 0.0).desc(), m.c.position)
    return _of(m, earlier, m.c.name, m.c.value).where(wanted, m.c.value.is_not(None)).order_by(*best_first)


def _rhythms() -> sa.Select[Any]:
    return _of(findings, _earlier(), findings.c.code).where(findings.c.code.in_(RHYTHM_CODES))


_NUMBERS, _RHYTHMS = _numbers(), _rhythms()  # built once: building costs more than running
