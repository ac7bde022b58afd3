"""Matching, choosing, and each truth on cases small enough to know by heart."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.ecg.scoring import match as match_of_the_benchmark
from cardio_dagster.demo.simulated_echo import simulate_still
from cardio_dagster.demo.synthetic_ecg import synthetic_ecg
from cardio_dagster.errors import StudyError
from cardio_dagster.evaluation.truth import camus, ludb, rhythms, simulated_clips, synthetic_ecgs
from cardio_dagster.evaluation.truth.choose import band, chosen
from cardio_dagster.evaluation.truth.matching import joined, match
from cardio_dagster.modalities.branch import Options

TIMES = st.lists(st.floats(0, 20), max_size=12, unique=True).map(lambda v: np.array(sorted(v)))


@settings(deadline=None)
@given(TIMES, TIMES)
def test_matching_agrees_with_the_benchmark_and_loses_nothing(marked, found):
    mine = match(marked, found)
    errors_s, misses, false_alarms = match_of_the_benchmark(marked, found)
    assert (mine.missed, mine.invented) == (misses, false_alarms)
    assert mine.hits + mine.missed == len(marked)
    assert mine.hits + mine.invented == len(found)
    assert all(abs(e) <= 150.0 + 1e-9 for e in mine.errors_ms)
    assert np.allclose(sorted(mine.errors_ms), sorted(1000 * errors_s))
    assert joined([mine, mine]).f1_sums == tuple(2 * n for n in mine.f1_sums)


def test_a_subset_is_the_same_in_any_order_and_stays_when_the_set_grows():
    names = [f"patient{n:04d}" for n in range(200)]
    some = chosen(names, 50)
    assert some == chosen(reversed(names), 50)
    assert len(set(chosen([*names, "patient9999"], 50)) & set(some)) >= 49
    assert chosen(names, None) == tuple(names)


@settings(deadline=None)
@given(st.floats(-10, 120, allow_nan=False))
def test_every_value_lies_in_exactly_one_band(value):
    assert band(value, (40.0, 65.0)) in {"under 40", "40 to 65", "65 and more"}


def _held_out(count):
    names = (f"patient{n:04d}" for n in range(1, 400))
    return [n for n in names if int(hashlib.sha256(n.encode()).hexdigest(), 16) % 5 == 0][:count]


def test_held_out_is_what_training_held_out(tmp_path):
    data = pytest.importorskip("training.echo_segmentation.data")
    for n in range(1, 60):
        for phase in ("ED", "ES"):
            (tmp_path / f"patient{n:04d}_{phase}.npz").touch()
    (tmp_path / "patient0001_ES.npz").unlink()
    expected = [f"patient{n:04d}" for n in range(2, 60) if data.fold_of(f"patient{n:04d}") == data.HELD_OUT_FOLD]
    assert camus.patients(tmp_path) == tuple(expected)


def _still(mask, expert):
    return camus._Still(mask, expert, 0.5, 0.9, True)


def test_experts_against_themselves_are_perfect():
    masks = {p: simulate_still(s).mask for p, s in (("ED", 11), ("ES", 12))}
    found = camus.observed("p", {p: _still(m, m) for p, m in masks.items()})
    assert found.sums["camus_lv_dice_ed"] == (1.0, 1.0)
    assert found.sums["camus_atrium_dice"] == (2.0, 2.0)
    assert found.sums["camus_lvef_mae_pct"] == (0.0, 1.0)


def test_no_contour_is_a_dice_of_nothing_and_no_ejection_fraction():
    expert = simulate_still(11).mask
    nothing = np.zeros_like(expert)
    found = camus.observed("p", {"ED": _still(nothing, expert), "ES": _still(expert, expert)})
    assert found.sums["camus_lv_dice_ed"] == (0.0, 1.0)
    assert "camus_lvef_mae_pct" not in found.sums


def test_half_a_ventricle_has_two_thirds():
    expert = np.zeros((10, 10), np.uint8)
    expert[:, :8] = 1
    ours = np.where(np.arange(10) < 4, expert, 0)
    assert camus.dice(ours, expert, 1) == pytest.approx(2 * 40 / (40 + 80))


def test_a_clip_without_an_ejection_fraction_says_only_that():
    clip = SimpleNamespace(lvef_pct=50.0, lv_volume_ml=[100.0, 50.0], frame_rate_hz=30.0)
    document = SimpleNamespace(lvef_pct=None, lv_edv_ml=None, quality=1.0, confidence=0.2)
    found = simulated_clips.observed(1, clip, document)
    assert found.sums == {"sim_echo_refused_pct": (100.0, 1.0)}
    assert found.confidence is None
    document = SimpleNamespace(lvef_pct=46.0, lv_edv_ml=110.0, quality=0.8, confidence=0.95)
    found = simulated_clips.observed(1, clip, document)
    assert found.sums["sim_echo_lvef_bias_pct"] == (-4.0, 1.0)
    assert found.sums["sim_echo_edv_bias_pct"][0] == pytest.approx(10.0)


def test_synthetic_ecgs_are_the_same_each_time_and_measured_right():
    first, second = (tuple(synthetic_ecgs.observe(Options(threads=1), 4)) for _ in range(2))
    assert first == second
    for one in first:
        assert one.sums["sim_ecg_refused_pct"] == (0.0, 1.0)
        assert one.sums["sim_ecg_heart_rate_mae_bpm"][0] < 1.0
        assert one.sums["sim_ecg_rhythm_right_pct"] == (100.0, 1.0)


def test_a_wrong_rate_and_a_lost_beat_are_counted():
    ecg = synthetic_ecg(sampling_rate_hz=500.0, heart_rate_bpm=60.0, seed=3)
    beats = tuple(SimpleNamespace(time_s=float(t)) for t in ecg.r_peaks_s[:-2])
    document = SimpleNamespace(beats=beats, rhythm=SimpleNamespace(label="afib"), heart_rate_bpm=70.0)
    sums = synthetic_ecgs.sums_of(ecg, document, False)
    assert sums["sim_ecg_qrs_f1_pct"] == (len(beats), 0.0, 2.0)
    assert sums["sim_ecg_rhythm_right_pct"] == (0.0, 1.0)
    assert sums["sim_ecg_heart_rate_mae_bpm"][0] == pytest.approx(10.0, abs=2.0)


@pytest.mark.parametrize(("label", "call", "f1", "right"), [
    (True, "afib", (1, 0, 0), (100.0, 1.0)),
    (True, "sinus", (0, 0, 1), (0.0, 1.0)),
    (False, "afib", (0, 1, 0), (0.0, 1.0)),
    (True, None, (0, 0, 1), None),
    (False, None, (0, 0, 0), None),
])  # fmt: skip
def test_fibrillation_that_is_not_called_is_missed(label, call, f1, right):
    sums = rhythms._called(label, call)
    assert sums["cinc2017_af_f1_pct"] == f1
    assert sums.get("cinc2017_af_right_pct") == right
    assert sums["cinc2017_refused_pct"][0] == (100.0 if call is None else 0.0)


def test_a_refused_ecg_says_only_that(tmp_path, monkeypatch):
    def refuse(path, options):
        raise StudyError("E_QUALITY_001", "too noisy")

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "9.hea").touch()
    (tmp_path / "ludb.csv").write_text('ID,Sex,Age,Rhythms\n9,"F\n",">89\n",Sinus rhythm\n')
    monkeypatch.setattr(ludb, "describe", refuse)
    (one,) = ludb.observe(tmp_path, Options())
    assert one.sums == {"ludb_refused_pct": (100.0, 1.0)}
    assert one.groups == {"sex": "F", "age": "65 years and more", "quality": "refused"}
