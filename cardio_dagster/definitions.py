"""The code location: every definition below defs/, bound to the resources of this installation.

Belongs here: binding, and nothing else. Resources are made here and nowhere else.
"""

import warnings
from pathlib import Path

import dagster as dg

warnings.filterwarnings("ignore", category=dg.BetaWarning)  # data versions on outputs; pinned with the release line

from cardio_dagster.orchestration.io_managers import ParquetIOManager, SqlIOManager  # noqa: E402
from cardio_dagster.orchestration.resources import Stores  # noqa: E402
from cardio_dagster.settings import Settings, settings  # noqa: E402


def build_definitions(chosen: Settings) -> dg.Definitions:
    """Return all definitions bound to the stores that the settings name."""
    stores = Stores.of(chosen)
    resources = {
        "stores": stores,
        "parquet_io_manager": ParquetIOManager(stores=stores),
        "sql_io_manager": SqlIOManager(stores=stores),
        "memory_io_manager": dg.mem_io_manager,
    }
    found = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    # what is materialized or backfilled in the UI runs in Dagster's own job, else with an interpreter for each asset
    return dg.Definitions.merge(found, dg.Definitions(resources=resources, executor=dg.in_process_executor))


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions of this installation."""
    return build_definitions(settings())
