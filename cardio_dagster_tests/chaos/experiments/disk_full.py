"""No space left: in the store, and in the database that holds registry, results and ledger.

Belongs here: filling and freeing. Not here: the disk itself (disk.py).
"""

import contextlib
import tempfile
from pathlib import Path

import sqlalchemy as sa

from cardio_dagster_tests.chaos.bench import SQLITE, Bench, Experiment, Seen
from cardio_dagster_tests.chaos.checks import faults_of
from cardio_dagster_tests.chaos.disk import NO_MOUNT, Disk, small_disk
from cardio_dagster_tests.chaos.site import Site

_NEEDS_BYTES = 700_000  # about what a study of an ECG and a metadata file leaves in the store
_MAX_FILE_BYTES = 4096


def fill_store(bench: Bench, repetitions: int) -> Seen:
    """Run studies while the store has less space than they need, more of it each time, then free it and finish."""
    store = bench.folder / f"site{bench.sites + 1}" / "data" / "store"
    own = {} if bench.server else {"database_url": f"sqlite:///{bench.folder / 'roomy.db'}"}
    with small_disk(store, size_mb=64) as disk, bench.site(**own) as site:
        for number in range(repetitions):
            site.drop(bench.study(number + 1), f"full-{number}")
            if disk is None:  # then the kernel refuses any larger file instead
                _run_denied(site, max_file_bytes=_MAX_FILE_BYTES * (1 + number))
            else:
                _run_in(site, disk, _NEEDS_BYTES * (number + bench.rng.random()) / repetitions)
            site.finish()
        faults = faults_of(site, expect=repetitions)
        ends = _ends(site)
    how = "a disk of 64 MB" if disk else f"files limited by RLIMIT_FSIZE, because {NO_MOUNT}"
    return Seen(repetitions, faults, f"{how}; {ends}")


def _run_in(site: Site, disk: Disk, free_bytes: float) -> None:
    runs = site.until_asked()
    disk.leave(int(free_bytes))
    for run in runs:
        site.launch(run).join()
    with contextlib.suppress(OSError, sa.exc.OperationalError):
        site.tick()  # the daemon goes on, disk full or not
    disk.clear()


def _run_denied(site: Site, **denied) -> None:
    for run in site.until_asked():
        site.launch(run, **denied).join()


def fill_database(bench: Bench, repetitions: int) -> Seen:
    """Run studies while the database can grow only a little, more each time, then let it grow and finish."""
    if bench.database == SQLITE:
        with bench.site() as site:
            for number in range(repetitions):
                site.drop(bench.study(number + 1), f"full-{number}")
                _run_denied(site, spare_pages=number * 40 // repetitions)
                site.finish()
            return Seen(
                repetitions, faults_of(site, expect=repetitions), f"SQLITE_FULL by max_page_count; {_ends(site)}"
            )
    return _fill_tablespace(bench, repetitions)


def _fill_tablespace(bench: Bench, repetitions: int) -> Seen:
    assert bench.server is not None
    with tempfile.TemporaryDirectory(prefix="chaos-space-") as place, small_disk(Path(place), size_mb=64) as disk:
        if disk is None:
            return Seen(0, skipped=NO_MOUNT)
        (disk.folder / "space").mkdir()
        tablespace = bench.server.tablespace(disk.folder / "space")
        url = bench.server.database(tablespace=tablespace)
        with bench.site(url=url) as site:
            for number in range(repetitions):
                site.drop(bench.study(number + 1), f"full-{number}")
                _run_in(site, disk, 8192.0 * number * 24 / repetitions)
                site.finish()
            faults, ends = faults_of(site, expect=repetitions), _ends(site)
        bench.server.drop(url)
        bench.server.sql(f"DROP TABLESPACE {tablespace}")
    return Seen(repetitions, faults, f"a tablespace of 64 MB; {ends}")


def _ends(site: Site) -> str:
    failed = sum(worker.texts("end") != ["PIPELINE_SUCCESS"] for worker in site.workers)
    return f"{failed} of {len(site.workers)} runs failed"


_EXPECTED = (
    "The run fails with a machine's code; after space is freed every study ends once; no file stands half-written, "
    "the ledger verifies."
)
STORE = Experiment("disk-full-store", "Disk full in the store", _EXPECTED, fill_store, 10)
DATABASE = Experiment("disk-full-database", "Disk full in the database and the ledger", _EXPECTED, fill_database, 10)
