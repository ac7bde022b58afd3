"""The jobs: one study through its assets, and the study assets for a backfill from the UI.

Belongs here: asset jobs. Not here: the bulk job (bulk.py), which is made of ops.
Concept: https://docs.dagster.io/guides/build/jobs
"""

import dagster as dg

from cardio_dagster.orchestration.runs import MAX_RUNTIME_TAG, max_runtime_s
from cardio_dagster.settings import settings

# In-process: a step costs 0.05 s there and 1 to 3 s in a process of its own.
study_job = dg.define_asset_job(
    "study",
    selection=dg.AssetSelection.groups("study") | dg.AssetSelection.checks_for_assets(),
    description="One study from receipt to its released report.",
    executor_def=dg.in_process_executor,
    tags={MAX_RUNTIME_TAG: max_runtime_s(settings().study_deadline_s, settings().decision_deadline_s)},
)
