"""`cardio review`: held reports and error responses, and what a person decides on them.

Belongs here: arguments and exit codes. Not here: any work (commands/review.py, review/).
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from cardio_dagster.stores.review_words import Choice

app = typer.Typer(help="Decide on held reports.", no_args_is_help=True)

StudyId = Annotated[str, typer.Argument(metavar="STUDY", help="The study's id.")]
Seen = Annotated[str, typer.Option("--seen", help="The token that `cardio review show` prints: what you looked at.")]
Role = Annotated[str, typer.Option("--role", help="In which role you decide: reader, senior_reader, head or admin.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the report. No patient's name or number.")]
By = Annotated[str | None, typer.Option("--by", help="Your name or login. Default: the login of this machine.")]
Force = Annotated[bool, typer.Option("--force", help="Keep a text although it looks as if it named a patient.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


@app.command("list")
def waiting(as_json: AsJson = False) -> None:
    """List the reports that wait for a person, the most urgent and oldest first."""
    from cardio_dagster.commands.review import review_list

    raise typer.Exit(review_list(as_json=as_json))


@app.command()
def show(study: StudyId, as_json: AsJson = False) -> None:
    """Show why a report waits, its key numbers and its sentences with their ids."""
    from cardio_dagster.commands.review import review_show

    raise typer.Exit(review_show(study, as_json=as_json))


@app.command()
def accept(study: StudyId, *, seen: Seen, role: Role, reason: Reason, by: By = None, force: Force = False) -> None:
    """Release a held report as it is."""
    from cardio_dagster.stores.review_words import Choice

    _decide(study, Choice.ACCEPT, seen=seen, role=role, reason=reason, by=by, force=force)


@app.command()
def reject(study: StudyId, *, seen: Seen, role: Role, reason: Reason, by: By = None, force: Force = False) -> None:
    """Mark a report as not for use."""
    from cardio_dagster.stores.review_words import Choice

    _decide(study, Choice.REJECT, seen=seen, role=role, reason=reason, by=by, force=force)


@app.command()
def amend(
    study: StudyId,
    *,
    seen: Seen,
    role: Role,
    reason: Reason,
    by: By = None,
    withdraw: Annotated[list[str] | None, typer.Option("--withdraw", help="A sentence to withdraw, as s03.")] = None,
    replace: Annotated[
        list[str] | None, typer.Option("--replace", help="A sentence in new words, as s03=TEXT.")
    ] = None,
    add: Annotated[list[str] | None, typer.Option("--add", help="A sentence to add, as TEXT or echo=TEXT.")] = None,
    grade: Annotated[
        list[str] | None, typer.Option("--grade", help="Its grade: s03=abnormal; added ones are a01, a02, ...")
    ] = None,
    force: Force = False,
) -> None:
    """Change sentences of a report and release it; the original stays."""
    from cardio_dagster.stores.review_words import Choice

    changes = {"withdraw": withdraw or (), "replace": replace or (), "add": add or (), "grade": grade or ()}
    _decide(study, Choice.AMEND, seen=seen, role=role, reason=reason, by=by, force=force, **changes)


def _decide(study: str, choice: "Choice", **given: Any) -> None:
    from cardio_dagster.commands.review import review_decide

    raise typer.Exit(review_decide(study, choice, **given))
