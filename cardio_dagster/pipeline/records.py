"""From a dossier to the rows that the result store keeps."""

from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.stores.results import StudyResults


def study_results(dossier: Dossier) -> StudyResults:
    """Return the rows of one revision of one study, in a fixed order."""
    return StudyResults(
        study_id=dossier.study.study_id,
        revision=dossier.study.revision,
        measurements=[(a.modality, m) for a in dossier.analyses for m in a.measurements],
        findings=[f for a in dossier.analyses for f in a.findings] + list(dossier.fusion_findings),
        scores=dossier.scores,
        verdicts=dossier.verdicts,
        problems=dossier.problems,
    )
