"""Every table of the package, known once this module is imported.

Belongs here: the list of modules that declare tables. Not here: any table. `create_tables` imports it, so that a command
that reads one store makes the tables of all.
"""

from cardio_dagster.stores import access, attempts, basis, holds, jobs, priors, results, review_tables, study_tables
from cardio_dagster.stores.ledger import tables as ledger_tables
from cardio_dagster.stores.notices import tables as notice_tables

MODULES = (
    access,
    attempts,
    basis,
    holds,
    jobs,
    ledger_tables,
    notice_tables,
    priors,
    results,
    review_tables,
    study_tables,
)
