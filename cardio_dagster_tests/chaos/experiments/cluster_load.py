"""A cluster under load: studies of all priorities over HTTP while workers are killed and Redis is restarted.

Belongs here: what comes, how often what is broken, and what must have come of it. Not here: the clients (wards.py) or the
processes (loaded.py).
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from cardio_dagster_tests.chaos.bench import POSTGRES, Bench, Experiment, Seen, stopwatch
from cardio_dagster_tests.chaos.checks import faults_of
from cardio_dagster_tests.chaos.loaded import WORKERS, Loaded, loaded_cluster
from cardio_dagster_tests.chaos.wards import Sending, Wards, percentile
from cardio_dagster_tests.cluster.harness import wait_until

_SHARES = {"stat": 0.10, "urgent": 0.20, "backfill": 0.05}  # the rest is routine
_ORDER = ("stat", "urgent", "routine", "backfill")


@dataclass(frozen=True)
class Load:
    """How fast studies come, and how often what is broken; `stat_p95_s` is the limit, None for none."""

    per_s: float
    kill_every_s: float
    redis_away_s: float
    stat_p95_s: float | None


FULL = Load(per_s=1.0, kill_every_s=20.0, redis_away_s=2.0, stat_p95_s=15.0)
QUICK = Load(per_s=2.0, kill_every_s=6.0, redis_away_s=0.5, stat_p95_s=None)


def load_cluster(bench: Bench, studies: int, load: Load | None = None) -> Seen:
    """Send so many studies, break things until every result is there, and look at the whole installation."""
    load = load or (QUICK if bench.quick else FULL)
    sendings = sendings_of(bench, studies, load.per_s)
    with loaded_cluster(bench) as loaded, stopwatch() as elapsed_s:
        _work(loaded, sendings, load, patience_s=400.0 + 8 * studies)
        took_s = elapsed_s()
        _calm_down(loaded)
        faults = (*faults_of(loaded.site, expect=studies), *ward_faults(sendings, load), *_twice(loaded))
        return Seen(studies, faults, f"{_done(loaded, load, took_s)}; {latencies(sendings)}")


def sendings_of(bench: Bench, studies: int, per_s: float) -> list[Sending]:
    """Return the studies with priorities in fixed shares, in an order and at moments of chance (a Poisson process)."""
    counts = {priority: max(1, round(share * studies)) for priority, share in _SHARES.items()}
    words = [p for p, count in counts.items() for _ in range(count)]
    words += ["routine"] * (studies - len(words))
    bench.rng.shuffle(words)
    due_s, found = 0.0, []
    for number, priority in enumerate(words):
        due_s += bench.rng.expovariate(per_s)
        found.append(Sending(number, priority, due_s, _files(bench, number)))
    return found


def _files(bench: Bench, number: int) -> tuple[tuple[str, bytes], ...]:
    folder = bench.folder / "studies" / str(number)
    folder.mkdir(parents=True)
    bench.study(number + 1)(folder)
    return tuple((path.name, path.read_bytes()) for path in sorted(folder.iterdir()))


def _work(loaded: Loaded, sendings: list[Sending], load: Load, *, patience_s: float) -> None:
    """Let the wards work while a worker is killed again and again, and Redis restarted once half of the studies are sent."""
    broken: list[Exception] = []
    done = threading.Event()
    wards = Wards(loaded.url, *loaded.keys(), sendings)

    def work() -> None:
        try:
            wards.work(patience_s)
        except Exception as error:
            broken.append(error)
        finally:
            done.set()

    threading.Thread(target=work, name="wards", daemon=True).start()
    next_s = time.monotonic() + load.kill_every_s
    while not done.wait(0.5):
        if time.monotonic() < next_s or not loaded.is_whole():  # who kills faster than a worker starts proves nothing
            continue
        next_s = time.monotonic() + load.kill_every_s
        loaded.kill_next()
        if not loaded.restarts and 2 * sum(s.accepted_s is not None for s in sendings) >= len(sendings):
            loaded.restart_redis(load.redis_away_s)
    if broken:
        raise broken[0]


def _calm_down(loaded: Loaded) -> None:
    """Wait until nothing is at work, then end every process, so that what is looked at stands still."""
    wait_until(lambda: not loaded.runs_at_work(), "every run has ended", 180)
    loaded.cluster.stop()


def ward_faults(sendings: list[Sending], load: Load) -> Iterator[str]:
    """Yield what the wards miss: results that never came, that are of other studies, or that came too late."""
    ended = Counter(s.state for s in sendings if s.result_s is not None)
    if ended.total() != len(sendings):
        yield f"{len(sendings) - ended.total()} results never came"
    if set(ended) - {"released", "held"}:
        yield f"results are {dict(ended)}"
    if len({s.study_id for s in sendings}) != len(sendings):
        yield "two jobs have one study"
    stat_s = percentile((s.latency_s for s in sendings if s.priority == "stat"), 0.95)
    if load.stat_p95_s is not None and not stat_s < load.stat_p95_s:
        yield f"STAT p95 is {stat_s:.1f} s"


def _twice(loaded: Loaded) -> Iterator[str]:
    """Yield a fault for what is released twice."""
    released = Counter(row["study_id"] for row in loaded.site.releases())
    if any(count > 1 for count in released.values()):
        yield "a study was released twice"


def _done(loaded: Loaded, load: Load, took_s: float) -> str:
    told, per_worker = loaded.told(), ", ".join(f"{name} {loaded.kills[name]}" for name in WORKERS)
    return (
        f"{loaded.kills.total()} kills ({per_worker}), Redis restarted {loaded.restarts} times and empty, {told['runs']} runs, "
        f"{told['lost']} lost with their worker, {told['sent_again']} tasks sent again, "
        f"{told['left_alone']} second deliveries left alone, {load.per_s:g} studies sent each second, all done after {took_s:.0f} s"
    )


def latencies(sendings: list[Sending]) -> str:
    """Return seconds from the answer 202 to the result in hand by priority: median, 95th percentile, longest."""
    found = []
    for priority in _ORDER:
        values = [s.latency_s for s in sendings if s.priority == priority]
        middle, high, most = percentile(values, 0.5), percentile(values, 0.95), max(values, default=float("nan"))
        found.append(f"{priority} ({len(values)}) {middle:.1f}, {high:.1f}, {most:.1f} s")
    return f"upload to result, median, p95, longest: {'; '.join(found)}"


LOAD = Experiment(
    "cluster",
    "A cluster under load over HTTP, a worker killed every 20 s, Redis restarted once",
    "A result for every study, none twice; STAT p95 from upload to result below 15 s; every job and run ends; the ledger verifies.",
    load_cluster,
    500,
    (POSTGRES,),
)
