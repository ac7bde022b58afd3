"""`cardio process`: studies from paths to reports, without a registry or Dagster."""

import secrets
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cardio_dagster.errors import CardioError, StudyError
from cardio_dagster.evidence.tasks import TierOptions
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.offline import study_from_path
from cardio_dagster.modalities import identify_file, sniff_file
from cardio_dagster.modalities.branch import Options
from cardio_dagster.pipeline.branch_task import Workplace
from cardio_dagster.pipeline.desk import Desk
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.reported import as_report
from cardio_dagster.pipeline.study_run import run_study
from cardio_dagster.reporting.terminal import summary_table
from cardio_dagster.settings import Settings, settings
from cardio_dagster.stores.checkpoints import MemoryCheckpoints
from cardio_dagster.stores.reports import ReportStore
from cardio_dagster.study import Priority, Study

ERROR_EXIT = 2


def process_paths(paths: list[Path], *, out: Path, jobs: int) -> int:
    """Process each path as one study, show progress and a table; return the exit code.

    Raises DependencyError where no report can be kept, CardioError where a worker process is lost; what was done stays.
    """
    chosen = settings()
    options = options_of(chosen, threads=max(1, chosen.threads // jobs))
    limits = IntakeLimits(max_file_mb=chosen.max_file_mb, max_study_mb=chosen.max_study_mb)
    work = partial(process_one, out=out, options=options, limits=limits, desk=desk_of(chosen))
    console = Console(markup=False, stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    dossiers: list[Dossier] = []
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            bar = progress.add_task("studies", total=len(paths))
            for dossier in _each(work, paths, jobs):
                dossiers.append(dossier)
                progress.update(bar, advance=1, description=f"{dossier.study.study_id} {dossier.state.name}")
    finally:
        if dossiers:  # also of those that were done before something failed that all studies need
            wide_console().print(summary_table((as_report(d), f"{d.report_path}/report.html") for d in dossiers))
    return ERROR_EXIT if any(d.failed for d in dossiers) else 0


def wide_console() -> Console:
    """Return a console for tables: as wide as the terminal, or 100 columns where there is none."""
    console = Console(markup=False)
    return console if console.is_terminal else Console(markup=False, width=100)


def process_one(path: Path, *, out: Path, options: Options, limits: IntakeLimits, desk: Desk) -> Dossier:
    """Process one path as a study and write its report below `out`."""
    reports = ReportStore(out)
    with tempfile.TemporaryDirectory(prefix="cardio-") as workdir:
        try:
            study, folder, problems = study_from_path(
                path, workdir=Path(workdir), sniff=sniff_file, identify=identify_file, limits=limits
            )
        except StudyError as error:
            study, folder, problems = _empty_study(), Path(workdir), (error.problem,)
        place = Workplace(folder, MemoryCheckpoints(), options, desk)
        return run_study(study, place, reports, problems=problems)


def _empty_study() -> Study:
    """Return a study without recordings, for the error response to a path of which nothing could be taken."""
    name = secrets.token_hex(32)  # not from the path, which may be guessed from a patient's name
    received_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return Study(f"s-{name[:16]}", 1, name, received_at, Priority.ROUTINE, ())


def options_of(chosen: Settings, *, threads: int) -> Options:
    """Return the limits that the settings give the domain."""
    return replace(
        Options(max_file_mb=chosen.max_file_mb, memory_limit_mb=chosen.memory_limit_mb),
        model_catalogue=str(chosen.model_catalogue) if chosen.model_catalogue else None,
        batch_size=chosen.batch_size,
        image_deadline_s=chosen.image_deadline_s,
        image_deadline_s_per_mb=chosen.image_deadline_s_per_mb,
        decision_deadline_s=chosen.decision_deadline_s,
        study_deadline_s=chosen.study_deadline_s,
        score2_region=chosen.score2_region,
        threads=threads,
    )


def desk_of(chosen: Settings) -> Desk:
    """Return what the written part may use without a store: no earlier studies, nothing kept."""
    tiers = TierOptions(chosen.enable_parallel_tier1, chosen.enable_parallel_tier2, chosen.parallel_timeout_ms)
    return Desk(tiers, site_notes=str(chosen.evidence_notes) if chosen.evidence_notes else None)


def _each(work: "partial[Dossier]", paths: list[Path], jobs: int) -> Iterator[Dossier]:
    if jobs == 1 or len(paths) == 1:
        yield from map(work, paths)
        return
    with ProcessPoolExecutor(min(jobs, len(paths)), mp_context=get_context("forkserver")) as pool:
        try:
            futures = [pool.submit(work, path) for path in paths]
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            raise CardioError("a worker process was lost, perhaps for lack of memory; take fewer with --jobs") from None
        finally:
            pool.shutdown(cancel_futures=True)
