"""The cohort: every decided study as one row, what its columns mean, and the page that shows them together.

Belongs here: the columns (columns.csv, dictionary.py), a study as a row (study.py, row.py), the tables as files
(tables.py, csv_rows.py) and the page (summary.py, page.py). Not here: which studies were decided or the SQL table
(stores/cohort.py), or the asset (defs/cohort.py).
"""

from cardio_dagster.reporting.cohort.csv_rows import cohort_row
from cardio_dagster.reporting.cohort.dictionary import VERSION, Column, columns
from cardio_dagster.reporting.cohort.row import row_of
from cardio_dagster.reporting.cohort.study import CohortStudy, Decided, Value, read_study

__all__ = ["VERSION", "CohortStudy", "Column", "Decided", "Value", "cohort_row", "columns", "read_study", "row_of"]
