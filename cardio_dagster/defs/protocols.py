"""protocols: the protocol notes, read and indexed anew, and the check that each of them says where it comes from.

Belongs here: the asset, its check and its job. Not here: the format of a note or the search (evidence/).
Concept: https://docs.dagster.io/guides/build/assets
"""

from pathlib import Path

import dagster as dg

from cardio_dagster.evidence.cache import INDEX_FILE
from cardio_dagster.evidence.corpus import SITE, corpus_sha256, doi_of, load_passages
from cardio_dagster.evidence.index import VERSION, build_index, save_index
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.statement import Passage

PROTOCOLS, REFERENCED = "protocols", "every_passage_has_references"
EVIDENCE_DIR = "evidence"  # below the store, as Stores.desk has it


@dg.asset(
    name=PROTOCOLS,
    group_name="evidence",
    code_version=VERSION,
    check_specs=[
        dg.AssetCheckSpec(REFERENCED, asset=PROTOCOLS, description="Each passage names a work that it rests on.")
    ],
    kinds={"python", "markdown"},
    description="The protocol notes of the package and of the site, indexed for the search that reports cite from.",
)
def protocols(stores: Stores) -> dg.MaterializeResult:
    """Read every note, build the index and write it into the store; a note that is not in the format fails the run."""
    passages = load_passages(Path(stores.evidence_notes) if stores.evidence_notes else None)
    index = build_index(passages)
    size = save_index(index, Path(stores.store_dir) / EVIDENCE_DIR / INDEX_FILE)
    sha256 = corpus_sha256(passages)
    return dg.MaterializeResult(
        metadata={
            "passages": len(passages),
            "of_the_site": sum(p.passage_id.startswith(SITE) for p in passages),
            "words": len(index.vocabulary),
            "bytes": size,
            "sha256": sha256,
        },
        data_version=dg.DataVersion(sha256),
        check_results=[_references(passages)],
    )


def _references(passages: tuple[Passage, ...]) -> dg.AssetCheckResult:
    without = [p.passage_id for p in passages if not p.references]
    works = {reference for p in passages for reference in p.references}
    return dg.AssetCheckResult(
        passed=not without,
        asset_key=PROTOCOLS,
        check_name=REFERENCED,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"without": without, "works": len(works), "works_with_doi": sum(doi_of(w) is not None for w in works)},
    )


reindex_job = dg.define_asset_job(
    "reindex_protocols",
    selection=dg.AssetSelection.assets(PROTOCOLS),
    description="Read the protocol notes again after they were changed.",
    executor_def=dg.in_process_executor,
    tags={"dagster/max_runtime": "3600"},
)
