"""What arrives: the same study twice, and files that are still being written.

Belongs here: deliveries. Not here: what hostile ones hold (hostile.py).
"""

import threading
import time
from pathlib import Path

from cardio_dagster.demo.studies import fibrillation
from cardio_dagster_tests.chaos.bench import Bench, Experiment, Seen
from cardio_dagster_tests.chaos.checks import faults_of

_QUIET_S = 2.0  # five times the longest pause of the writer, or a busy machine makes a pause of it that is none


def deliver_twice(bench: Bench, repetitions: int) -> Seen:
    """Drop the same content under two names at once, and a third time after its release."""
    with bench.site() as site:
        for number in range(repetitions):
            write = bench.study(number + 1)
            site.drop(write, f"first-{number}")
            site.drop(write, f"second-{number}")
            site.finish()
            site.drop(write, f"late-{number}")
            site.finish()
        aside = len(list((site.settings.store_dir / "quarantine" / "duplicates").glob("c-*")))
        faults = list(faults_of(site, expect=repetitions))
        if aside != 2 * repetitions:
            faults.append(f"{aside} duplicates set aside instead of {2 * repetitions}")
        left = [p for p in site.settings.landing_dir.iterdir() if not p.name.startswith(".")]
        if left:
            faults.append(f"{len(left)} drops left in the landing folder")
    return Seen(repetitions, tuple(faults), f"{aside} duplicates set aside, {len(site.workers)} runs")


def write_slowly(bench: Bench, repetitions: int) -> Seen:
    """Write a study in pieces, with pauses shorter than the quiet window, while the daemon ticks."""
    early = 0
    with bench.site(quiet_window_s=_QUIET_S) as site:
        for number in range(repetitions):
            writer = threading.Thread(
                target=_in_pieces, args=(site.settings.landing_dir / f"slow-{number}", number + 1)
            )
            writer.start()
            while writer.is_alive():
                taken = len(site.tick())
                early += taken if writer.is_alive() else 0  # a tick that outlasts the writer comes after it
                time.sleep(0.05)
            writer.join()
            if not site.asked:  # the window begins anew with the last change that a tick saw
                site.until_asked()
            site.finish()
        faults = list(faults_of(site, expect=repetitions))
    if early:
        faults.append(f"{early} studies were taken while they were written")
    return Seen(repetitions, tuple(faults), f"quiet window {_QUIET_S:g} s, pauses up to {_QUIET_S / 5:g} s")


def mark_too_early(bench: Bench, repetitions: int) -> Seen:
    """Mark a study complete while its ECG is still being written, to the file that is open."""
    outcomes: dict[str, int] = {}
    with bench.site() as site:
        for number in range(repetitions):
            folder = site.settings.landing_dir / f"early-{number}"
            writer = threading.Thread(target=_in_pieces, args=(folder, number + 1), kwargs={"marked_early": True})
            writer.start()
            while writer.is_alive():
                for run in site.tick():
                    site.launch(run).join()
            writer.join()
            site.finish()
        faults = faults_of(site)
        for study_id in {row["study_id"] for row in site.releases()}:
            last = site.stores.results().released(study_id)[-1]
            outcomes[last.status] = outcomes.get(last.status, 0) + 1
    told = ", ".join(f"{count} {status}" for status, count in sorted(outcomes.items()))
    return Seen(repetitions, faults, f"ends: {told or 'all set aside'}")


def _in_pieces(folder: Path, seed: int, *, marked_early: bool = False) -> None:
    """Write what `fibrillation` writes, the ECG in twelve pieces through one open file."""
    whole = folder.parent / f".{folder.name}"
    whole.mkdir(parents=True)
    fibrillation(whole, seed=seed)
    content = (whole / "ecg.csv").read_bytes()
    folder.mkdir()
    (folder / "metadata.json").write_bytes((whole / "metadata.json").read_bytes())
    size = len(content) // 12 + 1
    with (folder / "ecg.csv").open("wb") as file:
        for start in range(0, len(content), size):
            file.write(content[start : start + size])
            file.flush()
            if marked_early and start == 3 * size:
                (folder / ".complete").touch()
                _wait_until_taken(folder)
            time.sleep(_QUIET_S / 5 if start % (4 * size) == 0 else 0.05)


def _wait_until_taken(folder: Path) -> None:
    """Let intake move the folder away; the file stays open, and what follows goes to wherever it was moved."""
    deadline = time.monotonic() + 30
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.01)


TWICE = Experiment(
    "delivered-twice",
    "The same study delivered twice at once, and again after its release",
    "One study, one run, one report; each further copy is set aside as a duplicate; the ledger verifies.",
    deliver_twice,
    10,
)
SLOW = Experiment(
    "slow-writer",
    "A file still being written",
    "Nothing is taken while it changes; then one study with every byte, released once.",
    write_slowly,
    10,
)
EARLY = Experiment(
    "marked-early",
    "A study marked complete while a file is still being written",
    "The study ends in ERROR with E_INTAKE_010 and waits for a person, or is refused by intake; nothing is measured on bytes "
    "that were not registered.",
    mark_too_early,
    10,
)
