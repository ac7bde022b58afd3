"""`make bench-ecg`: our ECG analysis beside its peers in one run, as one table.

Usage: python -m benchmarks.ecg --peers PYTHON [--data FOLDER]

Belongs here: running both and printing. Not here: any figure's making (ours.py, peers.py, long.py).
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.ecg import ours
from benchmarks.ecg.long import a_day
from benchmarks.ecg.unseen import Unseen

GOALS = {
    "P on": (98, 10), "P off": (98, 10), "QRS on": (99.5, 7), "QRS off": (99.5, 9), "T on": (99, 25), "T off": (99, 18),
}  # fmt: skip
Row = tuple[str, str, str, str]


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default=None, help="the Python of an environment made from peers.txt")
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CARDIO_REFERENCE_DATA", "../shared/data")))
    arguments = parser.parse_args()
    # speed first and last on our side with the peers between, so that a machine that slows down is seen
    speed = ours.speed(arguments.data)
    peers = _peers(arguments.peers, arguments.data)
    networks = Unseen()
    unseen, shipped = (_rows(look, arguments.data, peers) for look in (ours.unseen(networks), ours.shipped))
    networks.close()
    again = ours.speed(arguments.data)
    speed = {name: min(value, again[name]) for name, value in speed.items()}
    columns = ("figure", "ours, patients unseen", "ours, as shipped", "peers", "goal")
    table = Table(*columns, title="ECG on the reference data")
    for new, seen in zip(unseen, shipped, strict=True):
        table.add_row(new[0], new[1], seen[1], *new[2:])
    with tempfile.TemporaryDirectory(prefix="day-") as folder:
        day = a_day(arguments.data, Path(folder))
    for row in (*_speed(speed, peers), _day(day)):
        table.add_row(row[0], "", *row[1:])
    Console(width=190).print(table)
    print(
        "unseen: by networks of a cross-validation not trained on the record; as shipped: by those trained on all of these records"
    )


def _rows(look: ours.Look, data: Path, peers: dict[str, Any]) -> list[Row]:
    """Return the rows of the table for one choice of networks."""
    mine = {name: getattr(ours, name)(data, look) for name in ("qrs", "delineation", "fibrillation")}
    print(f"CinC 2017, label as call: {mine['fibrillation']['called']}")
    return [*_qrs(mine["qrs"], peers), *_waves(mine["delineation"], peers), *_rhythm(mine, peers)]


def _peers(python: str | None, data: Path) -> dict[str, Any]:
    """Return the peers' figures; without an environment of theirs there are none."""
    if python is None:
        return {"qrs": {}, "delineation": {}, "fibrillation": {}, "speed": {}}
    done = subprocess.run([python, "-m", "benchmarks.ecg.peers", str(data)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _each(rows: dict[str, Any], key: str, form: str = "{:.2f}") -> str:
    return ", ".join(f"{name} {form.format(figures[key])}" for name, figures in rows.items())


def _qrs(mine: dict[str, Any], peers: dict[str, Any]) -> list[Row]:
    rows = peers["qrs"]
    return [
        ("MIT-BIH QRS sensitivity %", f"{mine['sensitivity_pct']:.2f}", _each(rows, "sensitivity_pct"), "99.9"),
        ("MIT-BIH QRS +P %", f"{mine['predictive_pct']:.2f}", _each(rows, "predictive_pct"), "99.8"),
        ("MIT-BIH PVC F1 %", f"{mine['pvc_f1_pct']:.1f}", "none types beats", "95"),
        ("MIT-BIH seconds a record, 30 min", f"{mine['seconds']:.2f} (all)", _each(rows, "seconds") + " (QRS)", ""),
    ]


def _waves(mine: dict[str, Any], peers: dict[str, Any]) -> list[Row]:
    """Return a row per edge and set of leads: F1, mean and SD of the error."""

    def form(figures: dict[str, float]) -> str:
        return f"{figures['f1_pct']:.1f} % {figures['mean_ms']:+.1f} sd {figures['sd_ms']:.1f} ms"

    rows = []
    for leads in ("lead II", "all leads"):
        for edge, (f1, sd) in GOALS.items():
            others = ", ".join(f"{n} {form(f[edge])}" for n, f in peers["delineation"].items())
            shown = others if leads == "lead II" else ""
            rows.append((f"LUDB {leads} {edge}", form(mine[leads][edge]), shown, f"{f1} %, sd {sd} ms"))
    return rows


def _rhythm(mine: dict[str, Any], peers: dict[str, Any]) -> list[Row]:
    ludb = mine["delineation"]["rhythm"]
    return [
        ("CinC 2017 AF F1 %", f"{mine['fibrillation']['f1_pct']:.1f}", _each(peers["fibrillation"], "f1_pct"), "88"),
        ("LUDB AF and flutter sensitivity %", f"{ludb['sensitivity_pct']:.1f}", "", "95"),
        ("LUDB AF and flutter specificity %", f"{ludb['specificity_pct']:.1f}", "", "98"),
    ]


def _speed(mine: dict[str, float], peers: dict[str, Any]) -> list[Row]:
    """Return how many times faster 12 leads are than NeuroKit2's one."""
    peer = peers["speed"].get("NeuroKit2")
    rows = []
    for what, key in (("12 leads 10 s, file to document", "seconds"), ("the same with the drawing", "seconds_drawn")):
        times = "" if peer is None else f", {peer['seconds'] / mine[key]:.1f} times faster"
        theirs = "" if peer is None else f"NeuroKit2, one lead {1000 * peer['seconds']:.0f} ms"
        rows.append((what, f"{1000 * mine[key]:.1f} ms{times}", theirs, "10 times"))
    return rows


def _day(cost: dict[str, Any]) -> Row:
    found = f"{cost['wall_s']} s, {cost['peak_mb']} MB ({cost['cpu_s']} s of processor, {cost['beats']} beats)"
    return "24 h, 3 leads, 250 Hz, whole command", found, "", "60 s, 1000 MB"


if __name__ == "__main__":
    main()
