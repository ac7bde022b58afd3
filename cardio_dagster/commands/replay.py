"""`cardio replay STUDY`: the report made again from its recorded inputs, and compared.

Belongs here: arguments, output and exit codes. Not here: the replay (audit/replay/).
"""

from cardio_dagster.commands.lineage import print_json, refused, terminal
from cardio_dagster.errors import CardioError
from cardio_dagster.settings import Settings

IDENTICAL_EXIT, DIFFERENT_EXIT, NOT_COMPARABLE_EXIT, NOTHING_EXIT = 0, 2, 3, 4


def replay_study(study_id: str, chosen: Settings, *, revision: int | None = None, as_json: bool = False) -> int:
    """Replay a study and print what came of it; return the exit code.

    0 identical; 2 different, with the first place of each file; 3 cannot be compared, with what changed since; 4 there
    is nothing to compare with: no such study or revision, or no report, and the message says what to do.
    """
    from cardio_dagster.audit.lineage.archive import open_archive
    from cardio_dagster.audit.replay.parts import Verdict
    from cardio_dagster.audit.replay.rebuild import replay
    from cardio_dagster.audit.replay.terminal import show_replay
    from cardio_dagster.commands.process import desk_of, options_of

    try:
        options = options_of(chosen, threads=chosen.threads)
        replayed = replay(open_archive(chosen), study_id, revision, options, desk_of(chosen))
    except CardioError as error:
        refused(error)
        return NOTHING_EXIT
    if as_json:
        print_json(replayed)
    else:
        show_replay(replayed, terminal())
    exits = {Verdict.IDENTICAL: IDENTICAL_EXIT, Verdict.DIFFERENT: DIFFERENT_EXIT}
    return exits.get(replayed.verdict, NOT_COMPARABLE_EXIT)
