"""What a study costs, and what Dagster adds: ratios measured in one run.

Usage: python -m benchmarks.bench_study [--studies 24]

Belongs here: figures to print. Not here: assertions; these machines are noisy and a timed
test would be a false friend.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.table import Table

from cardio_dagster.commands.process import options_of
from cardio_dagster.definitions import build_definitions
from cardio_dagster.demo.studies import (
    drop,
    ecg_only,
    echo_only,
    mixed_synthetic,
    real_study,
    save_clip,
    simulated_clip,
)
from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.offline import study_from_path
from cardio_dagster.modalities import sniff_file
from cardio_dagster.orchestration.bulk import work_order
from cardio_dagster.orchestration.intake import scan_landing
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.pipeline.branch_task import Workplace
from cardio_dagster.pipeline.study_run import run_study
from cardio_dagster.pipeline.worker import work
from cardio_dagster.settings import Settings
from cardio_dagster.stores.checkpoints import MemoryCheckpoints
from cardio_dagster.stores.reports import ReportStore

Row = tuple[str, str, str]


def seconds(work_once: Callable[[], object], repeats: int) -> float:
    """Return the median wall time of a call, after one that warms up."""
    work_once()
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        work_once()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def plain(folder: Path, out: Path, *, threads: int) -> None:
    """Run a study in memory, without Dagster."""
    study, inputs, problems = study_from_path(folder, workdir=out / "work", sniff=sniff_file, limits=IntakeLimits())
    options = options_of(Settings(), threads=threads)
    run_study(study, Workplace(inputs, MemoryCheckpoints(), options), ReportStore(out), problems=problems)


def several_recordings(folder: Path) -> None:
    """Write a study of four clips and two ECGs."""
    for number in range(4):
        save_clip(folder / f"{number}.npz", simulated_clip(0, 58.0), copy=number)
    for number in range(2):
        (folder / str(number)).mkdir()
        ecg_only(folder / str(number), seed=number)


def one_study(base: Path) -> list[Row]:
    """Return the cost of one real study, and of several recordings one by one and side by side."""
    real, several = base / "real", base / "several"
    for folder, write in ((real, real_study), (several, several_recordings)):
        folder.mkdir()
        write(folder)
    alone = seconds(lambda: plain(real, base / "out", threads=2), 5)
    sequential = seconds(lambda: plain(several, base / "out", threads=1), 3)
    parallel = seconds(lambda: plain(several, base / "out", threads=2), 3)
    return [
        ("one real study (ECG, 120-frame cine, metadata), plain Python", f"{alone:.2f} s", "1.5 s"),
        ("4 clips and 2 ECGs: sequential over parallel, 2 threads", f"{sequential / parallel:.2f}", "1.75"),
    ]


def one_of_three(folder: Path, number: int) -> None:
    """Write an ECG, a clip or both with metadata, in turn; no two numbers yield the same study."""
    if number % 3 == 0:
        ecg_only(folder, seed=number)
    elif number % 3 == 1:
        echo_only(folder, copy=number)
    else:
        mixed_synthetic(folder, seed=number)


def through_dagster(base: Path, n_studies: int) -> list[Row]:
    """Return what the study job and the bulk job add to the same work done plainly."""
    chosen = Settings(data_dir=base / "data", threads=2)
    stores = Stores.of(chosen)
    stores.setup_for_execution(dg.build_init_resource_context())
    definitions = build_definitions(chosen)
    for number in range(2 * n_studies):
        drop(lambda folder, n=number: one_of_three(folder, n), chosen.landing_dir, f"s{number}")
    ids = [taken.study_id for taken in scan_landing(stores, None).accepted]
    with dg.instance_for_test(temp_dir=str(base)) as instance:
        instance.add_dynamic_partitions("studies", ids)
        job = definitions.resolve_job_def("study")
        added = [_added_by_job(job, instance, study_id, stores, base) for study_id in ids[:7]][1:]
        pooled, bulk_s = _pool_and_bulk(definitions, instance, ids[7:], stores, base)
    return [
        ("study job in-process, on top of the plain run of the same study", f"{statistics.median(added):.2f} s", "1 s"),
        (f"bulk job over a plain process pool, {len(ids) - 7} studies", f"{bulk_s / pooled:.2f}", "1.25"),
        ("bulk job, on top of the pool, a study", f"{(bulk_s - pooled) / (len(ids) - 7):.2f} s", "0.12 s"),
    ]


def _added_by_job(
    job: dg.JobDefinition, instance: dg.DagsterInstance, study_id: str, stores: Stores, base: Path
) -> float:
    order = replace(work_order(study_id, stores), checkpoint_url=str(base / "plain"), report_dir=str(base / "plain"))
    started = time.perf_counter()
    work(order)
    between = time.perf_counter()
    job.execute_in_process(instance=instance, partition_key=study_id)
    return (time.perf_counter() - between) - (between - started)


def _pool_and_bulk(
    definitions: dg.Definitions, instance: dg.DagsterInstance, ids: list[str], stores: Stores, base: Path
) -> tuple[float, float]:
    orders = [work_order(study_id, stores) for study_id in ids]
    elsewhere = [replace(o, checkpoint_url=str(base / "pool"), report_dir=str(base / "pool")) for o in orders]
    started = time.perf_counter()
    with get_context("forkserver").Pool(2) as pool:
        pool.map(work, elsewhere, chunksize=1)
    between = time.perf_counter()
    config = dg.RunConfig({"plan_chunks": {"config": {"study_ids": ids}}})
    definitions.resolve_job_def("bulk").execute_in_process(instance=instance, run_config=config)
    return between - started, time.perf_counter() - between


def starts() -> list[Row]:
    """Return how long the command line and the code location take to start."""
    help_s = seconds(lambda: _python("from cardio_dagster.cli import main; main()", "--help"), 3)
    load_s = seconds(lambda: _python("import cardio_dagster.definitions as d; d.defs()"), 3)
    return [("cardio --help", f"{help_s:.2f} s", "0.3 s"), ("load of the code location", f"{load_s:.2f} s", "3 s")]


def _python(code: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=24, help="about how many studies go through each door")
    arguments = parser.parse_args()
    table = Table("what", "measured", "target")
    for part in (one_study, lambda base: through_dagster(base, arguments.studies)):
        with tempfile.TemporaryDirectory() as folder:
            for row in part(Path(folder)):
                table.add_row(*row)
    for row in starts():
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
