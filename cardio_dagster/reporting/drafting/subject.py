"""Subject: what a sentence may quote: a finding with the measurements of its recording.

Belongs here: collecting the findings of a study with what each rests on. Not here: wording.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cardio_dagster.finding import Analysis, Finding, Measurement

FUSION = "fusion"


class Fused(Protocol):
    """The part of a Fusion that a draft reads; `relations`, where a fusion has them, are read too."""

    @property
    def consistency(self) -> tuple[Finding, ...]:
        """The contradictions between modalities."""

    @property
    def indexed(self) -> tuple[Analysis, ...]:
        """The measurements that no recording yields alone."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A finding with its section, its recording and the measurements it may quote, by name."""

    finding: Finding
    section: str
    recording_id: str | None
    measurements: Mapping[str, Measurement]


def all_analyses(analyses: tuple[Analysis, ...], fusion: Fused | None) -> tuple[Analysis, ...]:
    """Return the analyses with those of the fusion, each once: the caller may have joined them already."""
    joined = list(analyses)
    joined += [a for a in (fusion.indexed if fusion else ()) if a not in joined]
    return tuple(joined)


def subjects(analyses: tuple[Analysis, ...], fusion: Fused | None) -> tuple[Subject, ...]:
    """Return every finding of the study, those of the recordings first; `analyses` are from all_analyses."""
    found = [_of_recording(f, a) for a in analyses for f in a.findings]
    across: tuple[Finding, ...] = (*fusion.consistency, *getattr(fusion, "relations", ())) if fusion else ()
    once = _said_once(analyses)
    found += [Subject(f, FUSION, f.recording_id, once) for f in across]
    return tuple(found)


def recording_of(measurement: Measurement, analysis: Analysis) -> str:
    """Return the recording that a measurement is quoted from."""
    return measurement.recording_id or analysis.recording_id


def _of_recording(finding: Finding, analysis: Analysis) -> Subject:
    by_name = {m.name: m for m in analysis.measurements}
    return Subject(finding, analysis.modality, finding.recording_id or analysis.recording_id, by_name)


def _said_once(analyses: tuple[Analysis, ...]) -> dict[str, Measurement]:
    """Return the measurements whose name only one recording has: across modalities any other name is ambiguous."""
    known = [m for a in analyses for m in a.measurements if m.value is not None and m.recording_id]
    names = [m.name for m in known]
    return {m.name: m for m in known if names.count(m.name) == 1}
