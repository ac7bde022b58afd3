"""Jobs: one delivery through a door of the gateway, and the study that it became.

Belongs here: the table, and giving every repeated request the job of the first. Not here: how far a study is
(gateway/jobs.py) or bringing files in (gateway/landing.py).

A job knows the pseudonym of the name that its files were dropped under (`source`) and where the ledger ended at that
moment (`ledger_seq`): whatever intake records of that source later is the fate of this job.
"""

import secrets
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from cardio_dagster.stores.database import metadata, reading

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("job_id", sa.String(40), primary_key=True),
    sa.Column("owner", sa.String(64), nullable=False),
    sa.Column("door", sa.String(16), nullable=False),  # http, dicom, stow
    sa.Column("source", sa.String(64), nullable=False, index=True),
    sa.Column("ledger_seq", sa.BigInteger, nullable=False),
    sa.Column("received_at", sa.String(40), nullable=False),
    sa.Column("priority", sa.String(16)),
    sa.Column("files", sa.Integer, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),  # over the bytes delivered, never over names
    sa.Column("request_key", sa.String(64)),  # SHA-256 of the Idempotency-Key
    sa.Column("fate", sa.String(16)),
    sa.Column("study_id", sa.String(64), index=True),
    sa.Column("revision", sa.Integer),
    sa.Column("codes", sa.Text, nullable=False, default="[]"),  # JSON
    sa.UniqueConstraint("owner", "request_key"),
)


@dataclass(frozen=True, slots=True)
class Job:
    """One delivery. `fate` to `codes` are what intake made of it: None and empty while it has not taken it.

    `owner` is the name of the key (or `ae:<title>`) that sent it. `codes` are problems of what was refused.
    """

    job_id: str
    owner: str
    door: str
    source: str
    ledger_seq: int
    received_at: str
    priority: str | None
    files: int
    size_bytes: int
    digest: str
    request_key: str | None = None
    fate: str | None = None
    study_id: str | None = None
    revision: int | None = None
    codes: tuple[str, ...] = ()


def new_job_id() -> str:
    """Return a random id of 128 bits, which nobody guesses and which says nothing."""
    return f"j-{secrets.token_hex(16)}"


class JobStore:
    """The jobs of one database; make the tables first with `create_tables(engine)`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, job: Job) -> Job:
        """Enter a job and return it; where its owner used its request key before, return that earlier job instead."""
        try:
            with self._engine.begin() as connection:
                connection.execute(jobs.insert().values(_values(job)))
        except sa.exc.IntegrityError:
            earlier = self.requested(job.owner, job.request_key)
            if earlier is None:
                raise
            return earlier
        return job

    def get(self, job_id: str) -> Job | None:
        """Return a job; None if there is none."""
        return self._one(jobs.c.job_id == job_id)

    def requested(self, owner: str, request_key: str | None) -> Job | None:
        """Return the job that an owner's request key made; None if there is none."""
        if request_key is None:
            return None
        return self._one((jobs.c.owner == owner) & (jobs.c.request_key == request_key))

    def settle(
        self, job: Job, *, fate: str, study_id: str | None, revision: int | None, codes: tuple[str, ...] = ()
    ) -> Job:
        """Note what intake made of a job, once; return the job as it stands then."""
        known = {"fate": fate, "study_id": study_id, "revision": revision}
        open_one = jobs.update().where(jobs.c.job_id == job.job_id, jobs.c.fate.is_(None))
        with self._engine.begin() as connection:
            connection.execute(open_one.values(**known, codes=msgspec.json.encode(codes).decode()))
        return self.get(job.job_id) or replace(job, fate=fate, study_id=study_id, revision=revision, codes=codes)

    def forget(self, job: Job) -> None:
        """Remove a job whose files never reached the landing zone."""
        with self._engine.begin() as connection:
            connection.execute(jobs.delete().where(jobs.c.job_id == job.job_id, jobs.c.fate.is_(None)))

    def _one(self, condition: sa.ColumnElement[bool]) -> Job | None:
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(jobs).where(condition)).one_or_none()
        return None if row is None else _job(row)


def _values(job: Job) -> dict[str, Any]:
    return {**msgspec.to_builtins(job), "codes": msgspec.json.encode(job.codes).decode()}


def _job(row: sa.Row[Any]) -> Job:
    values = {str(name): value for name, value in row._mapping.items()}
    return Job(**{**values, "codes": tuple(msgspec.json.decode(values["codes"]))})
