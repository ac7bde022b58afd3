"""Answers: a job as it is told over HTTP.

Belongs here: the model and its making. Not here: finding out how far a job is (progress.py).
"""

from pydantic import BaseModel, Field, JsonValue

from cardio_dagster.gateway.progress import DUPLICATE, Course, JobState, Progress
from cardio_dagster.stores.jobs import Job

EXAMPLE: dict[str, JsonValue] = {
    "job_id": "j-5f0c7a2f9d3e4b6a8c1d2e3f4a5b6c7d",
    "state": "running",
    "stage": "ANALYSIS",
    "progress_pct": 55,
    "message": "detection done, ANALYSIS under way",
    "queue_ahead": None,
    "priority": "urgent",
    "received_at": "2026-11-22T13:42:00.123+00:00",
    "files": 2,
    "size_bytes": 1048576,
    "study_id": "s-3fa9c2d1e0b4",
    "revision": 1,
    "is_duplicate": False,
    "reasons": [],
    "links": {
        "self": "/jobs/j-5f0c7a2f9d3e4b6a8c1d2e3f4a5b6c7d",
        "result": "/jobs/j-5f0c7a2f9d3e4b6a8c1d2e3f4a5b6c7d/result",
        "events": "/jobs/j-5f0c7a2f9d3e4b6a8c1d2e3f4a5b6c7d/events",
    },
}


class JobAnswer(BaseModel):
    """One delivery and how far it is."""

    job_id: str = Field(pattern=r"^j-[0-9a-f]{32}$")
    state: JobState
    stage: str | None = Field(description="The state of the pipeline that is worked on; null unless running.")
    progress_pct: int = Field(ge=0, le=100)
    message: str
    queue_ahead: int | None = Field(ge=0, description="Open studies before this one; null unless it waits.")
    priority: str | None = Field(description="As sent; null where the sender left it open, which is routine.")
    received_at: str = Field(description="ISO 8601, UTC.")
    files: int = Field(ge=0)
    size_bytes: int = Field(ge=0)
    study_id: str | None = Field(description="The pseudonym of the study; null until intake registered it.")
    revision: int | None = Field(description="Of the study: 1, or more where files came later under its name.")
    is_duplicate: bool = Field(description="The same content was held before; study_id is that study.")
    reasons: list[str] = Field(description="Why it is held, rejected or set aside.")
    links: dict[str, str] = Field(description="Addresses of this job: self, result, events.")


def answer(course: Course, moment: Progress | None = None) -> JobAnswer:
    """Return a job as it stands, or as it stood at an earlier moment."""
    job, at = course.job, moment or course.now
    return JobAnswer(
        job_id=job.job_id,
        state=at.state,
        stage=at.stage,
        progress_pct=at.percent,
        message=at.message,
        queue_ahead=at.ahead,
        priority=job.priority,
        received_at=job.received_at,
        files=job.files,
        size_bytes=job.size_bytes,
        study_id=job.study_id,
        revision=job.revision,
        is_duplicate=job.fate == DUPLICATE,
        reasons=list(at.reasons),
        links=links_of(job),
    )


def links_of(job: Job) -> dict[str, str]:
    """Return the addresses of a job, relative to the gateway's root."""
    own = f"/jobs/{job.job_id}"
    return {"self": own, "result": f"{own}/result", "events": f"{own}/events"}
