"""Standing: whether a report may be relied on, in the words of its banner.

Belongs here: reading the release status. Not here: deciding it (pipeline/) or drawing the banner.
"""

from dataclasses import dataclass

from cardio_dagster.reporting.parts import Report

REJECTED = "Rejected, not for use"
_STARTS = (
    ("rejected", "rejected", REJECTED),
    ("released after review", "released", "Released after review"),
    ("released", "released", "Released"),
    ("held", "held", "Held for review, not released"),
    ("error response", "failed", "Error response, no result"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """The release state: `kind` is released, held, failed, rejected or pending; `reasons` are sentences, as they were given."""

    kind: str
    word: str
    reasons: tuple[str, ...]

    @property
    def warns(self) -> bool:
        """Whether each page must say that this is no released report."""
        return self.kind != "released"


def standing(report: Report) -> Standing:
    """Return where the report stands: a study in ERROR failed, unless a person rejected it; unknown words are pending.

    The reasons are what follows the first colon of the status, parted at semicolons.
    """
    _, _, told = report.release_status.partition(": ")
    reasons = tuple(reason for reason in (part.strip() for part in told.split("; ")) if reason)
    if report.error is not None and not report.release_status.startswith("rejected"):
        return Standing("failed", f"Error at {report.error.state_reached}, no released result", reasons)
    for start, kind, word in _STARTS:
        if report.release_status.startswith(start):
            return Standing(kind, word, reasons)
    return Standing("pending", "Not released", reasons or (report.release_status,))
