import csv

import numpy as np
import pytest

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg import BRANCH
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster_tests.modalities.ecg.synthetic import beat_times, record, signal

# The recorder (Mortara ELI 250) annotated its own fiducial points and intervals in the public file: sample numbers at 1 kHz.
MORTARA_FIDUCIAL_MS = np.array([527, 1526, 2507, 3489, 4485, 5468, 6442, 7444, 8417, 9371])


def compare(reference_s, found_s, tolerance_s):
    """Return hits, misses and false alarms; both ascending, one to one."""
    near = [np.abs(found_s - r).min(initial=9.0) <= tolerance_s for r in reference_s]
    hits = int(np.sum(near))
    return hits, len(reference_s) - hits, len(found_s) - hits


def test_golden_intervals_of_a_recorder(dicom_path, run, values):
    got = values(run(validate(dicom_path, Options()).data)[2])
    assert got["heart_rate_bpm"] == pytest.approx(60_000 / 982, abs=0.5)
    assert got["pr_ms"] == pytest.approx(161, abs=15)
    assert got["qrs_ms"] == pytest.approx(75, abs=15)  # experts and devices differ by 10 (SD) on the CSE recordings
    assert got["qt_ms"] == pytest.approx(368, abs=20)
    assert got["qrs_axis_deg"] == pytest.approx(52, abs=10)


@pytest.mark.parametrize("bpm", [40, 72, 110, 170])
def test_beats_at_any_rate(bpm, run, values):
    times = beat_times(10.0, bpm)
    _, found, analysis = run(record(times_s=times, skip=() if bpm < 150 else ("P",)))
    assert compare(times, found.beat_time_s, 0.03) == (len(times), 0, 0)
    assert values(analysis)["heart_rate_bpm"] == pytest.approx(bpm, rel=0.01)


@pytest.mark.parametrize("rate_hz", [125.0, 250.0, 360.0, 500.0, 1000.0])
def test_sampling_rate_does_not_matter(rate_hz, run, values):
    _, found, analysis = run(record(rate_hz=rate_hz))
    reference = run(record(rate_hz=500.0))
    np.testing.assert_allclose(found.beat_time_s, reference[1].beat_time_s, atol=0.02)
    for name in ("pr_ms", "qrs_ms", "qt_ms"):
        assert values(analysis)[name] == pytest.approx(values(reference[2])[name], abs=16)


def test_an_offset_does_not_move_beats(run):
    moved = record()
    moved.signal_mv[:] += 1.5
    np.testing.assert_allclose(run(moved)[1].beat_time_s, run(record())[1].beat_time_s, atol=0.004)


def test_a_shift_in_time_moves_beats_by_as_much(dicom_path, run):
    whole = validate(dicom_path, Options()).data
    later = type(whole)("test", whole.leads, whole.signal_mv[200:], whole.sampling_rate_hz)
    np.testing.assert_allclose(run(later)[1].beat_time_s + 0.2, run(whole)[1].beat_time_s, atol=0.012)


def test_the_order_of_leads_does_not_matter(run):
    usual = record()
    order = np.random.default_rng(5).permutation(12)
    mixed = type(usual)("test", tuple(usual.leads[i] for i in order), usual.signal_mv[:, order], 500.0)
    (_, a, first), (_, b, second) = run(usual), run(mixed)
    np.testing.assert_allclose(b.beat_time_s, a.beat_time_s)
    np.testing.assert_allclose(b.t.offset_s, a.t.offset_s[:, order], atol=1e-6)
    assert [(m.name, m.value) for m in second.measurements] == [(m.name, m.value) for m in first.measurements]


def test_an_absent_p_wave_is_not_invented(run, values):
    _, found, analysis = run(record(skip=("P",), noise_mv=0.02))
    assert np.isnan(found.p.onset_s).mean() > 0.9
    assert values(analysis)["pr_ms"] is None
    assert next(m.reason for m in analysis.measurements if m.name == "pr_ms")


def test_premature_wide_beats_are_ventricular(run):
    times = beat_times(20.0, 70)
    early = times[10] - 0.3
    x = signal(np.delete(times, 10), duration_s=20.0, rate_hz=500.0)
    t = np.arange(len(x)) / 500.0
    x += (
        -1.5 * np.exp(-0.5 * ((t - early) / 0.045) ** 2) + 0.8 * np.exp(-0.5 * ((t - early - 0.13) / 0.05) ** 2)
    ).astype(np.float32)[:, None]
    plain = record(duration_s=20.0)
    _, found, analysis = run(type(plain)("test", plain.leads, x, 500.0))
    assert found.beat_types.count("V") == 1
    assert found.beat_time_s[found.beat_types.index("V")] == pytest.approx(early, abs=0.06)
    assert "ECG_PVC" in {f.code for f in analysis.findings}


def test_a_pause_keeps_its_silence(run):
    times = beat_times(30.0, 75)
    times = times[(times < 10) | (times > 17)]
    _, found, _ = run(record(duration_s=30.0, times_s=times))
    assert compare(times, found.beat_time_s, 0.05) == (len(times), 0, 0)


def test_no_beats_is_said_and_no_crash(run):
    x = record()
    step = BRANCH.preprocess(type(x)("test", x.leads, np.zeros_like(x.signal_mv), 500.0), Options())
    assert step.data is None
    assert step.problems[0].code == "E_QUALITY_001"
    assert not next(v for v in step.verdicts if v.gate == "ecg_usable_leads").passed
    drift = 0.2 * np.sin(np.arange(5000) / 500.0 * 2 * np.pi * 0.7)[:, None].repeat(12, axis=1).astype(np.float32)
    _, _, analysis = run(type(x)("test", x.leads, drift, 500.0))
    assert analysis.findings[0].code in {"ECG_NO_BEATS", "ECG_RHYTHM_UNKNOWN"}


@pytest.mark.parametrize("seed", range(4))
def test_noise_gives_no_sinus_rhythm(seed, run):
    x = record()
    noise = np.random.default_rng(seed).normal(0, 0.2, x.signal_mv.shape).astype(np.float32)
    step = BRANCH.preprocess(type(x)("test", x.leads, noise, 500.0), Options())
    if step.data is not None:
        found = BRANCH.detect(step.data, Options()).data
        labels = {f.code for f in BRANCH.analyse(step.data, found, "r", Options()).data.findings}
        assert not labels & {"ECG_SINUS", "ECG_AFIB"}


def test_quality_names_the_lead_and_the_reason(run):
    x = record()
    x.signal_mv[:, 6] = 0.0
    x.signal_mv[1000:2000, 7] = np.nan
    x.signal_mv[:, 8] = np.clip(x.signal_mv[:, 8], -0.05, 0.05)
    step = BRANCH.preprocess(x, Options())
    verdicts = {lead.lead: (lead.verdict, lead.reasons) for lead in step.data.quality.leads}
    assert verdicts["V1"] == ("unusable", ("flat line",))
    assert verdicts["V2"][0] == "limited"
    assert "missing samples" in verdicts["V2"][1]
    assert "saturated" in verdicts["V3"][1]
    assert verdicts["II"] == ("acceptable", ())
    _, found, _ = run(x)
    assert np.isnan(found.qrs.onset_s[:, 6]).all(), "an unusable lead has no waves"


@pytest.mark.reference
def test_floor_on_atrial_fibrillation(reference_data, run):
    with (reference_data / "ludb" / "ludb.csv").open(encoding="utf-8") as file:
        rows = {row["ID"].strip(): row["Rhythms"] for row in csv.DictReader(file)}
    af = [k for k, text in rows.items() if "fibrillation" in text][:6]
    sinus = [k for k, text in rows.items() if text.strip() == "Sinus rhythm"][:6]
    called = {
        k: any(
            f.code == "ECG_AFIB"
            for f in run(validate(reference_data / "ludb" / "data" / f"{k}.hea", Options()).data)[2].findings
        )
        for k in (*af, *sinus)
    }
    assert sum(called[k] for k in af) >= 3
    assert sum(called[k] for k in sinus) == 0


NO_VENTRICLE = ("Q", "R", "S", "T")


def test_p_waves_over_a_standstill_are_no_beats(run):
    beating, standing = record(), record(skip=NO_VENTRICLE)
    beating.signal_mv[2500:] = standing.signal_mv[2500:]
    _, found, analysis = run(beating)
    assert found.beat_time_s.max() < 5.0
    assert ("ECG_PAUSE", "critical") in {(f.code, f.grade.value) for f in analysis.findings}
    assert "ECG_SINUS" not in {f.code for f in analysis.findings if f.grade.value == "normal"}


def test_nothing_but_p_waves_is_critical(run):
    _, _, analysis = run(record(skip=NO_VENTRICLE))
    assert ("ECG_NO_QRS", "critical") in {(f.code, f.grade.value) for f in analysis.findings}
    assert "ECG_SINUS" not in {f.code for f in analysis.findings}
    assert "ECG_NO_QRS" not in {f.code for f in run(record())[2].findings}
