"""IO managers: how values pass between assets and ops, without pickle.

Belongs here: the mapping from Dagster's outputs to our stores. Not here: file formats
(stores/codec.py) or tables (stores/results.py).

A value lies under its study, not under its run, so that a re-execution from failure finds
what an earlier run of the same study made.
"""

import re
from typing import Any

import dagster as dg

from cardio_dagster.orchestration.nameless import named, nameless
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.stores.checkpoints import BranchHead, BranchResult

IS_BRANCH = "branch"  # metadata of an output that is stored as a checkpoint and read as its head


class ParquetIOManager(dg.ConfigurableIOManager):
    """Branch results and the dossiers of the checkpointed stages, as Parquet on any fsspec path.

    The data of a branch go to its checkpoint, unless that stands already. Its head is stored as
    a record as well, because the head at the checkpoint tells of the run that made it, and a
    barrier must know what this run took over. The next stage fetches the data when it works on them.
    """

    stores: dg.ResourceDependency[Stores]

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Store a branch result under study, state and modality and as its head, anything else as a record."""
        checkpoints = self.stores.checkpoints()
        if isinstance(obj, BranchResult):
            head = obj.head if obj.head.outcome.reused else checkpoints.save(obj)
            checkpoints.save_record(context.partition_key, _record_name(context), head)
            return
        path = checkpoints.save_record(context.partition_key, _record_name(context), nameless(obj, self.stores))
        if context.has_asset_key:
            context.add_output_metadata({"checkpoint": dg.MetadataValue.path(path)})

    def load_input(self, context: dg.InputContext) -> Any:
        """Return the head of a branch, or the record as the type that the input is annotated with."""
        upstream = context.upstream_output
        if upstream is None:
            raise dg.DagsterInvariantViolationError("the Parquet IO manager loads outputs of other steps only")
        is_branch = IS_BRANCH in (upstream.definition_metadata or {})
        kind = BranchHead if is_branch else context.dagster_type.typing_type
        record = self.stores.checkpoints().record(context.partition_key, _record_name(upstream), kind)
        return record if is_branch else named(record, self.stores)


class SqlIOManager(dg.ConfigurableIOManager):
    """The dossiers of the quick stages and the results in SQL, SQLite or PostgreSQL by one setting."""

    stores: dg.ResourceDependency[Stores]

    def handle_output(self, context: dg.OutputContext, obj: Dossier) -> None:
        """Store the dossier under study and stage; from scoring on, also the rows of its results."""
        results = self.stores.results()
        stage = context.asset_key.to_user_string()
        results.save_stage(obj.study.study_id, obj.study.revision, stage, obj.state, nameless(obj, self.stores))
        if stage == "scoring":
            context.add_output_metadata({"rows": self.stores.keep_results(obj)})

    def load_input(self, context: dg.InputContext) -> Dossier:
        """Return the dossier of the upstream stage; raises FileNotFoundError if there is none."""
        stage = context.asset_key.to_user_string()
        dossier = self.stores.results().stage(context.partition_key, stage, Dossier)
        if dossier is None:
            raise FileNotFoundError(f"no {stage} of {context.partition_key}; materialize it first")
        return named(dossier, self.stores)


def _record_name(context: Any) -> str:
    """Return the asset's name, or the step with its mapping key for values inside a graph."""
    if context.has_asset_key:
        return f"{context.asset_key.to_user_string()}/dossier"
    mapping = f".{context.mapping_key}" if context.mapping_key else ""
    return "steps/" + re.sub(r"[^\w.]", ".", context.step_key) + mapping
