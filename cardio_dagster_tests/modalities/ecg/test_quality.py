"""Quality of a lead and of its seconds: each flaw alone is named, and only it."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg import quality
from cardio_dagster.modalities.ecg.quality.mains import mains_mv
from cardio_dagster.modalities.ecg.quality.rails import rail_samples
from cardio_dagster.modalities.ecg.signal import EcgQuality, EcgRecord, Flaw
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster.stores.codec import from_table, to_table
from cardio_dagster_tests.modalities.ecg.synthetic import record

RATE_HZ = 500.0
T = np.arange(5000) / RATE_HZ


def assessed(x):
    filled = np.nan_to_num(x.signal_mv)
    return quality.assess(x, filled)


def with_lead(change, lead=1, *, rate_hz=RATE_HZ):
    x = record(rate_hz=rate_hz)
    x.signal_mv[:, lead] = change(x.signal_mv[:, lead])
    return assessed(x)


def noise(sigma_mv, n=5000, seed=3):
    return np.random.default_rng(seed).normal(0, sigma_mv, n).astype(np.float32)


def rail(lead):
    return np.clip(lead, -0.05, 0.05)


def bursts(lead):
    return lead + np.where((T >= 2) & (T < 5), 6.0 * np.sin(2 * np.pi * 3 * T), 0.0)


FLAWS = [
    ("missing samples", Flaw.MISSING, lambda x: np.where((T > 2) & (T < 5), np.nan, x), "missing_fraction"),
    ("flat line", Flaw.FLAT, lambda x: np.where(T < 4, 0.0, x), "flat_fraction"),
    ("saturated", Flaw.SATURATED, rail, "saturated_fraction"),
    ("lead off", Flaw.LEAD_OFF, lambda x: np.where(T < 4, 4.0, x), "lead_off_fraction"),
    ("baseline wander", Flaw.BASELINE, lambda x: x + 2 * np.sin(2 * np.pi * 0.3 * T), "baseline_fraction"),
    ("mains 50 Hz", Flaw.MAINS, lambda x: x + 0.05 * np.sin(2 * np.pi * 50 * T), "mains_fraction"),
    ("mains 60 Hz", Flaw.MAINS, lambda x: x + 0.05 * np.sin(2 * np.pi * 60 * T), "mains_fraction"),
    ("noise", Flaw.MUSCLE, lambda x: x + noise(0.08), "muscle_fraction"),
    ("motion", Flaw.MOTION, bursts, "motion_fraction"),
    ("no quiet line between beats", Flaw.UNREST, lambda x: x + 0.7 * np.sin(2 * np.pi * 7.3 * T), "unrest_fraction"),
]


def test_a_clean_recording_has_no_flaws():
    got = assessed(record())
    assert got.verdict == "acceptable"
    assert not got.flags.any()
    assert got.flags.shape == (10, 12)
    assert all(lead.reasons == () and lead.mains_hz is None for lead in got.leads)
    assert max(lead.unrest for lead in got.leads) < 0.2


@pytest.mark.parametrize(("reason", "flaw", "change", "fraction"), FLAWS)
def test_each_flaw_is_named_in_its_lead_alone(reason, flaw, change, fraction):
    got = with_lead(change)
    assert reason in got.leads[1].reasons
    assert getattr(got.leads[1], fraction) > 0.1
    assert (got.flags[:, 1] & flaw.value > 0).sum() >= 2
    assert not got.flags[:, [0, *range(2, 12)]].any()
    assert got.verdict == "acceptable", "one lead of twelve"


def test_flags_lie_in_their_seconds():
    got = with_lead(lambda x: np.where((T >= 3) & (T < 6), 0.0, x))
    assert np.flatnonzero(got.flags[:, 1] & Flaw.FLAT.value).tolist() == [3, 4, 5]
    assert np.flatnonzero(~got.usable_seconds()[:, 1]).tolist() == [3, 4, 5]
    assert got.usable_seconds()[:, 0].all()


def test_noise_leaves_a_second_usable():
    got = with_lead(lambda x: x + np.where(T < 4, noise(0.1), 0.0))
    assert np.flatnonzero(got.flags[:, 1] & Flaw.MUSCLE.value).tolist() == [0, 1, 2, 3]
    assert got.usable_seconds()[:, 1].all()


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        (lambda x: 0 * x, "unusable"),
        (lambda x: np.full_like(x, np.nan), "unusable"),
        (lambda x: np.where(T < 6, np.nan, x), "unusable"),
        (lambda x: np.where(T < 4, np.nan, x), "limited"),
        (rail, "unusable"),
        (lambda x: x + noise(0.6), "unusable"),
        (lambda x: x + 1.0 * np.sin(2 * np.pi * 50 * T), "unusable"),  # so much mains is an electrode in the air
        (lambda x: x + noise(0.1), "limited"),
        (lambda x: 0.3 * np.sin(2 * np.pi * 4.5 * T), "limited"),  # ventricular fibrillation must reach the reader
    ],
)
def test_verdicts_of_a_lead(change, verdict):
    got = with_lead(change)
    assert got.leads[1].verdict == verdict
    assert got.usable()[1] == (verdict != "unusable")


def test_verdict_of_the_recording():
    x = record()
    x.signal_mv[:, :3] = 0.0
    assert assessed(x).verdict == "acceptable"
    x.signal_mv[:, :4] = 0.0
    assert assessed(x).verdict == "limited"
    x.signal_mv[:] = 0.0
    assert assessed(x).verdict == "unusable"


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 128.5, 250.0, 360.0, 1000.0, 4000.0])
def test_any_sampling_rate(rate_hz):
    got = assessed(record(rate_hz=rate_hz))
    assert got.verdict == "acceptable"
    assert (got.leads[0].noise_mv is None) == (rate_hz < 100.0)
    assert got.second_s == pytest.approx(1.0, abs=0.005)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 30, 499, 501])
def test_very_short_signals_give_one_row(n):
    x = EcgRecord("test", ("I",), noise(0.2, n)[:, None], RATE_HZ)
    assert assessed(x).flags.shape == (1, 1)


@pytest.mark.parametrize(("mains_hz", "rate_hz"), [(50.0, 250.0), (60.0, 250.0), (50.0, 128.0), (60.0, 360.0)])
def test_size_and_kind_of_mains(mains_hz, rate_hz):
    t = np.arange(round(5 * rate_hz)) / rate_hz
    got = mains_mv(
        (0.1 * np.sin(2 * np.pi * mains_hz * t + 1)).astype(np.float32).reshape(1, 5, -1), sampling_rate_hz=rate_hz
    )
    own, other = (0, 1) if mains_hz == 50.0 else (1, 0)
    np.testing.assert_allclose(got[own], 0.1, rtol=1e-3)
    assert not got[other].any()


def test_noise_keeps_its_size_and_mains_is_none_of_it():
    quiet = with_lead(lambda x: x + noise(0.1)).leads[1].noise_mv
    humming = with_lead(lambda x: x + noise(0.1) + 0.3 * np.sin(2 * np.pi * 50 * T)).leads[1].noise_mv
    assert quiet == pytest.approx(0.1, rel=0.1)
    assert humming == pytest.approx(quiet, rel=0.25)


def test_a_rail_needs_five_samples():
    lead = np.zeros((1, 100), np.float32)
    lead[0, 10:14] = 1.0
    lead[0, 20:25] = -1.0
    assert np.flatnonzero(rail_samples(lead)[0]).tolist() == [20, 21, 22, 23, 24]


def test_blocks_give_what_the_whole_gives():
    x = record(duration_s=60.0)
    x.signal_mv[5000:9000, 3] = 0.0
    x.signal_mv[:, 5] += noise(0.1, 30000)
    parts = [
        quality.measure_seconds(x.signal_mv[i : i + 5000], None, sampling_rate_hz=RATE_HZ)
        for i in range(0, 30000, 5000)
    ]
    whole, joined = assessed(x), quality.judge_seconds(x.leads, parts)
    np.testing.assert_array_equal(joined.flags, whole.flags)
    assert [(a.lead, a.verdict, a.reasons) for a in joined.leads] == [
        (b.lead, b.verdict, b.reasons) for b in whole.leads
    ]


@settings(max_examples=25, deadline=None)
@given(gain=st.floats(0.3, 1.5), offset_mv=st.floats(-0.9, 0.9), sign=st.sampled_from([-1.0, 1.0]))
def test_gain_offset_and_sign_change_no_verdict(gain, offset_mv, sign):
    x = record()
    x.signal_mv[:, 2] = 0.0
    moved = replace(x, signal_mv=(sign * gain * x.signal_mv + offset_mv).astype(np.float32))
    assert [q.verdict for q in assessed(moved).leads] == [q.verdict for q in assessed(x).leads]


def test_the_order_of_leads_does_not_matter():
    x = record()
    x.signal_mv[:, 2] = 0.0
    order = np.random.default_rng(2).permutation(12)
    mixed = replace(x, leads=tuple(x.leads[i] for i in order), signal_mv=x.signal_mv[:, order])
    assert {q.lead: q for q in assessed(mixed).leads} == {q.lead: q for q in assessed(x).leads}


def test_a_checkpoint_keeps_it():
    got = assessed(record())
    back = from_table(to_table({"r1": got}), EcgQuality)["r1"]
    np.testing.assert_array_equal(back.flags, got.flags)
    assert (back.verdict, back.leads, back.second_s) == (got.verdict, got.leads, got.second_s)


def test_it_is_cheap():
    x = record()
    quality.assess(x, x.signal_mv)
    start = time.process_time()
    for _ in range(50):
        quality.assess(x, x.signal_mv)
    assert (time.process_time() - start) / 50 < 0.015  # 1.5 ms on a quiet machine


# reference data


def auc(low, high):
    low, high = np.array(low), np.array(high)
    return float((high[:, None] > low).mean() + 0.5 * (high[:, None] == low).mean())


@pytest.mark.reference
def test_unrest_tells_noisy_recordings_from_normal_ones(reference_data):
    rows = (reference_data / "cinc2017" / "REFERENCE.csv").read_text().split()
    found = {"N": [], "~": []}
    limited = {"N": 0, "~": 0}
    for name, label in (row.split(",") for row in rows):
        if label in found:
            x = validate(reference_data / "cinc2017" / f"{name}.hea", Options()).data
            got = assessed(x)
            found[label].append(got.leads[0].unrest)
            limited[label] += got.verdict != "acceptable"
    assert auc(found["N"], found["~"]) > 0.97
    assert limited["~"] >= 0.6 * len(found["~"])
    assert limited["N"] <= 0.03 * len(found["N"])


@pytest.mark.reference
def test_no_lead_of_ludb_is_unusable(reference_data):
    paths = sorted((reference_data / "ludb" / "data").glob("*.hea"))[::5]
    verdicts = [lead.verdict for p in paths for lead in assessed(validate(p, Options()).data).leads]
    assert "unusable" not in verdicts
    assert verdicts.count("acceptable") >= 0.98 * len(verdicts)
