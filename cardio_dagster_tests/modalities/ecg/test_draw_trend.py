"""The course of the heart rate: what it draws, where it is silent, and when there is none."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from cardio_dagster.modalities.ecg.drawing.trend import draw_trend
from cardio_dagster.modalities.ecg.rhythm.classify import Episode, Rhythm
from cardio_dagster.modalities.ecg.signal import EcgStructures, WaveTimes


def structures(times):
    nothing = WaveTimes(*(np.full((len(times), 1), np.nan),) * 3)
    ones = np.ones(len(times))
    lost = np.empty((0, 2))
    return EcgStructures(times, ("N",) * len(times), ones, ones, ones, 0.1, nothing, nothing, nothing, lost)


def drawn(times, *, duration_s, episodes=()):
    rhythm = Rhythm("sinus", 0.9, episodes=tuple(Episode(*e) for e in episodes))
    svg = draw_trend(structures(np.asarray(times, float)), rhythm, duration_s=duration_s, title="Heart rate <x>")
    ElementTree.fromstring(svg)
    return svg


def curve(svg):
    path = next(p for p in re.findall(r'<path d="([^"]+)" fill="none"', svg))
    return np.array([float(y) for _, _, y in re.findall(r"([ML])([\d.]+) ([\d.]+)", path)]), path


def test_a_faster_heart_is_drawn_higher():
    slow, fast = np.arange(0, 300, 1.0), np.arange(300, 600, 0.5)
    y, _ = curve(drawn([*slow, *fast], duration_s=600.0))
    assert np.ptp(y[1:28]) < 0.2
    assert y[45] < y[5] - 10  # 120/min above 60/min; y grows downwards


def test_the_curve_breaks_where_there_are_no_beats():
    times = [*np.arange(0, 100, 1.0), *np.arange(200, 300, 1.0)]
    assert curve(drawn(times, duration_s=300.0))[1].count("M") == 2


def test_episodes_are_as_long_as_they_last():
    svg = drawn(np.arange(0, 600, 1.0), duration_s=600.0, episodes=(("sinus", 0, 450), ("afib", 450, 600)))
    widths = [float(w) for w in re.findall(r'width="([\d.]+)" height="3"', svg)]
    assert widths[0] == pytest.approx(3 * widths[1], rel=0.01)
    assert "atrial fibrillation" in svg
    assert "flutter" not in svg
    assert "<x>" not in svg


@pytest.mark.parametrize("hours", [0.02, 0.5, 3, 24, 48, 100])
def test_the_time_has_few_marks_whatever_the_length(hours):
    svg = drawn(np.arange(0, hours * 3600, 30.0), duration_s=hours * 3600)
    assert 2 <= len(re.findall(r'y="68"', svg)) <= 13
    assert len(svg) < 60_000
