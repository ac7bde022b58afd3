import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.display_band import display_band
from cardio_dagster.modalities.ecg.long.blocks import blocks_of, over_blocks
from cardio_dagster.modalities.ecg.preprocess import bridge_gaps, preprocess
from cardio_dagster.modalities.ecg.quality.impossible import without_impossible
from cardio_dagster.modalities.ecg.signal import EcgRecord
from cardio_dagster_tests.modalities.ecg.synthetic import record
from training.ecg_shared.display_filter import for_display

OPTIONS = Options()


@given(
    st.sampled_from([50.0, 100.0, 128.0, 250.0, 360.0, 500.0, 1000.0, 4000.0]),
    st.floats(1.0, 12.0),
    st.sampled_from([0.0, 5.0, -200.0]),
    st.integers(0, 99),
)
@hypothesis_settings(max_examples=30, deadline=None)
def test_the_quick_filter_is_the_one_that_the_models_were_trained_with(rate_hz, duration_s, offset_mv, seed):
    rng = np.random.default_rng(seed)
    n = round(rate_hz * duration_s)
    x = (np.cumsum(rng.normal(0, 0.01, (n, 3)), axis=0) + rng.normal(0, 0.1, (n, 3)) + offset_mv).astype(np.float32)
    quick, plain = display_band(x, sampling_rate_hz=rate_hz), for_display(x.astype(float), sampling_rate_hz=rate_hz)
    assert (quick.dtype, quick.shape) == (np.float32, x.shape)
    edge = round(2.0 * rate_hz)
    tolerance_mv = 0.001 if offset_mv > -100 else 0.002  # float32 itself has steps of 15 nV at 200 mV
    np.testing.assert_allclose(quick[edge:-edge], plain[edge:-edge], atol=tolerance_mv)
    if duration_s > 4.0:
        np.testing.assert_allclose(quick, plain, atol=0.005)


def test_the_filter_does_without_scipy_signal():
    """Its import takes longer than the analysis of a short ECG."""
    code = (
        "import sys, numpy as np\n"
        "from cardio_dagster.modalities.ecg.display_band import display_band\n"
        "display_band(np.zeros((500, 2), np.float32), sampling_rate_hz=500.0)\n"
        "sys.exit('scipy.signal' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_filter_leaves_its_input_alone():
    x = record().signal_mv
    before = x.copy()
    display_band(x, sampling_rate_hz=500.0)
    np.testing.assert_array_equal(x, before)


def test_gaps_are_bridged_by_straight_lines():
    x = np.arange(20, dtype=np.float32)[:, None] * (1.0, 2.0, 0.0)
    broken = x.astype(np.float32)
    broken[5:9, 0], broken[:3, 1], broken[:, 2] = np.nan, np.nan, np.nan
    got = bridge_gaps(broken)
    np.testing.assert_allclose(got[:, 0], x[:, 0])
    np.testing.assert_allclose(got[:4, 1], 6.0)
    assert not got[:, 2].any()
    whole = x.astype(np.float32)
    assert bridge_gaps(whole) is whole


def test_impossible_samples_of_an_offset_lead_stay():
    x = np.zeros((1000, 2), np.float32)
    x[:, 1] = 30.0
    x[3, 0], x[7, 0] = 50.0, np.inf
    got, count = without_impossible(x)
    assert count == 2
    assert np.isnan(got[[3, 7], 0]).all()
    assert (got[:, 1] == 30.0).all()
    limited, count = without_impossible(np.where(x == 30.0, np.float32(400.0), x), limit_mv=300.0)
    assert count == 1002
    assert np.isnan(limited[:, 1]).all()


@pytest.mark.parametrize("n_leads", [1, 2, 15, 16, 33])
@pytest.mark.parametrize("kind", ["plain", "nan", "constant", "huge"])
def test_any_number_of_leads_and_any_dead_one(n_leads, kind):
    x = record(leads=tuple(f"lead {i}" for i in range(n_leads)), duration_s=8.0)
    x.signal_mv[:, -1] = {"plain": x.signal_mv[:, -1], "nan": np.nan, "constant": 1.5, "huge": 5e4}[kind]
    step = preprocess(x, OPTIONS)
    if n_leads == 1 and kind != "plain":
        assert step.data is None or kind == "huge"
        return
    assert np.isfinite(step.data.signal_mv).all()
    assert step.data.signal_mv.shape == x.signal_mv.shape
    assert step.data.quality.usable()[:-1].all()
    if kind in {"nan", "constant"}:
        assert not step.data.quality.usable()[-1]


@pytest.mark.parametrize("rate_hz", [50.0, 51.3, 250.0, 4000.0])
@pytest.mark.parametrize("duration_s", [1.0, 1.02, 10.0])
def test_any_rate_and_one_second(rate_hz, duration_s):
    prepared = preprocess(record(rate_hz=rate_hz, duration_s=duration_s, times_s=[0.5]), OPTIONS).data
    if prepared is not None:
        assert np.isfinite(prepared.block_mv(0, 10**6)).all()


def test_a_record_is_not_changed():
    x = record()
    x.signal_mv[100] = 90.0
    before = x.signal_mv.copy()
    step = preprocess(x, OPTIONS)
    np.testing.assert_array_equal(x.signal_mv, before)
    assert np.isnan(step.data.record.signal_mv[100]).all()


# blocks


@given(st.integers(1, 400_000), st.sampled_from([50.0, 128.5, 250.0, 1000.0]), st.integers(1, 64))
def test_blocks_cover_everything_once_in_whole_seconds(n_samples, rate_hz, n_leads):
    blocks = list(blocks_of(n_samples, sampling_rate_hz=rate_hz, n_leads=n_leads, margin_s=5.0, length_s=60.0))
    assert [b.start for b in blocks[1:]] == [b.stop for b in blocks[:-1]]
    assert (blocks[0].start, blocks[-1].stop) == (0, n_samples)
    for b in blocks:
        assert 0 <= b.before <= b.start < b.stop <= b.after <= n_samples
        assert b.start % round(rate_hz) == 0
        assert (b.stop - b.start) * n_leads <= max(8_000_000, round(rate_hz) * n_leads)


@pytest.mark.parametrize("threads", [1, 2])
def test_blocks_in_work_keep_their_order_and_their_error(threads):
    assert list(over_blocks(lambda x: x * x, range(20), threads=threads)) == [x * x for x in range(20)]
    with pytest.raises(ZeroDivisionError):
        list(over_blocks(lambda x: 1 // x, [1, 0], threads=threads))


def test_packed_and_plain_records_read_alike():
    steps = np.array([[1000, -500], [-32768, 3]], np.int16)
    packed = EcgRecord("test", ("I", "II"), steps, 250.0, step_mv=0.002)
    np.testing.assert_allclose(packed.block_mv(0, 2), [[2.0, -1.0], [np.nan, 0.006]], atol=1e-6)
    plain = replace(packed, signal_mv=packed.block_mv(0, 2), step_mv=None)
    np.testing.assert_array_equal(plain.block_mv(1, 2), packed.block_mv(1, 2))
