"""Night, history, standing run and page."""

import re

import msgspec
import pyarrow.parquet as pq
import pytest

from cardio_dagster.errors import SettingsError
from cardio_dagster.evaluation.history import keep, read_history
from cardio_dagster.evaluation.night import make_night
from cardio_dagster.evaluation.page.make import to_page
from cardio_dagster.evaluation.page.words import change_text, verdict_text
from cardio_dagster.evaluation.standing import Standing, read_standing, set_standing
from cardio_dagster_tests.evaluation.made import errors, patients, run

GOOD, BAD = run(patients(errors())), run(patients(errors() * 1.5))


def test_the_first_night_has_nothing_to_compare_with():
    night = make_night("2026-03-01", GOOD, None)
    assert (night.changes, night.worse, night.unpromoted, night.standing_since) == ((), (), (), None)


def test_a_worse_night_says_so_and_a_better_one_does_not():
    night = make_night("2026-03-02", BAD, Standing("2026-03-01", GOOD))
    assert [c.metric for c in night.worse] == ["camus_lvef_mae_pct"]
    assert verdict_text(night.worse[0]) == "worse"
    assert " worse (" in change_text(night.worse[0])
    better = make_night("2026-03-02", GOOD, Standing("2026-03-01", BAD))
    assert better.worse == ()
    assert " better (" in change_text(next(c for c in better.changes if c.metric == "camus_lvef_mae_pct"))


def test_what_was_never_promoted_is_named():
    other = run(GOOD.observed, models=(("echo_segmentation", "3", "b" * 64),), gates=(("g", "1", 0.5, None),))
    assert make_night("n", other, Standing("m", GOOD)).unpromoted == ("gate g", "model echo_segmentation")


def test_a_set_that_was_not_measured_is_named_and_is_no_drop():
    other = run(tuple(o for o in patients(errors(), case_set="sim_ecg")), has_reference=False)
    night = make_night("n", other, Standing("m", GOOD))
    assert night.unmeasured == ("CAMUS four-chamber stills, held-out patients",)
    assert night.worse == ()


def test_standing_runs_come_back_as_they_were(tmp_path):
    assert read_standing(tmp_path, "nightly") is None
    set_standing(tmp_path, Standing("2026-03-01", GOOD))
    assert read_standing(tmp_path, "nightly") == Standing("2026-03-01", GOOD)
    full = run(GOOD.observed, size="full", models=(("echo_segmentation", "3", "b" * 64),))
    set_standing(tmp_path, Standing("2026-03-02", full))  # of other models: the nightly one is no standard any more
    assert read_standing(tmp_path, "nightly") is None


def test_a_spoilt_standing_run_does_not_become_a_first_night(tmp_path):
    (tmp_path / "standing-nightly.json").write_text("{}")
    with pytest.raises(SettingsError, match="remove it to begin anew"):
        read_standing(tmp_path, "nightly")


def test_history_has_one_row_a_metric_a_night(tmp_path):
    path = tmp_path / "history.parquet"
    one, two = (make_night(f"2026-03-0{n}", GOOD, Standing("m", GOOD)) for n in (1, 2))
    for night in (two, one, two):
        keep(path, night, "sha")
    rows = read_history(path)
    assert [r["night"] for r in rows] == sorted(r["night"] for r in rows)
    keys = [(r["night"], r["metric"]) for r in rows]
    assert len(keys) == len(set(keys)) == 2 * len(one.figures)
    assert next(r for r in rows if r["metric"] == "camus_lvef_mae_pct")["verdict"] == "not worse"
    assert pq.read_schema(path).names[0] == "night"


def test_equal_nights_give_equal_bytes(tmp_path):
    nights = [make_night("2026-03-02", BAD, Standing("2026-03-01", GOOD)) for _ in range(2)]
    assert msgspec.json.encode(nights[0]) == msgspec.json.encode(nights[1])
    rows = keep(tmp_path / "h", nights[0], "sha")
    assert to_page(nights[0], rows) == to_page(nights[1], rows)


def test_the_page_says_it_first_and_asks_nobody():
    page = to_page(make_night("2026-03-02", BAD, Standing("2026-03-01", GOOD)), [])
    assert "1 metric worse: Ejection fraction, mean absolute error" in page
    assert "<script" not in page
    assert not re.search(r'(src|href)="', page)
    assert "p000" not in page  # no patient, whoever it is
    alone = to_page(make_night("n", run(GOOD.observed, has_reference=False), None), [])
    assert "Synthetic truth alone" in alone
