from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import ModelLoadError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.preprocess import preprocess
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster.modalities.ecg.waves.decision import decided_edges, p_probabilities
from cardio_dagster.modalities.ecg.waves.delineate import delineate
from cardio_dagster.modalities.ecg.waves.edges import Reading, read_logits
from cardio_dagster.modalities.ecg.waves.input import at_network_rate, network_input
from cardio_dagster.modalities.ecg.waves.peaks import peak_times
from cardio_dagster.modalities.ecg.waves.windows import limits_s
from cardio_dagster.models import catalogue
from cardio_dagster_tests.modalities.ecg.synthetic import beat_times, signal

RATE_HZ = 500.0
TIMES_S = beat_times(10.0, 72)


def made(**options):
    return signal(TIMES_S, duration_s=10.0, **{"rate_hz": RATE_HZ, **options}).astype(float)


def waves(signal_mv, *, rate_hz=RATE_HZ, beat_time_s=TIMES_S):
    return delineate(signal_mv, sampling_rate_hz=rate_hz, beat_time_s=beat_time_s)


def edges(found):
    """Return all edges and peaks, (9, n_beats, n_leads)."""
    return np.stack([e for w in (found.p, found.qrs, found.t) for e in (w.onset_s, w.peak_s, w.offset_s)])


def assert_alike(a, b, *, atol):
    """Same waves, apart from those at the ends of the recording, and edges near each other."""
    np.testing.assert_array_equal(np.isfinite(a[:, 1:-1]), np.isfinite(b[:, 1:-1]))
    np.testing.assert_allclose(a[:, 1:-1], b[:, 1:-1], atol=atol)


def test_waves_lie_where_they_were_made():
    found = waves(made())
    for wave, centre, tolerance in ((found.p, -0.16, 0.015), (found.t, 0.28, 0.02)):
        inner = wave.peak_s[1:-1]
        np.testing.assert_allclose(
            inner, np.broadcast_to((TIMES_S[1:-1] + centre)[:, None], inner.shape), atol=tolerance
        )
    assert (found.p_probability[1:-1] > 0.8).all()


def test_edges_come_in_order():
    found = waves(made(noise_mv=0.03))
    order = edges(found)
    assert np.isfinite(order).mean() > 0.8
    for earlier, later in pairwise(order):
        both = np.isfinite(earlier) & np.isfinite(later)
        assert (earlier[both] <= later[both] + 1e-9).all()


@pytest.mark.parametrize("factor", [1e-4, 0.3, 7.0, 1e4])
def test_the_gain_does_not_matter(factor):
    assert_alike(edges(waves(factor * made())), edges(waves(made())), atol=2e-3)


def test_gains_and_offsets_of_single_leads_do_not_matter():
    gains = np.random.default_rng(3).uniform(0.2, 5.0, 12)
    assert_alike(edges(waves(made() * gains + 1.7)), edges(waves(made())), atol=2e-3)


def test_polarity_hardly_matters():
    moved = np.abs(edges(waves(-made())) - edges(waves(made())))[:, 1:-1]
    assert np.quantile(moved, 0.98) < 0.02
    assert moved.max() < 0.05


def test_a_shift_moves_waves_by_as_much():
    later = waves(made()[150:], beat_time_s=TIMES_S - 0.3)
    assert_alike(edges(later) + 0.3, edges(waves(made())), atol=0.012)


def test_the_order_of_leads_does_not_matter():
    order = np.random.default_rng(5).permutation(12)
    assert_alike(edges(waves(made()[:, order])), edges(waves(made()))[:, :, order], atol=1e-4)


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 128.0, 250.0, 257.0, 360.0, 1000.0, 4000.0])
def test_the_sampling_rate_hardly_matters(rate_hz):
    got = edges(waves(made(rate_hz=rate_hz, noise_mv=0.0), rate_hz=rate_hz))
    usual = edges(waves(made(noise_mv=0.0)))
    atol = 0.015 if rate_hz >= 100 else 0.03
    both = np.isfinite(got) & np.isfinite(usual)
    assert both.mean() > 0.9
    np.testing.assert_allclose(got[both], usual[both], atol=atol)


def test_resampling_keeps_time():
    t_s = np.arange(4000) / 400.0
    ramp = np.stack((t_s, -t_s), axis=1)
    got = at_network_rate(ramp, sampling_rate_hz=400.0)
    np.testing.assert_allclose(got[0], np.arange(got.shape[1]) / 250.0, atol=1e-5)
    assert got.shape[1] == 2500
    halved = at_network_rate(np.repeat(ramp, 5, axis=0), sampling_rate_hz=2000.0)
    assert halved.shape[1] == 2500


def test_above_the_new_band_nothing_is_folded_back():
    t_s = np.arange(20000) / 2000.0
    tone = np.sin(2 * np.pi * 240.0 * t_s)[:, None]  # would become 10 Hz
    assert np.abs(at_network_rate(tone, sampling_rate_hz=2000.0)[0, 5:-5]).max() < 0.1


def test_an_absent_p_wave_is_not_invented():
    found = waves(made(skip=("P",), noise_mv=0.01))
    assert np.isnan(found.p.onset_s).mean() > 0.9
    assert np.median(found.p_probability) < 0.3


def test_fibrillation_waves_are_no_p_waves():
    rng = np.random.default_rng(11)
    times = 0.5 + np.cumsum(rng.uniform(0.45, 1.1, 14))
    times = times[times < 9.5]
    x = signal(times, duration_s=10.0, rate_hz=RATE_HZ, skip=("P",)).astype(float)
    t_s = np.arange(len(x)) / RATE_HZ
    f_waves = sum(np.sin(2 * np.pi * f * t_s + p) for f, p in ((5.1, 0.3), (6.3, 2.0), (7.2, 4.1)))
    found = waves(x + 0.02 * f_waves[:, None], beat_time_s=times)
    assert np.median(found.p_probability) < 0.5


@pytest.mark.parametrize("n_leads", [1, 2, 3, 8, 15])
def test_any_number_of_leads(n_leads):
    x = np.concatenate((made(), made(seed=2)), axis=1)[:, 1 : 1 + n_leads]
    found = waves(x)
    assert found.qrs.onset_s.shape == (len(TIMES_S), n_leads)
    assert np.isfinite(found.qrs.onset_s[1:-1]).all()
    assert np.isfinite(found.t.offset_s[1:-1]).mean() > 0.9


def test_no_beats_and_no_leads():
    none = waves(made(), beat_time_s=np.empty(0))
    assert none.qrs.onset_s.shape == (0, 12)
    assert none.p_probability.shape == (0,)
    assert waves(np.zeros((5000, 0))).t.offset_s.shape == (len(TIMES_S), 0)


def test_one_beat_is_delineated():
    found = waves(made()[:550], beat_time_s=TIMES_S[:1])
    assert found.qrs.onset_s.shape == (1, 12)
    assert np.isfinite(found.qrs.onset_s).all()


def test_waves_cut_by_the_end_are_absent():
    end_s = TIMES_S[4] + 0.25  # in the middle of a T wave
    found = waves(made()[: round(end_s * RATE_HZ)], beat_time_s=TIMES_S[:5])
    assert np.isnan(found.t.onset_s[-1]).all()
    assert np.isfinite(found.qrs.onset_s[-1]).all()
    start = round((TIMES_S[2] - 0.15) * RATE_HZ)  # in the middle of a P wave
    found = waves(made()[start:], beat_time_s=TIMES_S[2:] - start / RATE_HZ)
    assert np.isnan(found.p.onset_s[0]).all()


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((5000, 3)),
        np.full((5000, 1), 3.3),
        np.where(np.arange(5000)[:, None] % 997 == 0, 1e6, 0.0) * np.ones(2),
        np.random.default_rng(0).normal(0, 1e-9, (5000, 2)),
    ],
    ids=["zero", "constant", "spikes", "tiny noise"],
)
def test_hostile_signals_give_finite_or_absent(x):
    found = waves(x)
    assert edges(found).shape == (9, len(TIMES_S), x.shape[1])
    assert np.isfinite(found.p_probability).all()
    known = edges(found)[np.isfinite(edges(found))]
    assert ((known >= 0) & (known <= 10.0)).all()


@settings(max_examples=25)
@given(n_samples=st.integers(1, 400), rate_hz=st.sampled_from((50.0, 360.0, 4000.0)), seed=st.integers(0, 9))
def test_tiny_recordings_do_not_crash(n_samples, rate_hz, seed):
    rng = np.random.default_rng(seed)
    beat_s = np.sort(rng.uniform(0, n_samples / rate_hz, 2))
    found = waves(rng.normal(size=(n_samples, 2)), rate_hz=rate_hz, beat_time_s=beat_s)
    assert edges(found).shape == (9, 2, 2)
    assert ((found.p_probability >= 0) & (found.p_probability <= 1)).all()


def test_a_long_recording_in_pieces_is_as_in_one():
    times = beat_times(80.0, 72)
    x = signal(times, duration_s=80.0, rate_hz=RATE_HZ, leads=("I", "II")).astype(float)
    whole = waves(x, beat_time_s=times)
    part = slice(round(30 * RATE_HZ), round(50 * RATE_HZ))
    chosen = (times > 34) & (times < 46)
    alone = waves(x[part], beat_time_s=times[(times > 30.6) & (times < 49.4)] - 30.0)
    kept = chosen[(times > 30.6) & (times < 49.4)]
    assert_alike(edges(alone)[:, kept] + 30.0, edges(whole)[:, chosen], atol=0.008)


def test_a_missing_model_is_said(tmp_path):
    shipped = catalogue.SHIPPED_CATALOGUE.read_text(encoding="utf-8")
    (tmp_path / "site.toml").write_text(shipped[shipped.index("[ecg_waves]") :].replace("ecg_waves.onnx", "gone.onnx"))
    catalogue.use_catalogue(tmp_path / "site.toml")
    try:
        with pytest.raises(ModelLoadError):
            waves(made())
    finally:
        catalogue.use_catalogue(None)


def test_a_sharp_edge_is_read_between_bins():
    """Two neighbouring bins of equal weight mean the middle between them."""
    logits = np.full((1, 8, 300), -20.0, dtype=np.float32)
    logits[0, 2, [122, 123]] = 5.0
    got = read_logits(logits, beat_time_s=np.array([1.0]))
    assert got.time_s[2, 0, 0] == pytest.approx(122.5 * 0.008, abs=1e-4)
    assert got.spread_s[2, 0, 0] == pytest.approx(0.004, abs=5e-4)


def test_windows_stay_clear_of_neighbouring_beats():
    beats = np.array([1.0, 1.3, 2.5])
    for edge in range(6):
        low, high = limits_s(beats, edge)
        assert (low < high).all()
    assert limits_s(beats, 0)[0][1] > 1.0
    assert limits_s(beats, 5)[1][0] <= 1.3


def reading(*, p_logits, spread_s=0.01):
    """Two beats in three leads with the edges in order, and given P logits (2, 3)."""
    one = np.array([0.80, 0.90, 0.95, 1.05, 1.15, 1.35])
    time_s = np.broadcast_to(one[:, None, None], (6, 2, 3)) + np.array([0.0, 1.0])[None, :, None]
    presence = np.stack((np.asarray(p_logits, float), np.full((2, 3), 5.0)))
    return Reading(time_s.copy(), np.full((6, 2, 3), spread_s), presence)


def test_leads_judge_the_p_wave_together():
    given_ = reading(p_logits=[[4.0, 5.0, -0.5], [-4.0, -5.0, 0.5]])
    probability = p_probabilities(given_)
    assert probability[0] > 0.5 > probability[1]
    got = decided_edges(given_, p_probability=probability, duration_s=10.0)
    assert np.isfinite(got[0, 0]).all()
    assert np.isnan(got[0, 1]).all()


def test_a_p_wave_that_may_lie_anywhere_is_not_reported():
    given_ = reading(p_logits=np.full((2, 3), 5.0))
    given_.spread_s[1, 0, 2] = 0.08
    got = decided_edges(given_, p_probability=np.ones(2), duration_s=10.0)
    assert np.isnan(got[0, 0, 2])
    assert np.isfinite(got[0, 0, :2]).all()


def test_the_peak_is_placed_between_samples():
    t_s = np.arange(250) / 250.0
    leads = -np.exp(-0.5 * ((t_s - 0.5013) / 0.02) ** 2)[None, :]
    got = peak_times(leads, np.array([[0.4]]), np.array([[0.6]]), rate_hz=250.0)
    assert got[0, 0] == pytest.approx(0.5013, abs=5e-4)
    assert np.isnan(peak_times(leads, np.array([[np.nan]]), np.array([[np.nan]]), rate_hz=250.0)).all()


def test_input_is_scaled_by_its_own_complexes():
    got = network_input(made(noise_mv=0.0) * 40.0, sampling_rate_hz=RATE_HZ, beat_time_s=TIMES_S)
    heights = np.ptp(got, axis=1)
    np.testing.assert_allclose(heights, 2.0, atol=0.6)


def test_golden_intervals_of_a_recorder(dicom_path):
    """The recorder (Mortara ELI 250) printed PR 161, QRS 75 and QT 368 ms into the public file."""
    prepared = preprocess(validate(dicom_path, Options()).data, Options()).data
    fiducial_s = np.array([527, 1526, 2507, 3489, 4485, 5468, 6442, 7444, 8417, 9371]) / 1000
    found = waves(prepared.signal_mv.astype(float), rate_hz=prepared.record.sampling_rate_hz, beat_time_s=fiducial_s)
    onset_s = np.nanmedian(found.qrs.onset_s, axis=1)
    assert 1000 * np.nanmedian(onset_s - np.nanmedian(found.p.onset_s, axis=1)) == pytest.approx(161, abs=20)
    assert 1000 * np.nanmedian(np.nanmedian(found.qrs.offset_s, axis=1) - onset_s) == pytest.approx(75, abs=20)
    assert 1000 * np.nanmedian(np.nanmedian(found.t.offset_s, axis=1) - onset_s) == pytest.approx(368, abs=25)


@pytest.mark.reference
@pytest.mark.filterwarnings("ignore::Warning")  # wfdb 4.3 under pandas 3
def test_floor_on_annotated_records(reference_data):
    """Four records; their experts' marks are among the training data, so this guards the code, not the accuracy."""
    from training.ecg_waves.data import read_record
    from training.ecg_waves.scoring import Score, score_lead

    scores = [Score() for _ in range(6)]
    for name in ("1", "8", "30", "100"):
        record = read_record(reference_data / "ludb" / "data" / name, "")
        found = waves(record.signal_mv.astype(float), rate_hz=record.rate_hz, beat_time_s=record.beat_s)
        for lead in range(12):
            score_lead(scores, [mark for mark in record.marks if mark[0] == lead], found, lead)
    assert min(score.f1 for score in scores) > 95
    assert all(s.sd_ms < limit for s, limit in zip(scores, (15, 15, 12, 13, 30, 25), strict=True))
