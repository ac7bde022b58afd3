import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.display_band import display_band
from cardio_dagster.modalities.ecg.formats.source import BlockSource
from cardio_dagster.modalities.ecg.long import beats as long_beats
from cardio_dagster.modalities.ecg.long import blocks
from cardio_dagster.modalities.ecg.long import read as long_read
from cardio_dagster.modalities.ecg.long import waves as long_waves
from cardio_dagster.modalities.ecg.long.filter import bridged_block, filtered_block
from cardio_dagster.modalities.ecg.long.pack import Packer
from cardio_dagster.modalities.ecg.long.quality import assess_long
from cardio_dagster.modalities.ecg.long.read import pack_whole, read_long, thinning
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.preprocess import bridge_gaps, preprocess
from cardio_dagster.modalities.ecg.quality.readable import lost_stretches_s, without_unreadable
from cardio_dagster.modalities.ecg.signal import MISSING, Beats, Delineation, EcgRecord, WaveTimes
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster.stores.codec import from_table, to_table
from cardio_dagster_tests.modalities.ecg.synthetic import record, signal

OPTIONS = Options()
RATE_HZ = 100.0


def wander(n_samples, n_leads=2, seed=0, *, rate_hz=RATE_HZ):
    rng = np.random.default_rng(seed)
    drift = np.cumsum(rng.normal(0, 0.2 / np.sqrt(rate_hz), (n_samples, n_leads)), axis=0)
    return (drift + rng.normal(0, 0.1, drift.shape)).astype(np.float32)


def source(signal_mv, *, rate_hz):
    leads = tuple(f"lead {i + 1}" for i in range(signal_mv.shape[1]))
    return BlockSource("test", leads, rate_hz, len(signal_mv), lambda a, b: signal_mv[a:b])


def long_signal(*, minutes, rate_hz=RATE_HZ, jitter_s=0.03):
    """Return an ECG of two leads and its beats: one minute of 75 beats again and again."""
    times = np.arange(75) * 0.8 + 0.4 + np.random.default_rng(6).uniform(-jitter_s, jitter_s, 75)
    minute = signal(times, duration_s=60.0, rate_hz=rate_hz, leads=("I", "II"))
    return np.tile(minute, (minutes, 1)), np.concatenate([times + 60.0 * i for i in range(minutes)])


def packed(signal_mv, *, rate_hz=RATE_HZ):
    return read_long(source(signal_mv, rate_hz=rate_hz), OPTIONS).record


@pytest.fixture
def short_blocks(monkeypatch):
    """Make blocks so short that tests meet many seams."""

    def _short(seconds):
        plain = blocks.blocks_of

        def shortened(*args, **options):
            return plain(*args, **{**options, "length_s": seconds})

        for module in (long_read, long_beats):
            monkeypatch.setattr(module, "blocks_of", shortened)

    return _short


# reading


@pytest.mark.parametrize("rate_hz", [500.0, 1000.0, 2000.0])
def test_thinning_in_blocks_is_thinning_at_once(rate_hz, short_blocks):
    x = wander(round(30 * rate_hz) + 7, rate_hz=rate_hz)
    x[3000:3400, 0] = np.nan
    at_once = packed(x, rate_hz=rate_hz)
    short_blocks(4.0)
    in_blocks = packed(x, rate_hz=rate_hz)
    np.testing.assert_array_equal(in_blocks.signal_mv, at_once.signal_mv)
    assert at_once.sampling_rate_hz == 250.0
    assert at_once.original_rate_hz == rate_hz
    assert len(at_once.signal_mv) == -(-len(x) // thinning(rate_hz))


def test_thinning_keeps_what_an_ecg_holds_and_when():
    t = np.arange(20_000) / 1000.0
    tones = np.column_stack([np.sin(2 * np.pi * f * t) for f in (5.0, 80.0, 220.0)]).astype(np.float32)
    got = packed(tones, rate_hz=1000.0).block_mv(100, 4900)
    np.testing.assert_allclose(got[:, :2], tones[400:19600:4, :2], atol=0.006)
    assert np.abs(got[:, 2]).max() < 0.005, "a tone beyond half of the new rate folds back"


def test_thinned_gaps_neither_spread_nor_vanish():
    x = wander(8000, rate_hz=1000.0)
    x[2000:2400, 0] = np.nan
    got = packed(x, rate_hz=1000.0)
    lost = np.flatnonzero(got.signal_mv[:, 0] == MISSING)
    assert max(abs(lost[0] - 500), abs(lost[-1] - 599), abs(len(lost) - 100)) <= 2
    assert not (got.signal_mv[:, 1] == MISSING).any()


@pytest.mark.parametrize("rate_hz", [50.0, 128.0, 250.0, 360.0, 499.0])
def test_rates_below_500_hz_stay(rate_hz):
    x = wander(round(20 * rate_hz), rate_hz=rate_hz)
    got = packed(x, rate_hz=rate_hz)
    assert (got.sampling_rate_hz, got.original_rate_hz) == (rate_hz, None)
    np.testing.assert_allclose(got.block_mv(0, len(x)), x, atol=0.00051)


def test_stimuli_are_found_at_the_rate_of_the_file_and_once(short_blocks):
    x = wander(30_000, seed=3, rate_hz=1000.0) * 0.1
    spikes = np.arange(800, 29_500, 800)
    x[spikes] += 2.0
    short_blocks(3.2)  # blocks begin on spikes
    got = packed(x, rate_hz=1000.0)
    assert len(got.stimulus_s) == len(spikes)
    np.testing.assert_allclose(got.stimulus_s, spikes / 1000.0, atol=1e-9)
    assert packed(x, rate_hz=250.0).stimulus_s is None


def test_too_long_for_the_memory_is_coded_before_anything_is_read():
    def read(start, stop):
        raise AssertionError("read")

    day = BlockSource("test", ("II",) * 12, 1000.0, 48 * 3600 * 1000, read)
    with pytest.raises(StudyError, match="E_HARD_002"):
        read_long(day, Options(memory_limit_mb=2000.0))


def test_reading_holds_the_packed_signal_and_a_block():
    n = 250 * 3600 * 4
    beat = wander(250_000, 3, rate_hz=250.0)

    def read(start, stop):
        return beat[np.arange(start, stop) % len(beat)]

    tracemalloc.start()
    got = read_long(BlockSource("test", ("I", "II", "V1"), 250.0, n, read), OPTIONS).record
    peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    assert peak_mb < got.signal_mv.nbytes / 1e6 + 25.0


# packing


@given(st.sampled_from([0.5, 5.0, 30.0, 60.0, 150.0, 299.0]), st.integers(0, 5))
@hypothesis_settings(max_examples=12, deadline=None)
def test_a_step_is_as_fine_as_the_range_allows(largest_mv, seed):
    rng = np.random.default_rng(seed)
    early, late = (rng.uniform(-1, 1, (50, 2)).astype(np.float32) for _ in range(2))
    late[:, 0] += np.float32(largest_mv - 1.0)  # more than 1 %: an offset, not an artefact
    packer = Packer(100, 2)
    packer.add(early)
    packer.add(late)
    step = packer.step_mv
    assert step == min(s for s in (0.001, 0.002, 0.005, 0.01) if 32767 * s >= np.abs(late).max())
    np.testing.assert_allclose(packer.packed[:50] * step, early, atol=step / 2 + 0.00051)
    np.testing.assert_allclose(packer.packed[50:] * step, late, atol=step / 2 + 1e-5)


def test_impossible_samples_neither_stay_nor_coarsen():
    x = wander(2000)
    x[500, 0], x[600, 1], x[700, 1] = 1e6, -90.0, np.nan
    read = read_long(source(x, rate_hz=RATE_HZ), OPTIONS)
    assert read.n_impossible == 2
    assert read.record.step_mv == 0.001
    assert np.argwhere(read.record.signal_mv == MISSING).tolist() == [[500, 0], [600, 1], [700, 1]]


# looking


def gap_cases():
    whole = wander(30_000, seed=4, rate_hz=50.0)
    whole[100:160] = np.nan
    whole[4_500:6_000, 0] = np.nan  # half a minute
    whole[10_000:22_500, 1] = np.nan  # four minutes
    whole[:50, 0] = np.nan
    whole[29_500:, 1] = np.nan
    return packed(whole, rate_hz=50.0)


GAPS = gap_cases()
GAPS_AT_ONCE = filtered_block(GAPS, 0, len(GAPS.signal_mv))


@given(st.integers(0, 29_900), st.integers(1, 10_000))
@hypothesis_settings(max_examples=40, deadline=None)
def test_any_stretch_is_as_if_all_had_been_filtered(start, length):
    stop = min(start + length, 30_000)
    away_mv = np.abs(filtered_block(GAPS, start, stop) - GAPS_AT_ONCE[start:stop]).max(axis=1)
    inner = slice(max(0, 500 - start), max(0, 29_500 - start))
    assert away_mv[inner].max(initial=0.0) < 2e-5
    assert away_mv.max() < 0.001, "at the ends of the recording"


def test_short_gaps_are_bridged_as_in_a_short_recording():
    x = wander(6000)
    x[1000:2000, 0] = np.nan
    x[:30] = np.nan
    got = packed(x)
    np.testing.assert_allclose(bridged_block(got, 0, 6000), bridge_gaps(got.block_mv(0, 6000)), atol=1e-5)
    np.testing.assert_allclose(
        filtered_block(got, 0, 6000), display_band(bridge_gaps(x), sampling_rate_hz=RATE_HZ), atol=0.001
    )


def test_a_lead_without_samples_is_zero_and_nothing_is_empty():
    x = wander(100_000)
    x[:, 0] = np.nan
    got = packed(x)
    assert not filtered_block(got, 0, 100_000)[:, 0].any()
    assert filtered_block(got, 500, 500).shape == (0, 2)
    step = preprocess(got, OPTIONS)
    assert step.data.signal_mv.shape == (0, 2)
    assert step.data.block_mv(-5, 10**9).shape == (100_000, 2)


# beats


def beats_at(time_s, background=0.1):
    n = len(time_s)
    return Beats(np.asarray(time_s), ("N",) * n, np.ones(n), np.ones(n), background)


@given(st.floats(30, 220), st.floats(0, 1), st.integers(0, 10**6))
@hypothesis_settings(max_examples=40, deadline=None)
def test_seams_neither_lose_nor_double_a_beat(bpm, phase, seed):
    rng = np.random.default_rng(seed)
    truth = np.arange(phase, 600.0, 60.0 / bpm)
    truth = truth + rng.uniform(-0.1, 0.1, len(truth)) * 60.0 / bpm
    joined = []
    for start in range(0, 600, 60):  # each block sees its beats a little differently
        seen = truth[(truth > start - 20) & (truth < start + 80)]
        joined.append(beats_at(seen + rng.uniform(-0.02, 0.02, len(seen))))
    parts, cut_s = [joined[0]], 0.0
    for i, part in enumerate(joined[1:], 1):
        cut_s = long_beats._seam_s(parts[-1].time_s, part.time_s, near_s=60.0 * i)
        parts[-1] = long_beats._cut(parts[-1], parts[-1].time_s < cut_s)
        parts.append(long_beats._cut(part, part.time_s >= cut_s))
    got = long_beats._joined(parts).time_s
    assert len(got) == len(truth)
    np.testing.assert_allclose(got, truth, atol=0.021)


def test_beats_of_blocks_are_the_beats_of_the_whole(short_blocks):
    x, times = long_signal(minutes=5)
    prepared = preprocess(packed(x), OPTIONS).data
    short_blocks(23.0)
    found = long_beats.find_long_beats(prepared, threads=1)
    assert len(found.time_s) == len(times)
    np.testing.assert_allclose(found.time_s, times, atol=0.03)
    assert len(found.types) == len(found.likeness) == len(found.probability) == len(times)


def test_lost_signal_is_no_pause_and_has_no_beats():
    x, _ = long_signal(minutes=7)
    x[6_010:6_600] = np.random.default_rng(1).normal(0, 0.005, (590, 2))  # a pause
    x[15_000:20_000] = np.nan
    x[30_000:31_000] = 5.0 + x[30_000:31_000] * 1e-4  # an electrode hangs in the air
    quality = assess_long(packed(x))
    np.testing.assert_allclose(lost_stretches_s(quality), [[150.0, 200.0], [300.0, 310.0]], atol=1.0)
    beats = without_unreadable(beats_at(np.arange(0.5, 420.0, 1.0)), quality)
    assert not ((beats.time_s > 151) & (beats.time_s < 199)).any()
    assert len(beats.time_s) == 360


@pytest.mark.parametrize(("seconds", "is_lost"), [(30, False), (90, True)])
def test_a_flat_line_may_be_asystole_for_a_minute(seconds, is_lost):
    x, _ = long_signal(minutes=7)
    x[10_000 : 10_000 + 100 * seconds] = 0.0
    assert bool(len(lost_stretches_s(assess_long(packed(x))))) is is_lost


def test_a_saturated_second_has_beats_without_a_type():
    x, _ = long_signal(minutes=1)
    x[3000:3100] = x.max(axis=0)
    beats = without_unreadable(beats_at(np.arange(0.5, 60.0, 1.0)), assess_long(packed(x)))
    assert [i for i, kind in enumerate(beats.types) if kind == "U"] == [30]


# waves


def fake_delineation(signal_mv, *, sampling_rate_hz, beat_time_s, threads):
    """Give every beat of every lead waves whose peaks say where the beat is."""
    assert len(signal_mv) / sampling_rate_hz <= 20.0
    at = np.repeat(beat_time_s[:, None], signal_mv.shape[1], axis=1)
    waves = WaveTimes(at - 0.01, at, at + 0.01)
    return Delineation(waves, waves, waves, np.full(len(beat_time_s), 0.7))


def test_waves_belong_to_their_beats_in_windows_alone(monkeypatch):
    monkeypatch.setattr(long_waves, "delineate", fake_delineation)
    x, times = long_signal(minutes=17)
    x[40_000:50_000, 0] = np.nan
    prepared = preprocess(packed(x), OPTIONS).data
    found = long_waves.delineate_windows(prepared, times, threads=1)
    there = np.isfinite(found.qrs.peak_s)
    np.testing.assert_allclose(found.qrs.peak_s[there], np.broadcast_to(times[:, None], there.shape)[there])
    starts = long_waves.window_starts_s(prepared)
    assert len(starts) == 4
    inside = np.logical_or.reduce([(times >= s) & (times < s + long_waves.WINDOW_S) for s in starts])
    np.testing.assert_array_equal(there[:, 1], inside)
    np.testing.assert_array_equal(np.isfinite(found.p_probability), inside)
    assert not there[(times > 400) & (times < 500), 0].any()


def test_windows_avoid_what_cannot_be_read():
    x, _ = long_signal(minutes=10)
    x[10_000:25_000] = np.nan
    starts = long_waves.window_starts_s(PreparedEcg(packed(x), x[:0], assess_long(packed(x))))
    assert len(starts) == 2
    assert not 88.0 < starts[0] < 250.0


# whole files and checkpoints


def write_wfdb(folder, signal_mv, rate_hz):
    np.rint(signal_mv * 1000).astype("<i2").tofile(folder / "rec.dat")
    lines = [f"rec.dat 16 1000/mV 16 0 0 0 0 {lead}" for lead in ("I", "II")]
    (folder / "rec.hea").write_text("\n".join([f"rec 2 {rate_hz:g} {len(signal_mv)}", *lines]) + "\n")
    return folder / "rec.hea"


@pytest.mark.parametrize("rate_hz", [250.0, 500.0])
def test_a_file_beyond_15_min_is_read_in_blocks(tmp_path, rate_hz):
    x, times = long_signal(minutes=20, rate_hz=rate_hz)
    step = validate(write_wfdb(tmp_path, x, rate_hz), OPTIONS)
    got = step.data
    assert (got.signal_mv.dtype, got.sampling_rate_hz, got.leads) == (np.int16, 250.0, ("I", "II"))
    assert got.duration_s == pytest.approx(1200.0)
    prepared = preprocess(got, OPTIONS).data
    found = long_beats.find_long_beats(prepared, threads=1)
    np.testing.assert_allclose(found.time_s, times, atol=0.02)


def test_a_long_file_that_is_only_read_whole_is_packed_too(tmp_path):
    x = wander(100 * 1000, 2)
    path = tmp_path / "x.csv"
    np.savetxt(path, x, fmt="%.3f", delimiter=",", header="# sampling_rate_hz: 100\nI_mV,II_mV", comments="")
    got = validate(path, OPTIONS).data
    assert (got.signal_mv.dtype, got.step_mv) == (np.int16, 0.001)
    np.testing.assert_allclose(got.block_mv(0, 100), x[:100], atol=0.0011)


def test_packing_keeps_what_else_is_known():
    x = record(duration_s=20.0, sex="F")
    got = pack_whole(x, OPTIONS).record
    assert (got.patient_sex, got.leads, got.original_rate_hz) == ("F", x.leads, 500.0)


def test_a_long_file_without_samples_or_with_a_wrong_unit_is_refused(tmp_path):
    x = np.full((250 * 1000, 2), -32.768, np.float32)  # the value that marks missing samples
    with pytest.raises(StudyError, match="E_QUALITY_001"):
        validate(write_wfdb(tmp_path, x, 250.0), OPTIONS)
    path = write_wfdb(tmp_path, wander(250 * 1000, rate_hz=250.0) * 20, 250.0)
    path.write_text(path.read_text().replace("1000/mV", "10/mV"))
    with pytest.raises(StudyError, match="E_VALID_002"):
        validate(path, OPTIONS)


@pytest.mark.parametrize("stimulus_s", [None, np.array([1.0, 2.5])])
def test_long_records_round_trip_through_checkpoints(stimulus_s):
    plain = packed(wander(100_000))
    x = EcgRecord("test", plain.leads, plain.signal_mv, 100.0, step_mv=plain.step_mv, stimulus_s=stimulus_s)
    prepared = preprocess(x, OPTIONS).data
    back = from_table(to_table({"r": prepared}), PreparedEcg)["r"]
    assert back.record.signal_mv.dtype == np.int16
    np.testing.assert_array_equal(back.record.signal_mv, x.signal_mv)
    np.testing.assert_array_equal(back.block_mv(3000, 4000), prepared.block_mv(3000, 4000))
    assert (back.record.stimulus_s is None) == (stimulus_s is None)
    if stimulus_s is not None:
        np.testing.assert_array_equal(back.record.stimulus_s, stimulus_s)
