"""The jobs: one study through its assets, and the study assets for a backfill from the UI.

Belongs here: asset jobs. Not here: the bulk job (bulk.py), which is made of ops.
Concept: https://docs.dagster.io/guides/build/jobs
"""

import dagster as dg

# In-process: a step costs 0.05 s there and 1 to 3 s in a process of its own.
study_job = dg.define_asset_job(
    "study",
    selection=dg.AssetSelection.groups("study") | dg.AssetSelection.checks_for_assets(),
    description="One study from receipt to its released report.",
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "3600"},
)
