"""The ledger tampered with in every way, and a million records long.

Belongs here: the rows of the table. Not here: the attacker (stores/ledger/tampering.py) or the stopwatch (benchmarks/ledger.py).
"""

import time

from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Ledger, verify_ledger
from cardio_dagster_tests.chaos.bench import Bench, Experiment, Seen
from cardio_dagster_tests.stores.ledger.tampering import KEY, entry, exhaustive_tampering

_APPENDS = 3000
_BATCH = 1000
_MOST_VERIFY_S, _MOST_APPEND_MS = 60.0, 5.0


def tamper(bench: Bench, records: int) -> Seen:
    """Change every byte, delete, insert and swap every record of a ledger, and count what was named."""
    counts = exhaustive_tampering(records, _empty(bench))
    missed = tuple(
        f"{way}: {c.tried - c.found} of {c.tried:,} escaped" for way, c in counts.items() if c.found != c.tried
    )
    figures = ", ".join(f"{way} {count.found:,} of {count.tried:,}" for way, count in counts.items())
    return Seen(records, missed, f"named: {figures}")


def write_a_million(bench: Bench, records: int) -> Seen:
    """Fill a ledger, measure single appends at its end, each flushed to disk, and verify the whole."""
    from benchmarks.ledger import append_ms

    engine = connect(_empty(bench))
    create_tables(engine)
    ledger, singles = Ledger(engine, KEY), min(_APPENDS, records // 2)
    for start in range(1, records - singles, _BATCH):
        ledger.append(*(entry(n) for n in range(start, min(start + _BATCH, records - singles))))
    median_ms, p99_ms, cpu_ms = append_ms(ledger, records - singles, singles)
    began_s, used_s = time.perf_counter(), time.process_time()
    proof = verify_ledger(engine, KEY, anchor_dir=None)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - used_s
    engine.dispose()
    wrong = {
        "it does not verify": not proof.is_whole or proof.records != records,
        f"verifying took {took_s:.0f} s": took_s >= _MOST_VERIFY_S,
        f"an append took {median_ms:.1f} ms": median_ms >= _MOST_APPEND_MS,
    }
    figures = (
        f"verify {took_s:.1f} s (processor {cpu_s:.1f} s); append median {median_ms:.2f} ms, "
        f"99th percentile {p99_ms:.2f} ms (processor {cpu_ms:.2f} ms)"
    )
    return Seen(records, tuple(what for what, is_so in wrong.items() if is_so), figures)


def _empty(bench: Bench) -> str:
    return bench.server.database() if bench.server else f"sqlite:///{bench.folder / 'ledger.db'}"


TAMPERING = Experiment(
    "ledger-tampering",
    "Ledger: every single-byte change, deletion, insertion and swap",
    "Every one is found, and the record is named.",
    tamper,
    2000,
)
MILLION = Experiment(
    "ledger-million",
    "Ledger of a million records",
    "It verifies in under 60 s; an append, flushed to disk, takes under 5 ms.",
    write_a_million,
    1_000_000,
)
