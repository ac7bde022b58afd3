"""What the experiments share: where they run, what they say, and a fresh installation of their own.

Belongs here: the words of a row of the table, and sites on both databases. Not here: any experiment.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from cardio_dagster.demo.studies import fibrillation
from cardio_dagster_tests.chaos.installing import site_on
from cardio_dagster_tests.chaos.postgres import Server
from cardio_dagster_tests.chaos.site import Site

SQLITE, POSTGRES = "SQLite", "PostgreSQL"


@dataclass(frozen=True)
class Seen:
    """What an experiment saw: how often it was done, every fault, and figures for people; or why it could not be done."""

    repetitions: int
    faults: tuple[str, ...] = ()
    figures: str = ""
    skipped: str | None = None


def patient(folder: Path, *, number: int) -> None:
    """Write the quickest study: the metadata of one of a few thousand invented patients."""
    facts = {"age_years": 30 + number % 60, "sex": "FM"[number % 2], "height_cm": 150 + number / 50, "sbp_mmhg": 128}
    (folder / "metadata.json").write_text(json.dumps({"patient": facts}))


@dataclass
class Bench:
    """A folder, a database, and a source of chance with a fixed seed; `quick` takes the smallest studies."""

    folder: Path
    database: str
    server: Server | None
    rng: random.Random = field(default_factory=lambda: random.Random(20261122))
    sites: int = 0
    quick: bool = False

    def study(self, number: int) -> Callable[[Path], None]:
        """Return the writer of a study: an ECG with metadata, or in the quick form metadata alone."""
        return partial(patient, number=number) if self.quick else partial(fibrillation, seed=number)

    @contextmanager
    def site(self, *, url: str | None = None, **chosen) -> Iterator[Site]:
        """Make an installation on the bench's database, or on the one of `url`."""
        self.sites += 1
        if self.server is not None and url is None:
            url = self.server.database()
        with site_on(self.folder / f"site{self.sites}", url=url, dagster_url=self._own(url), **chosen) as site:
            yield site

    def _own(self, url: str | None) -> str | None:
        """Return the URL of Dagster's storage: a database of its own, so that either can be filled or destroyed alone."""
        return self.server.database() if self.server is not None and url is not None else None


@dataclass(frozen=True)
class Experiment:
    """One experiment with its expected state, written down before it is run."""

    key: str
    title: str
    expected: str
    run: Callable[[Bench, int], Seen]
    repetitions: int  # of the full form
    databases: tuple[str, ...] = (SQLITE, POSTGRES)


@contextmanager
def stopwatch() -> Iterator[Callable[[], float]]:
    """Measure seconds."""
    started_s = time.monotonic()
    yield lambda: time.monotonic() - started_s


def stolen(before: Any, after: Any) -> str:
    """Return how much of the processor's time other machines had meanwhile, as the kernel tells; nothing below a twentieth.

    >>> from collections import namedtuple
    >>> times = namedtuple("times", "user idle steal")
    >>> stolen(times(0, 0, 0), times(30, 30, 40)), stolen(times(0, 0, 0), times(90, 10, 0))
    ('; 40 % of the processor went to other machines', '')
    """
    share = (getattr(after, "steal", 0.0) - getattr(before, "steal", 0.0)) / max(1.0, sum(after) - sum(before))
    return f"; {100 * share:.0f} % of the processor went to other machines" if share >= 0.05 else ""
