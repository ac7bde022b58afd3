"""`cardio demo`: start the services, drop studies, wait for the reports, show them."""

import shutil
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cardio_dagster.commands.process import wide_console
from cardio_dagster.demo.studies import DEMO_STUDIES, drop
from cardio_dagster.errors import SettingsError
from cardio_dagster.reporting.json_report import from_json
from cardio_dagster.reporting.terminal import summary_table
from cardio_dagster.serve.launching import launch, stop, wait_until_up
from cardio_dagster.serve.site import Site, free_port
from cardio_dagster.serve.state import running
from cardio_dagster.settings import Settings, settings
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.report_paths import REPORTS_DIR
from cardio_dagster.stores.results import ReleaseRow, ResultStore
from cardio_dagster.stores.studies import StudyRegistry

STUDY_PATIENCE_S = 240.0
SHOWN = 20


def run_demo(*, detach: bool, ui_port: int) -> int:
    """Run the demonstration; return 0 when every study got its report, 1 otherwise."""
    chosen, console = settings(), wide_console()
    site = Site(chosen.data_dir.resolve(), free_port(ui_port), free_port(ui_port + 1), free_port(ui_port + 2))
    if running(site.data_dir) is not None:
        raise SettingsError("a demo is already running for this data folder; end it with `make stop`")
    results = _results(chosen)
    console.print("Starting Dagster (code server, daemon, UI) ...")
    done = False
    supervisor = launch(site)
    try:
        wait_until_up(site, supervisor)
        names = _drop_all(chosen.landing_dir)
        console.print(f"Dropped {len(names)} studies into {chosen.landing_dir}; the sensor takes them from there.")
        done = _wait_until_done(chosen, names, console)
        _show(results.recent(SHOWN), site, console)
        if not detach:
            console.print("Ctrl-C ends it.")
            _stay(site)
    except KeyboardInterrupt:
        console.print("Ending ...")
        detach = False
    finally:
        if not detach:
            stop(site.data_dir)
    return 0 if done else 1


def stop_demo() -> int:
    """End the services of this data folder; return 0 also if none ran."""
    ended = stop(settings().data_dir.resolve())
    Console(markup=False).print("Ended." if ended else "Nothing was running.")
    return 0


def _results(chosen: Settings) -> ResultStore:
    chosen.store_dir.mkdir(parents=True, exist_ok=True)
    engine = connect(chosen.database)
    create_tables(engine)
    return ResultStore(engine, chosen.store_dir / REPORTS_DIR)


def _drop_all(landing: Path) -> list[str]:
    """Write the studies beside the landing zone, then move each in whole."""
    draft = landing.parent / "demo"
    shutil.rmtree(draft, ignore_errors=True)
    names = []
    for name, write in DEMO_STUDIES.items():
        folder = drop(write, draft, name)
        names.append(f"demo-{name}-{time.time_ns()}")
        folder.replace(landing / names[-1])
    shutil.rmtree(draft, ignore_errors=True)
    return names


def _wait_until_done(chosen: Settings, names: list[str], console: Console) -> bool:
    """Wait until the landing zone is empty and no study is open; False if that took too long."""
    registry = StudyRegistry(connect(chosen.database))
    columns = (SpinnerColumn(), TextColumn("studies"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    deadline = time.monotonic() + STUDY_PATIENCE_S
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("studies", total=len(names))
        while time.monotonic() < deadline:
            waiting = sum((chosen.landing_dir / name).exists() for name in names)
            unfinished = waiting + len(registry.pending())
            progress.update(bar, completed=max(0, len(names) - unfinished))
            if unfinished == 0 and _claims_are_empty(chosen):
                return True
            time.sleep(0.5)
    return False


def _claims_are_empty(chosen: Settings) -> bool:
    """Whether intake holds nothing between the landing zone and the registry."""
    claims = chosen.store_dir / "claims"
    return not claims.is_dir() or not any(entry.is_dir() for entry in claims.iterdir())


def _show(rows: list[ReleaseRow], site: Site, console: Console) -> None:
    shown = []
    for row in sorted(rows, key=lambda r: r.released_at):
        if row.report_path is not None:
            report = from_json((Path(row.report_path) / "report.json").read_bytes())
            shown.append((report, f"{row.study_id}/r{row.revision}/report.html"))
    console.print(summary_table(shown))
    console.print(f"Dagster UI  {site.ui_url}")
    console.print(f"Reports     {site.report_url}/")


def _stay(site: Site) -> None:
    while running(site.data_dir) is not None:
        time.sleep(1.0)
