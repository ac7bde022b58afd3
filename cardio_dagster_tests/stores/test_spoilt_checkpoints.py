"""A checkpoint that a disk spoilt is never taken for a whole one: it reads as it was written, or not at all."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import DependencyError
from cardio_dagster.outcome import Outcome, State, Status
from cardio_dagster.stores.checkpoints import BranchHead, BranchResult, ParquetCheckpoints
from cardio_dagster.stores.codec import content_hash, to_table
from cardio_dagster_tests.pipeline.studies import Beep

OUTCOME = Outcome(State.DETECTION, "ecg", Status.OK, (), (), 1.0, 1.0)
HEAD = BranchHead("s-1", 1, "key", OUTCOME, 0.0, 1.0)
DATA = {
    "r01": Beep(np.linspace(-1, 1, 300), "a"),
    "r02": Beep(np.array([np.nan, -0.0, np.inf]), "ä"),
    "r03": Beep(np.zeros((2, 3, 4), np.float64), ""),
}


def same(one: Beep, other: Beep) -> bool:
    return one.label == other.label and one.samples.tobytes() == other.samples.tobytes()


def saved(folder: Path) -> tuple[ParquetCheckpoints, Path]:
    checkpoints = ParquetCheckpoints(str(folder))
    checkpoints.save(BranchResult(HEAD, {"r01": DATA["r01"], "r02": DATA["r02"]}))
    return checkpoints, folder / "s-1" / "detection" / "ecg.parquet"


@pytest.mark.parametrize("chosen", [("r01", "r02"), ("r03",), ()], ids=["numbers", "planes", "nothing"])
def test_what_is_stored_reads_back_with_its_own_hash(chosen, tmp_path):
    checkpoints = ParquetCheckpoints(str(tmp_path))
    data = {rid: DATA[rid] for rid in chosen}
    head = checkpoints.save(BranchResult(HEAD, data))
    assert head.content_sha256 == content_hash(to_table(data))
    back = checkpoints.data("s-1", State.DETECTION, "ecg", Beep)
    assert all(same(back[rid], data[rid]) for rid in data)
    assert list(back) == list(chosen)


@settings(max_examples=150, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found_or_changes_nothing(place, bit, tmp_path_factory):
    folder = tmp_path_factory.mktemp("flip")
    checkpoints, path = saved(folder)
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        back = checkpoints.data("s-1", State.DETECTION, "ecg", Beep)
    except ValueError:
        return
    assert all(same(back[rid], DATA[rid]) for rid in ("r01", "r02"))


def test_the_content_of_another_study_under_this_head_is_refused(tmp_path):
    checkpoints, path = saved(tmp_path)
    mine = pq.read_table(path)
    other = to_table({"r01": Beep(np.linspace(-1, 1, 300) + 1e-12, "a"), "r02": DATA["r02"]})
    pq.write_table(other.replace_schema_metadata(mine.schema.metadata), path)
    assert checkpoints.head("s-1", State.DETECTION, "ecg").key == "key"
    with pytest.raises(ValueError, match="does not match its hash"):
        checkpoints.data("s-1", State.DETECTION, "ecg", Beep)


def test_a_store_that_takes_nothing_is_a_dependency_and_no_fault_of_the_study(tmp_path):
    (tmp_path / "file").touch()
    checkpoints = ParquetCheckpoints(str(tmp_path / "file"))
    with pytest.raises(DependencyError, match=r"^checkpoint store: detection/ecg of s-1 cannot be kept") as caught:
        checkpoints.save(BranchResult(HEAD, DATA))
    assert str(tmp_path) not in str(caught.value)
