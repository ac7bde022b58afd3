"""File names stay in the registry, and the place of the store in the settings: what Dagster's IO managers store has neither.

A hospital names files after patients. Only RECEIPT and VALIDATION open files; so dossiers and
tasks are stored without paths and get them back from the registry when they are loaded. A report is named by its place
below the reports, so that a store that was moved or restored elsewhere goes on.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.pipeline.branch_task import BranchTask
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.stores.report_paths import kept_path, path_of

T = TypeVar("T", Dossier, BranchTask)


def nameless(item: T, stores: Stores) -> T:
    """Return a dossier or task whose recordings have no path, and whose report is named by its place below the reports."""
    bare = tuple(replace(r, path="", companions=()) for r in item.study.recordings)
    placed = _report(item, lambda path: kept_path(path, stores.reports_dir))
    return replace(item, study=replace(item.study, recordings=bare), **placed)


def named(item: T, stores: Stores) -> T:
    """Return a dossier or task with its study as the registry knows it, and with the whole path of its report."""
    study = stores.row(item.study.study_id, item.study.revision).study
    return replace(item, study=study, **_report(item, lambda path: str(path_of(path, stores.reports_dir))))


def _report(item: Dossier | BranchTask, place: Callable[[str], str]) -> dict[str, Any]:
    """Return the field of a dossier that names its report, by another name of the place; nothing where there is no report yet."""
    path = item.report_path if isinstance(item, Dossier) else None
    return {} if path is None else {"report_path": place(path)}
