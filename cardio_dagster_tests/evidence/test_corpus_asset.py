"""The asset `protocols`: unpartitioned, versioned by the content of the notes, with a check of its references."""

import dagster as dg
import pytest

from cardio_dagster.defs.protocols import EVIDENCE_DIR, REFERENCED, _references, protocols, reindex_job
from cardio_dagster.evidence.corpus import corpus_sha256, load_passages
from cardio_dagster.evidence.index import load_index
from cardio_dagster.orchestration.resources import Stores
from cardio_dagster.settings import Settings
from cardio_dagster.statement import Passage
from cardio_dagster_tests.evidence.notes import NOTE


@pytest.fixture
def run(tmp_path):
    instance = dg.DagsterInstance.ephemeral()

    def materialize(notes=None, **options):
        stores = Stores.of(Settings(data_dir=tmp_path / "data", evidence_notes=notes))
        return dg.materialize([protocols], instance=instance, resources={"stores": stores}, **options)

    with instance:
        yield materialize, tmp_path / "data" / "store" / EVIDENCE_DIR / "index.npz"


def only_materialization(result):
    (event,) = result.asset_materializations_for_node("protocols")
    return event


def test_the_index_lies_in_the_store_and_the_event_tells_of_it(run):
    materialize, path = run
    event = only_materialization(materialize())
    passages = load_passages()
    assert load_index(path, passages).passage_ids == tuple(p.passage_id for p in passages)
    told = {name: value.value for name, value in event.metadata.items()}
    assert told["passages"] == len(passages)
    assert told["of_the_site"] == 0
    assert told["bytes"] == path.stat().st_size
    assert told["sha256"] == event.tags["dagster/data_version"] == corpus_sha256(passages)
    assert event.partition is None


def test_the_same_notes_have_the_same_data_version_and_other_notes_another(run, tmp_path):
    materialize, path = run
    first = only_materialization(materialize())
    content = path.read_bytes()
    assert only_materialization(materialize()).tags == first.tags
    assert path.read_bytes() == content
    (tmp_path / "local.md").write_text(NOTE)
    own = only_materialization(materialize(tmp_path))
    assert own.metadata["of_the_site"].value == 2
    assert own.tags["dagster/data_version"] != first.tags["dagster/data_version"]


def test_the_check_passes_and_counts_works(run):
    materialize, _ = run
    (checked,) = materialize().get_asset_check_evaluations()
    assert (checked.check_name, checked.passed) == (REFERENCED, True)
    assert checked.metadata["works"].value >= checked.metadata["works_with_doi"].value >= 40


def test_the_check_names_a_passage_without_references():
    bare = Passage("a#b", "t", "x", (), ("y",), "")
    result = _references((bare, *load_passages()))
    assert (result.passed, result.metadata["without"].value) == (False, ["a#b"])


def test_a_wrong_note_fails_the_run_and_leaves_the_old_index(run, tmp_path):
    materialize, path = run
    materialize()
    content = path.read_bytes()
    (tmp_path / "local.md").write_text(NOTE.replace("topics: lvef_pct\n", ""))
    assert not materialize(tmp_path, raise_on_error=False).success
    assert path.read_bytes() == content


def test_the_job_runs_the_asset_alone():
    job = reindex_job.resolve(
        asset_graph=dg.Definitions(assets=[protocols], resources={"stores": None}).resolve_asset_graph()
    )
    assert set(job.asset_layer.executable_asset_keys) == {dg.AssetKey("protocols")}


def test_the_index_lies_where_a_study_looks_for_it(tmp_path):
    stores = Stores.of(Settings(data_dir=tmp_path))
    assert stores.desk().evidence_dir == str(tmp_path / "store" / EVIDENCE_DIR)
