"""Fusion, Feature, Missing, Coverage: what the modalities say together.

Belongs here: the dataclasses that scoring and the report read. Not here: how one source is
chosen (select.py) or compared with another (consistency.py).
"""

from dataclasses import dataclass
from enum import StrEnum

from cardio_dagster.finding import Analysis, Finding


class Coverage(StrEnum):
    """Which of the two signal modalities yielded something; metadata is told by `Fusion.has_clinical`.

    | ecg | echo | clinical | coverage |
    |---|---|---|---|
    | yes | yes | any | FULL |
    | yes | no | any | ECG_ONLY |
    | no | yes | any | ECHO_ONLY |
    | no | no | yes | CLINICAL_ONLY |
    | no | no | no | NONE |

    FULL means both signals: metadata is optional in a study, and saying FULL_WITHOUT_CLINICAL
    would multiply the names without saying more than `has_clinical`. A further modality (PCG,
    CMR) does not change the coverage; it stands in `Fusion.modalities`.
    """

    FULL = "FULL"
    ECG_ONLY = "ECG_ONLY"
    ECHO_ONLY = "ECHO_ONLY"
    CLINICAL_ONLY = "CLINICAL_ONLY"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Feature:
    """One name, one value, one source.

    A number has `value`; a text has `text`; a yes/no has both (1.0 and "yes", 0.0 and "no").
    Both are None, with `reason`, where no source has it. `rule` says why this source was taken.
    """

    name: str
    value: float | None
    text: str | None
    unit: str
    source: str  # modality
    recording_id: str | None
    reason: str | None = None
    rule: str = ""

    @property
    def known(self) -> bool:
        """Return whether there is a value or a text."""
        return self.value is not None or self.text is not None

    @property
    def origin(self) -> str:
        """Return where it comes from: "echo r03", or "site" and "fusion" where no recording is behind it."""
        return f"{self.source} {self.recording_id}" if self.recording_id else self.source


@dataclass(frozen=True, slots=True)
class Missing:
    """A modality that is absent or failed, and what that does to the results."""

    name: str
    why: str
    effect: str


@dataclass(frozen=True, slots=True)
class Fusion:
    """All that is known of the study: one feature per name, every finding, every contradiction.

    `consistency` are contradictions, and hold the report; `relations` are notes in which one modality explains or
    qualifies another, and do not. `indexed` are the measurements that no recording yields alone: volumes by body surface area.
    """

    coverage: Coverage
    has_clinical: bool
    modalities: tuple[str, ...]
    failed: tuple[str, ...]
    features: tuple[Feature, ...]
    findings: tuple[Finding, ...]
    consistency: tuple[Finding, ...]
    missing: tuple[Missing, ...]
    indexed: tuple[Analysis, ...] = ()
    relations: tuple[Finding, ...] = ()

    def get(self, name: str) -> Feature | None:
        """Return the feature of that name; None if no modality spoke of it."""
        return next((f for f in self.features if f.name == name), None)

    def found(self, *codes: str) -> Finding | None:
        """Return the first finding with one of the codes; None if there is none."""
        return next((f for f in self.findings if f.code in codes), None)
