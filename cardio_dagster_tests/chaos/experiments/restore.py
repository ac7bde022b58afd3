"""Database and store destroyed, and brought back from a backup.

Belongs here: backup, destruction, restore. Not here: how PostgreSQL is dumped (postgres.py).
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from cardio_dagster_tests.chaos.bench import Bench, Experiment, Seen
from cardio_dagster_tests.chaos.checks import chain_faults, faults_of
from cardio_dagster_tests.chaos.site import Site


def restore(bench: Bench, repetitions: int) -> Seen:
    """Back up with one study finished and one killed in mid-run, destroy everything, restore, verify and finish."""
    faults: list[str] = []
    for _ in range(repetitions):
        with bench.site() as site:
            site.drop(bench.study(1), "finished")
            site.finish()
            site.drop(bench.study(2), "open")
            worker = site.launch(site.until_asked()[0])
            worker.wait_for("state", "ANALYSIS")
            worker.kill()
            before = _reports(site)
            _lose_everything_and_restore(bench, site)
            faults += list(chain_faults(site))
            if _reports(site) != before or not before:
                faults.append("a report differs after the restore")
            resumed = site.finish()
            faults += faults_of(site, expect=2)
            again = [verb for w in resumed for verb in w.texts("verb") if verb in worker.texts("saved")]
            if again:
                faults.append(f"work before the last checkpoint was repeated after the restore: {again}")
    return Seen(repetitions, tuple(faults), "one study finished, one open in ANALYSIS at the time of the backup")


def _reports(site: Site) -> dict[str, bytes]:
    root = site.settings.store_dir / "reports"
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def _lose_everything_and_restore(bench: Bench, site: Site) -> None:
    backup = site.root / "backup"
    urls = site.urls()
    site.close()
    dumps = {url: bench.server.dump(url) for url in urls} if bench.server else _copy_sqlite(site.root, backup)
    shutil.copytree(
        site.settings.data_dir, backup / "data", ignore=shutil.ignore_patterns("*.db", "*.db-wal", "*.db-shm")
    )
    shutil.rmtree(site.settings.data_dir)
    for url in dumps if bench.server else ():
        bench.server.drop(url)
        bench.server.create(url)
        bench.server.restore(url, dumps[url])
    shutil.copytree(backup / "data", site.settings.data_dir)
    if not bench.server:
        shutil.rmtree(site.home)
        shutil.copytree(backup / "sqlite", site.root, dirs_exist_ok=True)
        shutil.copytree(backup / "dagster", site.home, dirs_exist_ok=True)


def _copy_sqlite(root: Path, backup: Path) -> dict[str, bytes]:
    """Copy every SQLite file through the backup API, and what else lies in Dagster's folder as it is."""
    for path in [p for p in root.rglob("*.db") if backup not in p.parents]:
        target = backup / "sqlite" / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
    patterns = shutil.ignore_patterns("*.db", "*.db-wal", "*.db-shm")
    shutil.copytree(root / "dagster", backup / "dagster", ignore=patterns)
    return {}


RESTORE = Experiment(
    "restore",
    "Backup, database and store destroyed, restored",
    "The ledger verifies, every report has the same bytes, the open study resumes from its checkpoints and ends once.",
    restore,
    5,
)
