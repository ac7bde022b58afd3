"""`cardio up`, `cardio down`, `cardio status`: the services of a profile under one supervisor.

Belongs here: what these commands print and return. Not here: processes (serve/), arguments (cli/).
"""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from cardio_dagster.commands.process import wide_console
from cardio_dagster.serve.connections import environment_file
from cardio_dagster.serve.launching import launch, stop, wait_until_up
from cardio_dagster.serve.logs import log_to
from cardio_dagster.serve.services import services
from cardio_dagster.serve.site import Profile, Site, read_site
from cardio_dagster.serve.state import UP, running, survivors
from cardio_dagster.serve.supervisor import Supervisor
from cardio_dagster.serve.validation import require_startable
from cardio_dagster.settings import deployment_settings, require_valid_settings, settings

DEFAULT_WORKERS = 2
NOT_RUNNING = 3  # as the Linux Standard Base has it for the status of a service


def run_up(*, profile: str, embedded: bool = False, detach: bool = False, workers: int | None = None) -> int:
    """Start the services of a profile; return 0 after their end, or as soon as all answer with `detach`.

    Nothing is started before everything that can be looked at has been: variables, packages, folders, ports,
    databases, the broker. Raises SettingsError with every fault and its cure, or with the log of what failed.
    """
    site = site_of(Profile(profile), embedded=embedded, workers=workers)
    require_startable(site)
    console = wide_console()
    if not detach:
        site.write()
        log_to(site, screen=True)
        return Supervisor(site).run()
    console.print(f"Starting {', '.join(s.name for s in services(site) if not s.once)} ...")
    wait_until_up(site, launch(site))
    _print_addresses(site, console)
    return 0


def run_down() -> int:
    """End the services of this data folder, also those that a killed supervisor left; return 0 also if none ran."""
    ended = stop(settings().data_dir.resolve())
    Console(markup=False).print("Ended." if ended else "Nothing was running.")
    return 0


def run_status() -> int:
    """Print each service, whether it answers and how often it was started again.

    Returns 0 if all answer, 1 if one does not, 3 if no supervisor runs.
    """
    data_dir, console = settings().data_dir.resolve(), wide_console()
    state = running(data_dir)
    if state is None:
        left = survivors(data_dir)
        told = f"The supervisor was killed; {len(left)} processes outlived it. `cardio down` ends them."
        console.print(told if left else "Nothing is running. `cardio up` starts it.")
        return NOT_RUNNING
    site = read_site(data_dir / "run" / "site.json")
    table = Table("service", "process", "started again", "answers", "address", box=None, pad_edge=False)
    asked = {s.name: s.probe.fault() for s in services(site) if s.name in state["pids"]}
    for name, pid in state["pids"].items():
        fault = "not running" if pid is None else asked.get(name)
        again = str(state["restarts"].get(name) or "")
        table.add_row(name, str(pid or "-"), again, fault or "yes", state["urls"].get(name, ""))
    console.print(f"Profile {state['profile']}, {state['phase']}.")
    console.print(table)
    good = state["phase"] == UP and all(pid for pid in state["pids"].values()) and not any(asked.values())
    return 0 if good else 1


def site_of(profile: Profile, *, embedded: bool = False, workers: int | None = None) -> Site:
    """Return the site that the environment describes for a profile; raises SettingsError with every wrong variable of any group.

    The receiver, the read-only UI and the workers belong to server and cluster.
    """
    require_valid_settings()
    chosen, served = deployment_settings(), profile is not Profile.LOCAL
    cluster = profile is Profile.CLUSTER
    return Site(
        data_dir=settings().data_dir.resolve(),
        ui_port=chosen.ui_port,
        report_port=None,
        code_port=chosen.code_port,
        profile=profile,
        embedded=embedded,
        host=chosen.host,
        readonly_port=chosen.ui_readonly_port if served else None,
        gateway_port=chosen.gateway_port,
        receiver_port=chosen.dicom_port if served else None,
        flower_port=chosen.flower_port if cluster else None,
        broker_port=chosen.broker_port if cluster and embedded else None,
        workers=workers if workers is not None else (DEFAULT_WORKERS if cluster else 0),
        aet=chosen.ae_title,
    )


def _print_addresses(site: Site, console: Console) -> None:
    for name, url in site.urls().items():
        console.print(f"{_TITLES[name]:<18} {url}")
    if site.receiver_port is not None:
        console.print(f"{'DICOM receiver':<18} {site.aet} on port {site.receiver_port}")
    console.print(f"{'Landing zone':<18} {site.data_dir / 'landing'}")
    if site.embedded:
        console.print(f"{'For other shells':<18} . {_relative(environment_file(site))}")
    console.print("`cardio status` shows the services, `cardio down` ends them.")


_TITLES = {
    "ui": "Dagster UI",
    "ui-readonly": "UI, read-only",
    "flower": "Flower",
    "gateway": "Gateway",
    "reports": "Reports",
}


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
