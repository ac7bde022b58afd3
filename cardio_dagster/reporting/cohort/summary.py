"""What the cohort page shows: counts and distributions over the wide table, small ones masked.

Belongs here: counting. Not here: markup (page.py, histogram.py) or the table (tables.py).

Small numbers: a count of 1 to 4 is shown as "<5" and any other rounded to the nearest 5, so that no difference of two
counts tells of fewer than five people; a distribution is shown from 20 values on, without its extremes. The tables
themselves are not masked: they are for those who may read them.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cardio_dagster.reporting.cohort.dictionary import Column, by_group, columns

MIN_COUNT, MIN_VALUES, BINS = 5, 20, 20
STATUSES = ("released", "held", "error", "rejected")
KEY = (
    "age_years", "lvef_pct", "lv_edv_ml", "lv_esv_ml", "la_volume_ml", "wall_motion_score_index", "heart_rate_bpm", "pr_ms",
    "qrs_ms", "qtc_fridericia_ms", "qrs_axis_deg", "sdnn_ms", "sbp_mmhg", "total_cholesterol_mmol_l", "egfr_ml_min_1_73m2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, both exact; `shown` masks them."""

    label: str
    count: int
    of: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """Values of one column in equal bins; `counts` has BINS numbers, () where there are fewer than MIN_VALUES values."""

    column: Column
    known: int
    counts: tuple[int, ...] = ()
    low: float = 0.0
    high: float = 0.0
    quartiles: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Month:
    """The studies received in a month, by what was decided, in the order of STATUSES."""

    month: str
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything that the page shows; the numbers are exact, the page masks them."""

    studies: int
    measured: int
    statuses: tuple[Share, ...]
    degraded: tuple[Share, ...]  # by coverage
    months: tuple[Month, ...]
    gates: tuple[Share, ...]  # not passed, of those judged
    measurements: tuple[Distribution, ...]
    scores: tuple[Distribution, ...]
    implausible: tuple[str, ...]  # columns with a value that they do not allow

    @property
    def degraded_share(self) -> float | None:
        """Return the share of the studies with a readable report that were degraded; None without one."""
        of = sum(share.of for share in self.degraded)
        return sum(share.count for share in self.degraded) / of if of else None


def masked(count: int) -> str:
    """Return a count as it may be shown.

    >>> [masked(n) for n in (0, 3, 5, 12, 13)]
    ['0', '<5', '5', '10', '15']
    """
    return f"<{MIN_COUNT}" if 0 < count < MIN_COUNT else str((2 * count + MIN_COUNT) // (2 * MIN_COUNT) * MIN_COUNT)


def share_shown(share: Share) -> str:
    """Return a share in whole percent of the masked counts; a dash where either is small or nothing was counted."""
    count, of = masked(share.count), masked(share.of)
    if "<" in count + of or of == "0" or share.of < MIN_VALUES:
        return "\N{EN DASH}"
    return f"{100 * int(count) / int(of):.0f} %"


def summarise(path: Path) -> Summary:
    """Count over the wide Parquet table, column by column."""
    with pq.ParquetFile(path) as file:

        def read(*names: str) -> pa.Table:
            return file.read(columns=list(names))

        about = read("release_status", "is_measured", "coverage", "is_degraded", "received_at")
        status = Counter(about["release_status"].to_pylist())
        return Summary(
            studies=about.num_rows,
            measured=sum(about["is_measured"].to_pylist()),
            statuses=tuple(Share(name, status[name], about.num_rows) for name in STATUSES),
            degraded=_degraded(about),
            months=_months(about),
            gates=tuple(_gate(c, read(c.column)[c.column].to_pylist()) for c in by_group("gate")),
            measurements=tuple(_distribution(c, read(c.column)) for c in columns() if c.column in KEY),
            scores=tuple(_distribution(c, read(c.column)) for c in by_group("score")),
            implausible=tuple(c.column for c in columns() if not _plausible(c, read(c.column))),
        )


def _degraded(table: pa.Table) -> tuple[Share, ...]:
    pairs = Counter(zip(table["coverage"].to_pylist(), table["is_degraded"].to_pylist(), strict=True))
    words = next(c for c in columns() if c.column == "coverage").words
    return tuple(Share(w, pairs[w, True], pairs[w, True] + pairs[w, False]) for w in words)


def _months(table: pa.Table) -> tuple[Month, ...]:
    received = (None if at is None else at[:7] for at in table["received_at"].to_pylist())
    pairs = Counter(zip(received, table["release_status"].to_pylist(), strict=True))
    months = sorted({month for month, _ in pairs if month})
    return tuple(Month(month, tuple(pairs[month, status] for status in STATUSES)) for month in months)


def _gate(column: Column, passed: list[bool | None]) -> Share:
    return Share(column.label.removeprefix("Gate passed: "), passed.count(False), len(passed) - passed.count(None))


def _values(column: Column, table: pa.Table) -> np.ndarray:
    return np.asarray(table[column.column].drop_null().to_numpy(), dtype=float)


def _distribution(column: Column, table: pa.Table) -> Distribution:
    """Bin from the 1st to the 99th percentile, widened to the reference range; what lies beyond joins the outermost bins."""
    values = _values(column, table)
    if len(values) < MIN_VALUES:
        return Distribution(column, len(values))
    limits = [v for v in (column.reference_low, column.reference_high) if v is not None]
    low, high = (float(v) for v in np.percentile(values, (1, 99)))
    low, high = min(low, *limits, high), max(high, *limits, low)
    high = high if high > low else low + 1.0
    counts, _ = np.histogram(np.clip(values, low, high), bins=BINS, range=(low, high))
    first, middle, third = (float(v) for v in np.percentile(values, (25, 50, 75)))
    return Distribution(column, len(values), tuple(int(n) for n in counts), low, high, (first, middle, third))


def _plausible(column: Column, table: pa.Table) -> bool:
    if column.limits is None:
        return True
    values = _values(column, table)
    return bool(np.all((values >= column.limits[0]) & (values <= column.limits[1])))
