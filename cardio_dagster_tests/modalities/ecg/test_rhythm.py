"""The rhythm: its numbers by hand, its refusals, its label on ECGs made for the purpose, and its episodes."""

import csv
import dataclasses
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.document import describe
from cardio_dagster.modalities.ecg.rhythm import windows as rhythm_windows
from cardio_dagster.modalities.ecg.rhythm.atrial import ATRIAL_FEATURES, atrial_features, slow_down
from cardio_dagster.modalities.ecg.rhythm.classify import classify_rhythm
from cardio_dagster.modalities.ecg.rhythm.decision import decide
from cardio_dagster.modalities.ecg.rhythm.episodes import af_burden_pct, classified_s, merge, smooth
from cardio_dagster.modalities.ecg.rhythm.features import FEATURES, Stretch
from cardio_dagster.modalities.ecg.rhythm.intervals import INTERVAL_FEATURES, interval_features, irregularity_of
from cardio_dagster.modalities.ecg.rhythm.model import rhythm_probabilities
from cardio_dagster.modalities.ecg.rhythm.windows import Window
from cardio_dagster.modalities.ecg.signal import EcgStructures, WaveTimes
from cardio_dagster.modalities.ecg.trust import CHAOTIC, UNLIKE
from cardio_dagster_tests.modalities.ecg.synthetic import beat_times, record

LEADS = ("II",)


def found_at(times_s, *, kinds=None, likeness=0.98, background=0.05, p=1.0):
    n = len(times_s)
    absent = WaveTimes(*(np.full((n, 1), np.nan),) * 3)
    full = [np.full(n, value, dtype=float) for value in (likeness, 1.0, p)]
    return EcgStructures(np.asarray(times_s, float), tuple(kinds or "N" * n), *full, background, absent, absent, absent)


def intervals(rr_s, kinds=None):
    times = np.concatenate(([0.5], 0.5 + np.cumsum(rr_s)))
    return dict(
        zip(INTERVAL_FEATURES, interval_features(times, np.array(list(kinds or "N" * len(times)))), strict=True)
    )


@pytest.fixture(scope="module")
def plain(run):
    """Return a prepared sinus rhythm of ten seconds, whose structures a test may replace."""
    return run(record(leads=LEADS))[0]


# numbers


def test_irregularity_by_hand():
    times = np.cumsum([0.0, 0.8, 0.8, 1.0, 0.8, 0.6])
    # changes 0, 0.2, -0.2, -0.2 over the mean interval of 0.8
    assert irregularity_of(times, np.array(["N"] * 6)) == pytest.approx(np.sqrt(3 * 0.25**2 / 4))


def test_irregularity_leaves_extrasystoles_and_pauses_out():
    times = np.cumsum([0.0, 0.8, 0.8, 0.5, 1.1, 0.8, 0.8, 0.8, 3.0, 0.8, 0.8, 0.8])
    kinds = np.array(list("NNNVNNNNNNNN"))
    assert irregularity_of(times, kinds) == pytest.approx(0.0, abs=1e-9)
    assert irregularity_of(times[:4], kinds[:4]) is None


def test_bigeminy_is_regular_over_two_intervals():
    assert intervals([0.6, 1.0] * 8)["bigeminy"] < 0.05
    rng = np.random.default_rng(3)
    assert intervals(rng.uniform(0.5, 1.1, 200))["bigeminy"] == pytest.approx(1.0, abs=0.15)


def test_turning_points_of_chance_are_two_thirds():
    rng = np.random.default_rng(3)
    assert intervals(rng.uniform(0.5, 1.1, 3000))["turning_points"] == pytest.approx(2 / 3, abs=0.05)
    assert intervals(np.linspace(0.7, 1.0, 30))["turning_points"] == 0.0


def test_breathing_is_smooth_and_fibrillation_is_not():
    t = np.arange(60)
    breathing = intervals(0.9 + 0.1 * np.sin(2 * np.pi * t / 6))
    chance = intervals(np.random.default_rng(0).uniform(0.7, 1.1, 60))
    assert breathing["rr_lag_1"] > 0.3 > chance["rr_lag_1"]
    assert breathing["change_lag_1"] > 0.2 > -0.2 > chance["change_lag_1"]


def test_single_early_beats_explain_their_irregularity():
    got = intervals([0.8] * 6 + [0.5, 1.1] + [0.8] * 6 + [0.5, 1.1] + [0.8] * 6)
    assert got["without_early_change"] < 0.01
    assert got["all_change"] > 0.1
    assert got["early_share"] == pytest.approx(2 / 22)


@given(st.lists(st.floats(0.3, 1.9), min_size=3, max_size=80), st.floats(0.5, 2.0))
@settings(max_examples=50)
def test_numbers_are_finite_and_most_do_not_know_the_rate(rr_s, factor):
    first, second = intervals(rr_s), intervals([factor * rr for rr in rr_s])
    unknown_when_short = {
        "irregularity",
        "without_early_change",
        "change_lag_1",
        "rr_lag_1",
        "rr_lag_2",
        "turning_points",
    }
    unknown_when_short |= {"bigeminy", "median_filtered_change", "occupied", "at_origin"}
    assert all(np.isfinite(value) or name in unknown_when_short for name, value in first.items())
    for name in ("all_change", "usual_change", "spread", "regular_share", "early_share", "p10", "p90"):
        assert first[name] == pytest.approx(second[name], abs=1e-6) or name in {"regular_share", "early_share"}


def atria(prepared, found):
    slow, hz = slow_down(prepared.signal_mv, sampling_rate_hz=prepared.record.sampling_rate_hz)
    got = atrial_features(
        slow, rate_hz=hz, beat_s=found.beat_time_s, kinds=np.array(found.beat_types), likeness=found.likeness
    )
    return got, dict(zip(ATRIAL_FEATURES, got.features, strict=True))


def with_waves(x, *, hz, mv):
    t = np.arange(len(x.signal_mv)) / x.sampling_rate_hz
    return dataclasses.replace(x, signal_mv=x.signal_mv + np.float32(mv * np.sin(2 * np.pi * hz * t))[:, None])


@pytest.mark.parametrize("hz", [5.3, 6.6, 8.1])
def test_the_frequency_of_waves_between_beats_is_found(hz, run):
    times = beat_times(20.0, 80, jitter_s=0.15, seed=2)
    x = record(duration_s=20.0, times_s=times, skip=("P",), leads=LEADS)
    prepared, found, _ = run(with_waves(x, hz=hz, mv=0.08))
    assert atria(prepared, found)[0].f_wave_hz == pytest.approx(hz, abs=0.25)


def test_p_waves_repeat_and_their_absence_is_seen(run):
    _, with_p = atria(*run(record(leads=LEADS, noise_mv=0.01))[:2])
    _, without_p = atria(*run(record(leads=LEADS, noise_mv=0.01, skip=("P",)))[:2])
    assert with_p["bump_repeats"] > 0.8
    assert without_p["bump_repeats"] < 0.4
    assert with_p["log_bump_to_qrs"] > without_p["log_bump_to_qrs"] + 1.0


def test_upside_down_or_reordered_leads_change_nothing(run):
    prepared, found, _ = run(record(noise_mv=0.01))
    slow, hz = slow_down(prepared.signal_mv, sampling_rate_hz=500.0)
    rest = {
        "rate_hz": hz, "beat_s": found.beat_time_s, "kinds": np.array(found.beat_types), "likeness": found.likeness,
    }  # fmt: skip
    one = atrial_features(slow, **rest).features
    assert one == pytest.approx(atrial_features(-slow, **rest).features, abs=1e-4)
    assert one == pytest.approx(atrial_features(slow[:, ::-1].copy(), **rest).features, abs=1e-4)


# labels


@pytest.mark.parametrize("bpm", [48, 65, 80])  # faster, the P of these ECGs runs into their T
@pytest.mark.parametrize(("duration_s", "leads"), [(10.0, None), (60.0, LEADS)])
def test_regular_with_p_is_sinus(bpm, duration_s, leads, run):
    """A heart breathes: 4 % of the interval at 15 breaths a minute. A metronome may be called another rhythm."""
    even = np.arange(0.5, duration_s - 0.6, 60.0 / bpm)
    times = even + 0.04 * 60.0 / bpm * np.sin(2 * np.pi * 0.25 * even) / (2 * np.pi * 0.25 * 60.0 / bpm)
    x = record(times_s=times, duration_s=duration_s, noise_mv=0.01, **({} if leads is None else {"leads": leads}))
    rhythm = classify_rhythm(*run(x)[:2])
    assert (rhythm.label, rhythm.episodes, rhythm.af_burden_pct, rhythm.f_wave_hz) == ("sinus", (), None, None)
    assert rhythm.p_share > 0.9
    assert rhythm.irregularity < 0.07


@pytest.mark.parametrize(("duration_s", "leads"), [(20.0, None), (60.0, LEADS)])
def test_irregular_without_p_is_fibrillation_with_its_evidence(duration_s, leads, run):
    times = beat_times(duration_s, 90, jitter_s=0.17, seed=4)
    more = {} if leads is None else {"leads": leads}
    x = record(duration_s=duration_s, times_s=times, skip=("P",), noise_mv=0.01, **more)
    rhythm = classify_rhythm(*run(with_waves(x, hz=6.2, mv=0.05))[:2])
    assert rhythm.label == "afib"
    assert rhythm.confidence >= 0.5
    assert rhythm.irregularity > 0.15
    assert rhythm.p_share < 0.5
    assert rhythm.f_wave_hz == pytest.approx(6.2, abs=0.3)


def test_waves_of_one_frequency_near_five_a_second_are_flutter(run):
    times = np.cumsum(np.concatenate(([0.5], np.tile([0.73, 0.86, 0.64], 4))))
    x = with_waves(record(times_s=times[times < 9.6], skip=("P",), noise_mv=0.005), hz=4.9, mv=0.12)
    rhythm = classify_rhythm(*run(x)[:2])
    assert rhythm.label == "aflutter", rhythm
    assert rhythm.f_wave_hz == pytest.approx(4.9, abs=0.3)


def test_stimuli_before_the_beats_are_a_paced_rhythm(run):
    times = beat_times(10.0, 70)
    x = record(times_s=times, rate_hz=1000.0)
    x.signal_mv[np.round((times - 0.06) * 1000).astype(int)] += 1.0
    _, found, analysis = run(x)
    assert set(found.beat_types) == {"P"}
    assert analysis.findings[0].code == "ECG_PACED"


def window(probability, *, kinds="N" * 12, rr_s=0.8, background=0.05, silence_s=1.0):
    n = len(kinds)
    stretch = Stretch(np.arange(n) * rr_s, np.array(list(kinds)), np.ones(n), np.ones(n), background)
    return Window(10.0, silence_s, stretch, None, np.array(probability))


@pytest.mark.parametrize(
    ("given_window", "label", "words"),
    [
        (window([0.45, 0.41, 0.1, 0.04]), "afib", "irregular"),
        (window([0.5, 0.39, 0.11, 0.0]), "sinus", None),
        (window([0.1, 0.30, 0.2, 0.4]), "not_classified", "noise"),
        (window([0.2, 0.10, 0.7, 0.0]), "other", None),
        (window([0.2, 0.38, 0.42, 0.0], kinds="PPPP" + "N" * 8), "paced", "33 %"),
        (window([0.2, 0.60, 0.2, 0.0], kinds="PPPP" + "N" * 8), "afib", "33 % of the beats are paced"),
        (window([0.2, 0.30, 0.5, 0.0], kinds="PPP" + "N" * 9), "other", None),
        (window([0.9, 0.05, 0.05, 0.0], silence_s=3.1), "not_classified", "standstill"),
        (window([0.9, 0.05, 0.05, 0.0], silence_s=2.9), "sinus", None),
    ],
)
def test_what_probabilities_come_to(given_window, label, words):
    got = decide(given_window)
    assert got.label == label
    assert (got.confidence is None) == (label == "not_classified")
    assert (words or "") in (got.reason or "")


def test_fast_without_quiet_is_never_called_fibrillation_of_the_atria():
    assert decide(window([0.0, 0.9, 0.1, 0.0], rr_s=0.3, background=0.2)).is_chaotic
    assert decide(window([0.0, 0.9, 0.1, 0.0], rr_s=0.3, background=0.1)).label == "afib"


def test_what_has_no_p_waves_is_never_sinus_rhythm():
    sure_of_sinus = window([0.9, 0.05, 0.05, 0.0])
    without_p = dataclasses.replace(sure_of_sinus.stretch, p_probability=np.full(12, 0.05))
    got = decide(dataclasses.replace(sure_of_sinus, stretch=without_p))
    assert (got.label, got.reason) == ("other", "no P waves")


def test_waves_of_the_atria_under_a_regular_rhythm_are_fibrillation(run):
    x = record(skip=("P",), noise_mv=0.002)
    rng = np.random.default_rng(0)
    t = np.arange(5000) / 500.0
    waves = sum(np.sin(2 * np.pi * hz * t + rng.uniform(0, 6)) for hz in (5.1, 6.3, 7.7, 8.6))
    x = dataclasses.replace(x, signal_mv=x.signal_mv + np.float32(0.03 * waves)[:, None])
    rhythm = classify_rhythm(*run(x)[:2])
    assert (rhythm.label, rhythm.p_share < 0.2) == ("afib", True), rhythm


# refusals


@pytest.mark.parametrize(
    ("found", "reason", "is_chaotic"),
    [
        (found_at([]), "no heart beat found", False),
        (found_at([1.0, 1.8, 2.6]), "3 beats", False),
        (found_at(np.arange(12) * 0.8, likeness=0.3), UNLIKE, False),
        (found_at(np.arange(12) * 0.8, background=0.5), CHAOTIC, True),
        (found_at(np.arange(5) * 0.8), "standstill", False),
    ],
)
def test_what_is_no_rhythm_gets_no_name(found, reason, is_chaotic, plain):
    rhythm = classify_rhythm(plain, found)
    assert (rhythm.label, rhythm.confidence, rhythm.is_chaotic) == ("not_classified", None, is_chaotic)
    assert reason in rhythm.reason


def test_p_waves_without_beats_are_no_sinus_rhythm(run):
    """Five beats, then complete block without an escape rhythm: the P waves go on."""
    x = record(times_s=np.arange(0.5, 4.5, 0.8), leads=LEADS)
    t = np.arange(len(x.signal_mv)) / 500.0
    for p_s in np.arange(4.3, 9.8, 0.8):
        x.signal_mv[:, 0] += np.float32(0.15 * np.exp(-0.5 * ((t - p_s) / 0.018) ** 2))
    rhythm = classify_rhythm(*run(x)[:2])
    assert rhythm.label == "not_classified"
    assert "standstill" in rhythm.reason


# episodes


def test_smoothing_takes_single_windows_and_leaves_the_unclassified():
    sinus, afib, none = "sinus", "afib", "not_classified"
    assert smooth([sinus, afib, sinus, sinus]) == [sinus] * 4
    assert smooth([sinus, afib, afib, sinus]) == [sinus, afib, afib, sinus]
    assert smooth([afib, sinus, sinus]) == [afib, sinus, sinus]
    assert smooth([sinus, none, sinus]) == [sinus, none, sinus]
    assert smooth([none, afib, none]) == [none, afib, none]
    assert smooth([sinus, afib, "other", "other"]) == [sinus, sinus, "other", "other"]


@given(st.lists(st.sampled_from(["sinus", "afib", "aflutter", "not_classified"]), min_size=1, max_size=60))
@settings(max_examples=50)
def test_episodes_tile_the_recording(labels):
    edges = np.append(np.arange(len(labels)) * 30.0, len(labels) * 30.0 + 7.0)
    episodes = merge(smooth(labels), edges)
    assert (episodes[0].start_s, episodes[-1].end_s) == (0.0, edges[-1])
    assert all(a.end_s == b.start_s and a.label != b.label for a, b in pairwise(episodes))
    burden = af_burden_pct(classified_s(episodes))
    assert (burden is None) == (set(labels) == {"not_classified"})
    assert burden is None or 0.0 <= burden <= 100.0


def test_an_hour_half_in_fibrillation_has_two_episodes(plain):
    rng = np.random.default_rng(1)
    first, second = np.cumsum(np.full(1800, 1.0)), 1800.0 + np.cumsum(rng.uniform(0.4, 1.1, 2600))
    times = np.concatenate((first, second[second < 3600]))
    found = found_at(times)
    found = dataclasses.replace(found, p_probability=np.where(times > 1800, 0.03, 0.97))
    x = dataclasses.replace(
        plain.record, signal_mv=np.zeros((3600 * 100, 1), np.int16), sampling_rate_hz=100.0, step_mv=0.01
    )
    rhythm = classify_rhythm(Blind(plain, x), found)
    # the window in which one rhythm becomes the other may be neither
    assert [e.label for e in rhythm.episodes if e.label != "not_classified"] == ["sinus", "afib"]
    assert rhythm.episodes[0].end_s == pytest.approx(1800, abs=60)
    assert rhythm.af_burden_pct == pytest.approx(50, abs=3)


class Blind:
    """A prepared long recording without a beat of dominant shape in its signal; it counts how often it is read."""

    def __init__(self, prepared, record_):
        self.record, self.quality, self.n_read = record_, prepared.quality, 0

    def block_mv(self, start, stop):
        self.n_read += 1
        return np.zeros((stop - start, len(self.record.leads)), np.float32)


def test_a_day_takes_seconds_and_little_of_the_signal(plain):
    rng = np.random.default_rng(1)
    found = found_at(np.cumsum(rng.uniform(0.5, 1.2, 100_000)), likeness=0.95, p=np.nan)
    x = dataclasses.replace(
        plain.record, signal_mv=np.zeros((8_500_000, 1), np.int16), sampling_rate_hz=100.0, step_mv=0.01
    )
    prepared = Blind(plain, x)
    rhythm_probabilities(np.zeros((1, len(FEATURES)), np.float32), threads=1)
    started = time.process_time()
    rhythm = classify_rhythm(prepared, found)
    assert time.process_time() - started < 5.0
    assert (rhythm.label, rhythm.p_share) == ("afib", None)
    assert 0 < prepared.n_read <= rhythm_windows._LOOKED_AT


# the model


def test_the_model_takes_what_is_measured_and_answers_in_probabilities():
    rng = np.random.default_rng(0)
    features = rng.normal(0, 5, (7, len(FEATURES))).astype(np.float32)
    features[rng.random(features.shape) < 0.3] = np.nan
    got = rhythm_probabilities(features, threads=1)
    assert got.shape == (7, 4)
    assert np.isfinite(got).all()
    assert got.sum(axis=1) == pytest.approx(np.ones(7), abs=1e-5)
    assert rhythm_probabilities(features[3:4], threads=1)[0] == pytest.approx(got[3], abs=1e-5)


@pytest.mark.reference
def test_reference_recordings_of_fibrillation_are_found_and_normal_ones_are_not_called_so(reference_data):
    """In-sample, so a check of the whole chain alone; the figures are those of training.ecg_rhythm.evaluate."""
    folder = reference_data / "cinc2017"
    rows = list(csv.reader((folder / "REFERENCE.csv").read_text().splitlines()))
    chosen = [n for n, c in rows if c == "A"][:8], [n for n, c in rows if c == "N"][:8]
    got = [[describe(folder / f"{n}.hea", Options()).rhythm.label for n in names] for names in chosen]
    assert got[0].count("afib") >= 6
    assert got[1].count("afib") == 0
