"""`cardio lineage`, `cardio explain`, `cardio replay`: where a report comes from.

Belongs here: arguments and exit codes. Not here: any work (commands/, audit/).
"""

from typing import Annotated

import typer

StudyId = Annotated[str, typer.Argument(metavar="STUDY", help="The study's id, as its report and its folder name it.")]
Revision = Annotated[
    int | None, typer.Option("--revision", min=1, max=1_000_000, help="Default: the newest that was decided.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")]


def lineage(
    study: StudyId,
    revision: Revision = None,
    sentence: Annotated[str | None, typer.Option("--sentence", help="Only this sentence, as s03.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say which files, code, models, settings and people made each sentence of a report. Exit 1 where a hash does not match."""
    from cardio_dagster.commands.lineage import tell_lineage
    from cardio_dagster.settings import settings

    raise typer.Exit(tell_lineage(study, settings(), revision=revision, sentence=sentence, as_json=as_json))


def explain(study: StudyId, revision: Revision = None, as_json: AsJson = False) -> None:
    """Say why each stage of a study ran or did not, and what the study waits for."""
    from cardio_dagster.commands.explain import explain_study
    from cardio_dagster.settings import settings

    raise typer.Exit(explain_study(study, settings(), revision=revision, as_json=as_json))


def replay(study: StudyId, revision: Revision = None, as_json: AsJson = False) -> None:
    """Make a report again from its recorded inputs and compare every byte. Exit 0 the same, 2 another, 3 not comparable, 4 none."""
    from cardio_dagster.commands.replay import replay_study
    from cardio_dagster.settings import settings

    raise typer.Exit(replay_study(study, settings(), revision=revision, as_json=as_json))


COMMANDS = (lineage, explain, replay)
