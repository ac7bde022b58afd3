"""SIGKILL of the run worker in each of the ten states, at a random moment of the state.

Belongs here: killing, resuming, and counting what was done twice. Not here: the processes (worker.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cardio_dagster.outcome import State
from cardio_dagster_tests.chaos.bench import Bench, Experiment, Seen, stopwatch
from cardio_dagster_tests.chaos.checks import faults_of
from cardio_dagster_tests.chaos.site import Site
from cardio_dagster_tests.chaos.worker import Worker

STATES = [state.name for state in State if state is not State.ERROR]
_IN_A_ROW = (STATES[:4], STATES[4:7], STATES[7:])  # a study may have ten runs


@dataclass
class Tally:
    """What was seen over many kills."""

    hits: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    kills: int = 0
    repeated: list[str] = field(default_factory=list)

    def told(self) -> str:
        """Return the figures for the table."""
        hit = sum(self.hits.values())
        return (
            f"{self.kills} kills, {hit} inside the state aimed at, {len(self.repeated)} checkpointed verbs called again"
        )


def kill_states(bench: Bench, repetitions: int) -> Seen:
    """Kill a study of its own in every state, `repetitions` times each."""
    tally = Tally()
    with bench.site() as site, stopwatch() as elapsed_s:
        durations_s = _undisturbed(bench, site)
        studies = 1
        for _ in range(repetitions):
            for state in STATES:
                studies += 1
                _drop(bench, site, studies)
                workers = list(_shots(bench, site, state, durations_s, tally))
                workers += site.finish()
                tally.repeated += repeated(workers)
        seconds = elapsed_s() / max(1, tally.kills)
        faults = (*faults_of(site, expect=studies), *_work_faults(tally))
    return Seen(repetitions * len(STATES), faults, f"{tally.told()}; {seconds:.1f} s a kill")


def kill_in_a_row(bench: Bench, _repetitions: int) -> Seen:
    """Kill the run of one study in INIT, the run that resumes it in RECEIPT, and so on; three studies for all ten states."""
    tally = Tally()
    with bench.site() as site:
        durations_s = _undisturbed(bench, site)
        for number, states in enumerate(_IN_A_ROW, start=2):
            _drop(bench, site, number)
            workers = [w for state in states for w in _shots(bench, site, state, durations_s, tally, most=2)]
            workers += site.finish()
            tally.repeated += repeated(workers)
        faults = (*faults_of(site, expect=1 + len(_IN_A_ROW)), *_work_faults(tally))
    return Seen(len(STATES), faults, tally.told())


def repeated(workers: list[Worker]) -> list[str]:
    """Return the verbs that a run called although a run before it had kept their checkpoint."""
    kept: set[str] = set()
    again = []
    for worker in workers:
        again += [verb for verb in worker.texts("verb") if verb in kept]
        kept |= set(worker.texts("saved"))
    return again


def _work_faults(tally: Tally) -> Iterator[str]:
    if tally.repeated:
        yield f"work before the last checkpoint was repeated: {', '.join(sorted(set(tally.repeated)))}"


def _undisturbed(bench: Bench, site: Site) -> dict[str, float]:
    """Run one study in peace and return how long it was in each state."""
    _drop(bench, site, 1)
    (worker,) = site.finish()
    return worker.durations_s()


def _drop(bench: Bench, site: Site, number: int) -> None:
    site.drop(bench.study(number), f"kill-{number}")


def _shots(
    bench: Bench, site: Site, state: str, durations_s: dict[str, float], tally: Tally, *, most: int = 3
) -> Iterator[Worker]:
    """Kill runs of the one open study until one dies in `state`, `most` at most; each shot aims earlier than the last."""
    for shot in range(most):
        runs = site.tick()
        if not runs:
            return
        worker = site.launch(runs[0])
        delay_s = bench.rng.uniform(0, durations_s[state]) / (1 << shot)
        if worker.wait_for("state", state):
            worker.listen(delay_s)
        worker.kill()
        tally.kills += 1
        yield worker
        if worker.state() == state and not worker.texts("end"):
            tally.hits[state] += 1
            return


EXPECTED = (
    "Every study ends in COMPLETE or ERROR, released once; a verb whose checkpoint stood is never called again; "
    "nothing half-written stands; the ledger verifies."
)
EVERY_STATE = Experiment("kill", "SIGKILL of the run worker in each of the ten states", EXPECTED, kill_states, 20)
QUICK = Experiment("kill-quick", "Studies killed again and again, state after state", EXPECTED, kill_in_a_row, 1)
