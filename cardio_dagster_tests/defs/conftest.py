"""An installation in a temporary folder: settings, stores, definitions, a Dagster instance."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from cardio_dagster.definitions import build_definitions
from cardio_dagster.demo.studies import drop
from cardio_dagster.orchestration.intake import scan_landing
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.settings import Settings


@dataclass(frozen=True)
class Installation:
    """One installation with its own Dagster instance."""

    settings: Settings
    stores: Stores
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def intake(self, write: Callable[[Path], None], name: str = "drop") -> str:
        """Drop a study, let intake register it and return its id; its partition exists then."""
        drop(write, self.settings.landing_dir, name)
        (taken,) = scan_landing(self.stores, None).accepted
        self.instance.add_dynamic_partitions("studies", [taken.study_id])
        return taken.study_id

    def run(self, study_id: str, **options) -> dg.ExecuteInProcessResult:
        """Run the study job on one study."""
        job = self.definitions.resolve_job_def("study")
        return job.execute_in_process(instance=self.instance, partition_key=study_id, raise_on_error=False, **options)


@pytest.fixture
def installation(tmp_path):
    chosen = Settings(data_dir=tmp_path / "data", threads=2, quiet_window_s=0.0)
    stores = Stores.of(chosen)
    stores.setup_for_execution(dg.build_init_resource_context())
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        yield Installation(chosen, stores, build_definitions(chosen), instance)
