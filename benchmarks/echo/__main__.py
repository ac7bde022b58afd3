"""`make bench-echo`: accuracy and speed of the echo branch, as one table beside its goals.

Usage: python -m benchmarks.echo [--data FOLDER] [--clips 200]

Belongs here: running the parts and printing. Not here: any figure's making (simulated.py, speed.py,
training/echo_segmentation/evaluate.py).
"""

import argparse
import os
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.echo import simulated, speed
from cardio_dagster.models import catalogue
from training.echo_segmentation import evaluate
from training.echo_segmentation.data import read_stills

GOALS = {
    "LV Dice ED": "0.960", "LV Dice ES": "0.945", "myocardium Dice": "0.90", "left atrium Dice": "0.935",
    "LV contour distance mm": "1.2", "EF mean absolute error": "4.0", "EF bias": "within 1", "EF correlation": "0.93",
    "of them refused, keeping 95 % of the good": "0.70",
}  # fmt: skip
PUBLISHED = {"LV Dice ED": "0.952 (plain U-Net)", "LV Dice ES": "0.934", "myocardium Dice": "0.885",
             "left atrium Dice": "0.922", "EF mean absolute error": "5.2", "EF bias": "-1.4", "EF correlation": "0.91"}  # fmt: skip

SPOILT = 3  # copies of each held-out still, as bad contours are rare without


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CARDIO_REFERENCE_DATA", "../shared/data")))
    parser.add_argument("--clips", type=int, default=200, help="simulated clips")
    arguments = parser.parse_args()
    table = Table(
        "figure", "ours", "peer", "goal", title=f"Echo, model {catalogue.fingerprint('echo_segmentation')[:12]}"
    )
    rates = speed.frames_a_second()
    stills = read_stills(arguments.data / "camus_a4c", held_out=True)
    for name, value in evaluate.figures(evaluate.measure(stills)).items():
        table.add_row(f"held-out stills: {name}", f"{value:.3f}", PUBLISHED.get(name, ""), GOALS.get(name, ""))
    for name, value in evaluate.confidence_figures(evaluate.measure(evaluate.spoil(stills, SPOILT))).items():
        table.add_row(f"the same, spoilt: {name}", f"{value:.3f}", "", GOALS.get(name, ""))
    for name, value in simulated.figures(simulated.answers(arguments.clips)).items():
        goal = "3" if name == "EF mean absolute error" else ""
        table.add_row(f"{arguments.clips} simulated clips: {name}", f"{value:.2f}", "", goal)
    ours, peer = rates.values()
    table.add_row("network, frames a second", f"{ours:.0f}", f"{peer:.0f} (DeepLabV3-ResNet50)", "200")
    table.add_row("network, times as many as the peer", f"{ours / peer:.1f}", "", "5")
    table.add_row("public cine, file to figures, s", f"{speed.public_cine_seconds():.2f}", "", "2")
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
