"""The systemd units: read by systemd itself, and the same services as the supervisor's."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cardio_dagster.serve.services import services
from cardio_dagster.serve.site import Profile, Site
from cardio_dagster.serve.worker_sets import queue_sets

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVER, CLUSTER = DEPLOY / "server" / "systemd", DEPLOY / "cluster" / "systemd"
UNITS = sorted([*SERVER.glob("*.service"), *CLUSTER.glob("*.service")])


def unit(path: Path) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parsed.optionxform = str
    parsed.read(path)
    return parsed


def test_systemd_accepts_every_unit(tmp_path):
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed")
    binaries = str(Path(sys.executable).parent)
    for path in [*UNITS, SERVER / "cardio.target"]:
        text = path.read_text().replace("/opt/cardio/bin", binaries).replace("=cardio\n", "=root\n")
        (tmp_path / path.name).write_text(text)  # the user and the installation of a hospital are not here
    command = [analyze, "verify", "--man=no", *map(str, tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    about_ours = [line for line in done.stderr.splitlines() if "cardio" in line]
    assert (done.returncode, about_ours) == (0, [])


def test_the_target_starts_what_the_supervisor_starts():
    wanted = set(re.findall(r"cardio-([a-z-]+)\.service", (SERVER / "cardio.target").read_text()))
    site = Site(
        Path("/var/lib/cardio/data"),
        3000,
        None,
        3002,
        Profile.SERVER,
        readonly_port=3001,
        gateway_port=8080,
        receiver_port=11112,
    )
    chosen = {s.name: s for s in services(site)}
    assert wanted == (set(chosen) - {"tables", "instance"}) | {"prepare"}
    for name in wanted - {"prepare"}:
        said = unit(SERVER / f"cardio-{name}.service")["Service"]["ExecStart"].split()
        ours = [part.replace(str(site.run_dir), "/etc/cardio") for part in chosen[name].command]
        assert said[1:] == ours[1:], name


def test_workers_serve_the_queues_of_the_supervisor():
    for name, queues in zip(("cardio-worker-express", "cardio-worker@"), queue_sets(2), strict=True):
        assert f"--queue {','.join(queues)} " in unit(CLUSTER / f"{name}.service")["Service"]["ExecStart"]


@pytest.mark.parametrize("path", UNITS, ids=lambda p: p.name)
def test_units_run_as_a_user_restart_for_ever_and_see_little(path):
    parsed = unit(path)
    service = parsed["Service"]
    assert service["User"] == "cardio"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert service["EnvironmentFile"] == "/etc/cardio/cardio.env"
    assert "PASSWORD" not in path.read_text()
    if service["Type"] != "oneshot":
        assert service["Restart"] == "always"
        assert parsed["Unit"]["StartLimitIntervalSec"] == "0"
