"""Rule: the code, grade and words of one check, and the one way to make its finding.

Belongs here: what every check shares when it speaks. Not here: any limit or medical knowledge.
"""

from dataclasses import dataclass

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.fusion.indexed import FUSION


@dataclass(frozen=True, slots=True)
class Rule:
    """One check in words: `words` state the limit, `source` the work that it comes from."""

    code: str
    grade: Grade
    words: str
    source: str

    def finding(self, text: str, measurements: tuple[str, ...], evidence: str | None = None) -> Finding:
        """Return the finding of this rule; names that occur twice are listed once."""
        names = tuple(dict.fromkeys(measurements))
        return Finding(
            self.code, text, self.grade, f"{self.words}; {self.source}", names, modality=FUSION, evidence=evidence
        )
