"""RECEIPT, DETECTION, FUSION, SCORING, FORMATTING and the release: one op an asset.

Belongs here: assets that need no fan-out in the graph. Not here: the work (pipeline/).
A study in ERROR passes through the stages after its error unchanged and gets its error
response in `report`; `release` then ends the run red.
Concept: https://docs.dagster.io/guides/build/assets
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from cardio_dagster.defs.gates import gate_result, gate_spec
from cardio_dagster.defs.partitions import studies
from cardio_dagster.orchestration.events import STAGES, data_version, materialization_metadata
from cardio_dagster.orchestration.recording import Teller
from cardio_dagster.orchestration.releasing import release_study
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.orchestration.retrying import OUTSIDE_POLICY, by_taxonomy, timed
from cardio_dagster.orchestration.types import DossierType
from cardio_dagster.outcome import State
from cardio_dagster.pipeline.dossier import Dossier, ReleaseStatus
from cardio_dagster.pipeline.settled import settle_fusion, settle_receipt, settle_response, settle_scoring
from cardio_dagster.pipeline.study_run import fan_out
from cardio_dagster.pipeline.versions import code_version

DOOR = "study"
PARQUET, SQL = "parquet_io_manager", "sql_io_manager"


def _shared(stage: str, io_manager_key: str) -> dict[str, Any]:
    return {
        "name": stage,
        "partitions_def": studies,
        "group_name": "study",
        "io_manager_key": io_manager_key,
        "check_specs": [gate_spec(stage)],
        "code_version": code_version(STAGES[stage]),
        "retry_policy": OUTSIDE_POLICY,
        "dagster_type": DossierType,
        "kinds": {"python", "parquet" if io_manager_key == PARQUET else "sql"},
    }


def _result(dossier: Dossier, stage: str, stores: Stores) -> dg.MaterializeResult:
    return dg.MaterializeResult(
        value=dossier,
        metadata=materialization_metadata(dossier, stage, report_url=stores.report_url),
        data_version=dg.DataVersion(data_version(dossier, stage)),
        check_results=[gate_result(dossier, stage)],
    )


@dg.asset(**_shared("receipt", SQL), description="The study as intake registered it, confirmed to lie in the store.")
def receipt(context: dg.AssetExecutionContext, stores: Stores) -> dg.MaterializeResult:
    """Open the study's dossier."""
    with by_taxonomy(context.retry_number + 1):
        row = stores.row(context.partition_key)
        place = timed(context, stores.workplace(row.study))
        dossier = settle_receipt(row.study, place, problems=row.problems, attempt=context.retry_number + 1)
        Teller.of(context, stores, door=DOOR).record(None, dossier, "receipt")
    return _result(dossier, "receipt", stores)


@dg.asset(
    **_shared("detection", PARQUET),
    ins={"dossier": dg.AssetIn("preprocessing")},
    description="Heartbeats and waves, the ventricle, the atrium: what there is to measure, by models and rules.",
)
def detection(context: dg.AssetExecutionContext, dossier: Dossier, stores: Stores) -> dg.MaterializeResult:
    """Find the structures of every modality that is still alive."""
    with by_taxonomy(context.retry_number + 1):
        found = fan_out(dossier, State.DETECTION, timed(context, stores.workplace(dossier.study)))
        Teller.of(context, stores, door=DOOR).record(dossier, found, "detection")
    return _result(found, "detection", stores)


@dg.asset(
    **_shared("fusion", SQL),
    ins={"dossier": dg.AssetIn("analysis")},
    description="One feature table over all modalities, with contradictions between them.",
)
def fusion(context: dg.AssetExecutionContext, dossier: Dossier, stores: Stores) -> dg.MaterializeResult:
    """Combine what the modalities yielded."""
    with by_taxonomy(context.retry_number + 1):
        place = timed(context, stores.workplace(dossier.study))
        fused = settle_fusion(dossier, place, attempt=context.retry_number + 1)
        Teller.of(context, stores, door=DOOR).record(dossier, fused, "fusion")
    return _result(fused, "fusion", stores)


@dg.asset(
    **_shared("scoring", SQL),
    ins={"dossier": dg.AssetIn("fusion")},
    description="Risk scores with their inputs and indications; refused where not indicated.",
)
def scoring(context: dg.AssetExecutionContext, dossier: Dossier, stores: Stores) -> dg.MaterializeResult:
    """Compute every score."""
    with by_taxonomy(context.retry_number + 1):
        place = timed(context, stores.workplace(dossier.study))
        scored = settle_scoring(dossier, place, attempt=context.retry_number + 1)
        Teller.of(context, stores, door=DOOR).record(dossier, scored, "scoring")
    return _result(scored, "scoring", stores)


@dg.asset(
    **_shared("report", SQL),
    ins={"dossier": dg.AssetIn("scoring")},
    description="The report, drafted and verified, in every format; written also when the study ended in ERROR.",
)
def report(context: dg.AssetExecutionContext, dossier: Dossier, stores: Stores) -> dg.MaterializeResult:
    """Write the response."""
    with by_taxonomy(context.retry_number + 1):
        place = timed(context, stores.workplace(dossier.study))
        reports = stores.reports(dossier.study)
        written = settle_response(dossier, reports, place, attempt=context.retry_number + 1)
        Teller.of(context, stores, door=DOOR).record(dossier, written, "report")
    return _result(written, "report", stores)


@dg.asset(
    **_shared("release", SQL),
    ins={"dossier": dg.AssetIn("report")},
    description="The report released, held for review, or closed with its error; recorded once a revision.",
)
def release(context: dg.AssetExecutionContext, dossier: Dossier, stores: Stores) -> Iterator[Any]:
    """Record what becomes of the report and close the study."""
    with by_taxonomy(context.retry_number + 1):
        closed = release_study(dossier, Teller.of(context, stores, door=DOOR))
    yield _result(closed, "release", stores)
    if closed.release is not None and closed.release.status is ReleaseStatus.ERROR:
        raise dg.Failure(
            f"the study ended in ERROR: {', '.join(closed.release.reasons)}; its response is written",
            allow_retries=False,
        )
