"""An installation in a temporary folder, and the small studies that the tests drop into it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import dagster as dg

from cardio_dagster.definitions import build_definitions
from cardio_dagster.defs.intake import new_study_sensor
from cardio_dagster.demo.studies import drop
from cardio_dagster.orchestration.intake import scan_landing
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.settings import Settings


@dataclass(frozen=True)
class Installation:
    """One installation with its own Dagster instance."""

    settings: Settings
    stores: Stores
    instance: dg.DagsterInstance

    @cached_property
    def definitions(self) -> dg.Definitions:
        """The definitions, bound to this installation."""
        return build_definitions(self.settings)

    def drop(self, write: Callable[[Path], None], name: str = "drop") -> None:
        """Put a complete study into the landing folder."""
        drop(write, self.settings.landing_dir, name)

    def intake(self, write: Callable[[Path], None], name: str = "drop") -> str:
        """Drop a study, let intake register it and return its id; its partition exists then."""
        self.drop(write, name)
        (taken,) = scan_landing(self.stores, None).accepted
        self.instance.add_dynamic_partitions("studies", [taken.study_id])
        return taken.study_id

    def run(self, study_id: str, **options) -> dg.ExecuteInProcessResult:
        """Run the study job on one study."""
        job = self.definitions.resolve_job_def("study")
        return job.execute_in_process(instance=self.instance, partition_key=study_id, raise_on_error=False, **options)

    def run_bulk(self, *study_ids: str) -> dg.ExecuteInProcessResult:
        """Run the bulk job on some studies."""
        job = self.definitions.resolve_job_def("bulk")
        return job.execute_in_process(instance=self.instance, run_config=bulk_config(study_ids), raise_on_error=False)

    def resume(self, run_id: str) -> dg.DagsterRun:
        """Re-execute a run from its failure, as the UI's button does, and return the new run."""
        options = dg.ReexecutionOptions.from_failure(run_id, self.instance)
        job = dg.build_reconstructable_job(__name__, "study_job_of", (str(self.settings.data_dir),))
        tags = {"dagster/partition": self.instance.get_run_by_id(run_id).tags["dagster/partition"]}
        with dg.execute_job(job, self.instance, tags=tags, reexecution_options=options) as result:
            return result.dagster_run

    def tick(self, cursor: str | None = None) -> dg.SensorResult:
        """Evaluate the intake sensor once, as a tick of the daemon does, and add the partitions it asks for."""
        resources = {"stores": self.stores}
        with dg.build_sensor_context(instance=self.instance, cursor=cursor, resources=resources) as context:
            result = new_study_sensor(context)
        for request in result.dynamic_partitions_requests:
            self.instance.add_dynamic_partitions(request.partitions_def_name, request.partition_keys)
        return result

    def row(self, study_id: str):
        """Return what the registry knows of a study."""
        return self.stores.registry().get(study_id)

    def releases(self, study_id: str):
        """Return the releases of a study."""
        return self.stores.results().released(study_id)

    def report(self, study_id: str) -> dict:
        """Return the last report.json of a study."""
        return json.loads((Path(self.releases(study_id)[-1].report_path) / "report.json").read_text())

    def execution(self, study_id: str) -> dict:
        """Return the execution.json beside the last report of a study."""
        return json.loads((Path(self.releases(study_id)[-1].report_path) / "execution.json").read_text())

    def dossier_outcomes(self, study_id: str) -> dict[str, bool]:
        """Return, for each stage and modality of the released dossier, whether it came from a checkpoint."""
        from cardio_dagster.pipeline.dossier import Dossier

        dossier = self.stores.results().stage(study_id, "release", Dossier)
        return {f"{o.state.name}/{o.modality}": o.reused for o in dossier.outcomes}


def bulk_config(study_ids) -> dict:
    """Return the run configuration of the bulk job."""
    return {"ops": {"plan_chunks": {"config": {"study_ids": list(study_ids)}}}}


def study_job_of(data_dir: str) -> dg.JobDefinition:
    """Return the study job of an installation, for Dagster to build it anew."""
    return build_definitions(Settings(data_dir=Path(data_dir))).resolve_job_def("study")


@contextmanager
def installed(folder: Path, *, on_disk: bool = False, **chosen) -> Iterator[Installation]:
    """Make an installation below `folder`; Dagster's own instance lies there too, or in memory, which is twice as fast."""
    folder.mkdir()
    settings = Settings(**{"data_dir": folder / "data", "threads": 2, "quiet_window_s": 0.0, **chosen})
    stores = Stores.of(settings)
    stores.setup_for_execution(dg.build_init_resource_context())
    with dg.instance_for_test(temp_dir=str(folder)) if on_disk else dg.DagsterInstance.ephemeral() as instance:
        yield Installation(settings, stores, instance)


def numbers(*values: float) -> Callable[[Path], None]:
    """Return a writer of a study of the made-up modality `beep`, which takes a millisecond."""

    def write(folder: Path) -> None:
        (folder / "numbers.beep").write_text(" ".join(str(v) for v in values))

    return write


def clinical(age_years: int, priority: str | None = None, **patient: object) -> Callable[[Path], None]:
    """Return a writer of a study of metadata alone, the quickest real one."""

    def write(folder: Path) -> None:
        facts = {"age_years": age_years, "sex": "F", "sbp_mmhg": 128, "heart_rate_bpm": 71, **patient}
        (folder / "metadata.json").write_text(json.dumps({"patient": facts}))
        if priority:
            (folder / "study.json").write_text(json.dumps({"priority": priority}))

    return write


def bad(number: int) -> Callable[[Path], None]:
    """Return a writer of a study of a file that no modality knows."""
    return lambda folder: (folder / "note.txt").write_text(f"note {number}\n")


def events(result: dg.ExecuteInProcessResult, kind: str) -> list:
    """Return what the events of one kind carry."""
    return [e.event_specific_data for e in result.all_events if e.event_type_value == kind]
