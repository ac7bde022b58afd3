"""File names stay in the registry: what Dagster's IO managers store of a study has none.

A hospital names files after patients. Only RECEIPT and VALIDATION open files; so dossiers and
tasks are stored without paths and get them back from the registry when they are loaded.
"""

from dataclasses import replace
from typing import TypeVar

from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.pipeline.branch_task import BranchTask
from cardio_dagster.pipeline.dossier import Dossier

T = TypeVar("T", Dossier, BranchTask)


def nameless(item: T) -> T:
    """Return a dossier or task whose recordings have no path."""
    bare = tuple(replace(r, path="", companions=()) for r in item.study.recordings)
    return replace(item, study=replace(item.study, recordings=bare))


def named(item: T, stores: Stores) -> T:
    """Return a dossier or task with its study as the registry knows it."""
    return replace(item, study=stores.row(item.study.study_id, item.study.revision).study)
