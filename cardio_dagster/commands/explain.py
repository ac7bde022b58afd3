"""`cardio explain STUDY`: why each stage ran or did not, and what the study waits for.

Belongs here: arguments, output and exit codes. Not here: the reasons (audit/explain/).
"""

from cardio_dagster.commands.lineage import print_json, refused, terminal
from cardio_dagster.errors import CardioError
from cardio_dagster.settings import Settings


def explain_study(study_id: str, chosen: Settings, *, revision: int | None = None, as_json: bool = False) -> int:
    """Print why each stage of a study ran or did not; return the exit code: 0, or 2 for a study that is not known."""
    from cardio_dagster.audit.explain.explanation import explain
    from cardio_dagster.audit.explain.terminal import show_explanation
    from cardio_dagster.audit.lineage.archive import open_archive

    try:
        explained = explain(open_archive(chosen), study_id, revision, max_attempts=chosen.max_attempts)
    except CardioError as error:
        return refused(error)
    if as_json:
        print_json(explained)
    else:
        show_explanation(explained, terminal())
    return 0
