"""Many studies at once, one in twenty of them hostile.

Belongs here: the flood. Not here: the hostile files (hostile.py).
"""

import json
from collections import Counter, defaultdict
from functools import partial

import sqlalchemy as sa

from cardio_dagster.demo.studies import ecg_only
from cardio_dagster.stores.database import connect, reading
from cardio_dagster.stores.results import problems
from cardio_dagster_tests.chaos.bench import Bench, Experiment, Seen, patient, stopwatch
from cardio_dagster_tests.chaos.checks import faults_of
from cardio_dagster_tests.chaos.hostile import HOSTILE
from cardio_dagster_tests.chaos.site import Site

_ONE_HOSTILE_IN = 20
_ONE_ECG_IN = 10


def flood(bench: Bench, studies: int) -> Seen:
    """Drop so many studies, let the daemon's ticks ask for bulk runs, and count the ends."""
    with bench.site(threads=2) as site:
        expected = _drop_all(site, studies)
        with stopwatch() as elapsed_s:
            site.finish()
            seconds = elapsed_s()
        codes = _codes(site)
        faults = [*faults_of(site), *_hostile_faults(expected, codes), *_good_faults(site, studies - expected.total())]
        died = sum(worker.texts("end") != ["PIPELINE_SUCCESS"] for worker in site.workers)
    if died:
        faults.append(f"{died} runs failed")
    per_study_ms = 1000 * seconds / studies
    figures = f"{studies} studies, {expected.total()} hostile, {len(site.workers)} runs, {per_study_ms:.0f} ms a study"
    return Seen(1, tuple(faults), figures)


def _drop_all(site: Site, studies: int) -> Counter[str]:
    """Drop the studies and return how many of each hostile kind there are."""
    kinds, dropped = list(HOSTILE), Counter()
    for number in range(studies):
        if number % _ONE_HOSTILE_IN == 7:
            kind = kinds[number // _ONE_HOSTILE_IN % len(kinds)]
            site.drop(partial(HOSTILE[kind][0], number=number), f"s{number}")
            dropped[kind] += 1
        elif number % _ONE_ECG_IN == 3:
            site.drop(partial(ecg_only, seed=number + 1), f"s{number}")
        else:
            site.drop(partial(patient, number=number), f"s{number}")
    return dropped


def _codes(site: Site) -> list[frozenset[str]]:
    """Return the codes of every drop set aside and of every study that ended in ERROR: its own and those of its files."""
    shelf = site.settings.store_dir / "quarantine"
    reasons = [json.loads(path.read_text()) for path in shelf.glob("c-*/*/reason.json")]
    codes = [frozenset(p["code"] for p in reason["problems"]) for reason in reasons]
    of_files = _codes_of_files(site)
    ended = [row for row in site.releases() if row["status"] == "error"]
    return codes + [frozenset(json.loads(row["reasons"])) | of_files[row["study_id"]] for row in ended]


def _codes_of_files(site: Site) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    with reading(connect(site.settings.database)) as connection:
        for row in connection.execute(sa.select(problems.c.study_id, problems.c.code)):
            found[row.study_id] |= {row.code}
    return found


def _hostile_faults(expected: Counter[str], codes: list[frozenset[str]]) -> list[str]:
    """Match every hostile drop with an end of its own."""
    left, faults = list(codes), []
    for kind, count in expected.items():
        for _ in range(count):
            met = next((seen for seen in left if seen & HOSTILE[kind][1]), None)
            if met is None:
                faults.append(f"no end by its code for: {kind}")
            else:
                left.remove(met)
    return faults + [f"an end nobody expected: {', '.join(sorted(seen))}" for seen in left]


def _good_faults(site: Site, good: int) -> list[str]:
    ended = sum(row["status"] != "error" for row in site.releases())
    return [] if ended == good else [f"{ended} good studies were reported instead of {good}"]


FLOOD = Experiment(
    "flood",
    "1,000 studies at once, one in twenty hostile",
    "Every good study has its report; every hostile one is in quarantine or in ERROR under its own code; no run fails; "
    "the ledger verifies.",
    flood,
    1000,
)
