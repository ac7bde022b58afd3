"""What may be wrong with a cohort table that was just written.

Belongs here: looking at the files once more. Not here: making them (cohort.py).
"""

import pyarrow.parquet as pq

from cardio_dagster.orchestration.cohort import Cohort
from cardio_dagster.reporting.cohort.dictionary import columns
from cardio_dagster.reporting.cohort.tables import COHORT


def table_faults(made: Cohort) -> list[str]:
    """Return a sentence for each fault; none where the table is sound. The sentences name columns, never a study."""
    with pq.ParquetFile(made.folder / COHORT) as file:
        names = file.schema_arrow.names
        ids = file.read(columns=["study_id"])["study_id"].to_pylist() if "study_id" in names else []
    expected = [column.column for column in columns()]
    found = {
        f"columns differ from the dictionary: {sorted(set(expected) ^ set(names))}": names != expected,
        f"{len(ids) - len(set(ids))} studies stand there twice": len(ids) != len(set(ids)),
        f"values beyond what is allowed in {', '.join(made.summary.implausible)}": bool(made.summary.implausible),
        f"{made.tables.unread} reports could not be read": made.tables.unread > 0,
        f"{made.sql_rows} rows in SQL, {made.tables.rows} in Parquet": made.sql_rows != made.tables.rows,
    }
    return [sentence for sentence, is_so in found.items() if is_so]
