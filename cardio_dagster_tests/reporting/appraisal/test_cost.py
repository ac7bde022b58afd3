import os

import pytest

from cardio_dagster.reporting.appraisal.cost import count_cost
from cardio_dagster.statement import Cost
from cardio_dagster_tests.pipeline.studies import recording, study


def test_bytes_are_counted_on_both_sides(tmp_path):
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "x").write_bytes(b"12345")
    (tmp_path / "a" / "deep" / "y").write_bytes(b"678")
    cost = count_cost(study(recording(1), recording(2)), cpu_s=1.23456, folders=[tmp_path / "a"])
    assert cost == Cost(cpu_s=1.235, bytes_in=8, bytes_stored=8)


def test_a_hard_link_counts_once_and_a_symbolic_link_not_at_all(tmp_path):
    mine, elsewhere = tmp_path / "mine", tmp_path / "elsewhere"
    mine.mkdir()
    elsewhere.write_bytes(b"not of this study")
    (mine / "x").write_bytes(b"12345")
    os.link(mine / "x", mine / "again")
    (mine / "pointer").symlink_to(elsewhere)
    assert count_cost(study(), cpu_s=0, folders=[mine, mine]).bytes_stored == 5


def test_a_folder_that_is_not_there_is_no_zero(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        count_cost(study(), cpu_s=0, folders=[tmp_path / "JANE_DOE"])
    assert "JANE" not in str(caught.value)
