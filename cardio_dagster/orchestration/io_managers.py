"""IO managers: how values pass between assets and ops, without pickle.

Belongs here: the mapping from Dagster's outputs to our stores. Not here: file formats
(stores/codec.py) or tables (stores/results.py).

A value lies under its study, not under its run, so that a re-execution from failure finds
what an earlier run of the same study made.
"""

import re
from typing import Any

import dagster as dg

from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.pipeline.records import study_results
from cardio_dagster.stores.checkpoints import BranchResult


class ParquetIOManager(dg.ConfigurableIOManager):
    """Branch results and the dossiers of the checkpointed stages, as Parquet on any fsspec path.

    The output of a branch is stored with its data and read as its head alone: the next stage
    fetches the data of its own modality when it works on it, and a barrier needs none.
    """

    stores: dg.ResourceDependency[Stores]

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Store a branch result under study, state and modality, anything else as a record."""
        checkpoints = self.stores.checkpoints()
        if isinstance(obj, BranchResult):
            if not obj.head.outcome.reused:
                checkpoints.save(obj)
            return
        path = checkpoints.save_record(context.partition_key, _record_name(context), obj)
        if context.has_asset_key:
            context.add_output_metadata({"checkpoint": dg.MetadataValue.path(path)})

    def load_input(self, context: dg.InputContext) -> Any:
        """Return the head of a branch, or the record as the type that the input is annotated with."""
        upstream = context.upstream_output
        if upstream is None:
            raise dg.DagsterInvariantViolationError("the Parquet IO manager loads outputs of other steps only")
        checkpoints = self.stores.checkpoints()
        study_id = context.partition_key
        state = (upstream.definition_metadata or {}).get("state")
        if state is not None:
            head = checkpoints.head(study_id, State[state], _mapping_key(upstream.step_key))
            if head is None:
                raise FileNotFoundError(f"no checkpoint {state} {upstream.step_key} of {study_id}; run its stage again")
            return head
        return checkpoints.record(study_id, _record_name(upstream), context.dagster_type.typing_type)


class SqlIOManager(dg.ConfigurableIOManager):
    """The dossiers of the quick stages and the results in SQL, SQLite or PostgreSQL by one setting."""

    stores: dg.ResourceDependency[Stores]

    def handle_output(self, context: dg.OutputContext, obj: Dossier) -> None:
        """Store the dossier under study and stage; from scoring on, also the rows of its results."""
        results = self.stores.results()
        stage = context.asset_key.to_user_string()
        results.save_stage(obj.study.study_id, obj.study.revision, stage, obj.state, obj)
        if stage == "scoring":
            rows = study_results(obj)
            results.save(rows)
            context.add_output_metadata({"rows": len(rows.measurements) + len(rows.findings) + len(rows.scores)})

    def load_input(self, context: dg.InputContext) -> Dossier:
        """Return the dossier of the upstream stage; raises FileNotFoundError if there is none."""
        stage = context.asset_key.to_user_string()
        dossier = self.stores.results().stage(context.partition_key, stage, Dossier)
        if dossier is None:
            raise FileNotFoundError(f"no {stage} of {context.partition_key}; materialize it first")
        return dossier


def _record_name(context: Any) -> str:
    """Return the asset's name, or the step with its mapping key for values inside a graph."""
    if context.has_asset_key:
        return f"{context.asset_key.to_user_string()}/dossier"
    mapping = f".{context.mapping_key}" if context.mapping_key else ""
    return "steps/" + re.sub(r"[^\w.]", ".", context.step_key) + mapping


def _mapping_key(step_key: str) -> str:
    match = re.search(r"\[(.+)\]$", step_key)
    if match is None:
        raise ValueError(f"{step_key} is no mapped step")
    return match.group(1)
