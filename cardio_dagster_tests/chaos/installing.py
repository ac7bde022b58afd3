"""Making an installation with databases that outlive its processes.

Belongs here: settings and Dagster's instance file. Not here: what is done with the installation (site.py).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cardio_dagster.settings import Settings
from cardio_dagster_tests.chaos.site import Site


@contextmanager
def site_on(root: Path, *, url: str | None = None, dagster_url: str | None = None, **chosen) -> Iterator[Site]:
    """Make an installation below `root`, on SQLite or on PostgreSQL: `url` for the studies, `dagster_url` for Dagster."""
    home = root / "dagster"
    home.mkdir(parents=True)
    instance = {
        "telemetry": {"enabled": False},
        "run_monitoring": {"enabled": True, "start_timeout_seconds": 0},
        "compute_logs": {"module": "dagster._core.storage.noop_compute_log_manager", "class": "NoOpComputeLogManager"},
    }
    if dagster_url or url:
        instance["storage"] = {"postgres": {"postgres_url": dagster_url or url}}
    (home / "dagster.yaml").write_text(json.dumps(instance))  # JSON is YAML too
    values = {"data_dir": root / "data", "threads": 1, "quiet_window_s": 0.0, "max_attempts": 10, "database_url": url}
    values |= {"breaker_reset_s": 0.2}
    site = Site(root, Settings(_env_file=None, **{**values, **chosen}), home)
    try:
        yield site
    finally:
        site.close()
