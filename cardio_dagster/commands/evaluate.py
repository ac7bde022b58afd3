"""`cardio evaluate`: measuring what is in force, or a candidate beside it, and promoting the candidate.

Belongs here: opening the stores, measuring, promoting. Not here: any figure (evaluation/), the rule (evaluation/promotion/) or what is
printed (evaluate_layout.py).
"""

import getpass
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from cardio_dagster.audit_record import Actor, ActorKind
from cardio_dagster.commands.evaluate_layout import console, tell_judgement, tell_night
from cardio_dagster.settings import Settings, settings

if TYPE_CHECKING:
    from cardio_dagster.evaluation.measure import Run, Size
    from cardio_dagster.evaluation.promotion.candidate import Candidate
    from cardio_dagster.evaluation.promotion.judging import Judgement
    from cardio_dagster.evaluation.promotion.promoting import Place

OK_EXIT, WORSE_EXIT, ERROR_EXIT = 0, 1, 2


def evaluate(
    *,
    size: str = "nightly",
    candidate: Path | None = None,
    promote: bool = False,
    into: Path | None = None,
    by: str | None = None,
    role: str | None = None,
    as_json: bool = False,
) -> int:
    """Measure what is in force, compare it with the standing run, print it; return the exit code.

    With `candidate` (evaluation/promotion/candidate.py) the candidate is measured on the same cases and judged; with `promote` it is
    put in force in the site's catalogue (CARDIO_MODEL_CATALOGUE, or `into` where none is set) if nothing speaks against it. With
    `promote` alone what is in force, after an update of the software, becomes the standing run under the same rule.

    Returns 0, 1 where something is worse or promotion was refused, 2 where it cannot be measured.
    """
    from cardio_dagster.errors import CardioError
    from cardio_dagster.evaluation.measure import SIZES

    errors = Console(markup=False, stderr=True, highlight=False)
    if size not in SIZES:
        errors.print(Text(f"there is no size {size!r}; use {', '.join(SIZES)}", style="red"))
        return ERROR_EXIT
    try:
        work = _Work(settings(), SIZES[size], Actor(ActorKind.PERSON, by or getpass.getuser(), role))
        if candidate is not None:
            return work.candidate(candidate, into=into, promote=promote)
        return work.accept() if promote else work.look(as_json=as_json)
    except CardioError as error:
        errors.print(Text(str(error), style="red"))
        return ERROR_EXIT


class _Work:
    """One call of the command: where it measures, what it may write."""

    def __init__(self, chosen: Settings, size: "Size", actor: Actor) -> None:
        from cardio_dagster.evaluation.reference import reference_folder

        self.chosen, self.size, self.actor = chosen, size, actor
        self.reference = reference_folder()
        self.evaluations = chosen.store_dir / "evaluation"
        self.night = datetime.now(UTC).date().isoformat()
        self.console = console()

    def look(self, *, as_json: bool) -> int:
        """Print the figures beside the standing ones; nothing is written."""
        import msgspec

        from cardio_dagster.evaluation.night import make_night
        from cardio_dagster.evaluation.standing import read_standing

        standing = read_standing(self.evaluations, self.size.name)
        night = make_night(self.night, self._measure(self.chosen.model_catalogue), standing)
        if as_json:
            sys.stdout.write(msgspec.json.format(msgspec.json.encode(night)).decode() + "\n")
        else:
            tell_night(night, self.console)
        return WORSE_EXIT if night.worse else OK_EXIT

    def candidate(self, path: Path, *, into: Path | None, promote: bool) -> int:
        """Measure a candidate beside what is in force, and promote it if asked and allowed."""
        from cardio_dagster.evaluation.promotion.candidate import read_candidate, stage
        from cardio_dagster.evaluation.promotion.judging import judge

        wanted = read_candidate(path)
        target = self._target(wanted, into) if promote else None
        standing = self._measure(self.chosen.model_catalogue, "in force")
        with tempfile.TemporaryDirectory(prefix="candidate-") as folder:
            staged = stage(wanted, self.chosen.model_catalogue, Path(folder))
            run = self._measure(staged, "candidate", wanted)
        judgement = judge(standing, run)
        tell_judgement(judgement, self.console)
        if target is not None:
            return self._promote(wanted, run, judgement, target)
        return OK_EXIT if judgement.may_be_promoted else WORSE_EXIT

    def accept(self) -> int:
        """Make what is in force the standing run, judged by the same rule."""
        from cardio_dagster.errors import SettingsError
        from cardio_dagster.evaluation.promotion.judging import judge
        from cardio_dagster.evaluation.promotion.promoting import NotPromotableError, accept
        from cardio_dagster.evaluation.standing import read_standing

        standing = read_standing(self.evaluations, self.size.name)
        if standing is None:
            raise SettingsError(f"no run of size {self.size.name} stands yet; the next night's evaluation makes one")
        run = self._measure(self.chosen.model_catalogue)
        judgement = judge(standing.run, run)
        tell_judgement(judgement, self.console)
        try:
            accept(run, judgement, self._place(self.chosen.model_catalogue or Path()), night=self.night)
        except NotPromotableError:
            return WORSE_EXIT
        self.console.print("What is in force stands from now on. This is in the ledger.")
        return OK_EXIT

    def _promote(self, wanted: "Candidate", run: "Run", judgement: "Judgement", target: Path) -> int:
        from cardio_dagster.evaluation.measure import file_of_gate
        from cardio_dagster.evaluation.promotion.promoting import NotPromotableError, promote

        try:
            promote(wanted, run, judgement, self._place(target), night=self.night)
        except NotPromotableError:
            self.console.print("Not promoted; nothing was changed. The refusal is in the ledger.")
            return WORSE_EXIT
        if wanted.bounds:
            where = ", ".join(f"{name} ({file_of_gate(name)})" for name in sorted(wanted.bounds))
            told = f"Approved, in the ledger; not in force yet. Enter the limits, with a new version of each gate, in the code: {where}. Install it, start anew, then run `cardio evaluate --promote`."  # fmt: skip
            self.console.print(told, soft_wrap=True)
        elif self.chosen.model_catalogue is None:
            self.console.print(f"Promoted. To put it in force set CARDIO_MODEL_CATALOGUE={target} and start anew.", soft_wrap=True)  # fmt: skip
        else:
            self.console.print(
                "Promoted: in force from the next start of each process. Both figures are in the ledger."
            )
        return OK_EXIT

    def _target(self, wanted: "Candidate", into: Path | None) -> Path:
        from cardio_dagster.errors import SettingsError

        target = self.chosen.model_catalogue or into
        if target is None and not wanted.bounds:
            raise SettingsError("this site has no catalogue of its own; name the file that is to be it with --into")
        return target or Path()

    def _place(self, target: Path) -> "Place":
        from cardio_dagster.commands.installation import begin_ledger
        from cardio_dagster.evaluation.promotion.promoting import Place

        return Place(target, self.evaluations, begin_ledger(self.chosen), self.actor)

    def _measure(self, models: Path | None, what: str = "", wanted: "Candidate | None" = None) -> "Run":
        from cardio_dagster.evaluation.measure import measure
        from cardio_dagster.modalities.branch import Options

        options = Options(
            threads=self.chosen.threads,
            batch_size=self.chosen.batch_size,
            model_catalogue=str(models) if models else None,
        )
        with Console(markup=False, stderr=True).status(f"measuring {what}") as status:

            def told(case_set: str, done: int) -> None:
                status.update(f"measuring {what} {case_set} {done}")

            return measure(
                self.size, options, reference=self.reference, bounds=wanted.bounds if wanted else None, told=told
            )
