"""The peaks are those of scipy, and so is the parabola through the frames; neither is imported by the branch."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from cardio_dagster.modalities.echo.cycles.peaks import find_peaks
from cardio_dagster.modalities.echo.motion.tracking import _smooth


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.integers(0, 6), min_size=3, max_size=60),  # few levels, so that there are plateaus
    st.floats(0, 5),
    st.floats(1, 12),
)
def test_peaks_are_those_of_scipy(levels, prominence, distance):
    # a slope that makes equal peaks unequal: which of two equal ones stays is not defined
    curve = np.array(levels, float)
    curve += 1e-3 * np.concatenate([[0], np.cumsum(np.diff(curve) != 0)])
    expected, _ = signal.find_peaks(curve, prominence=prominence, distance=distance)
    assert find_peaks(curve, prominence=prominence, distance=distance) == expected.tolist()


def test_a_plateau_counts_at_its_middle_and_the_ends_do_not_count():
    assert find_peaks(np.array([5.0, 0, 2, 2, 2, 2, 0, 5]), prominence=1, distance=1) == [3]
    assert find_peaks(np.array([1.0, 1, 1]), prominence=0, distance=1) == []


@pytest.mark.parametrize("window", [3, 5, 7])
@pytest.mark.parametrize("frames", [7, 8, 30])
def test_smoothing_is_that_of_savitzky_and_golay(window, frames):
    lines = np.random.default_rng(window).normal(70, 20, (frames, 85, 2))
    expected = signal.savgol_filter(lines, window, 2, axis=0, mode="interp")
    np.testing.assert_allclose(_smooth(lines, window), expected, rtol=0, atol=1e-10)


def test_too_few_frames_stay_as_they_are():
    lines = np.random.default_rng(1).normal(size=(4, 85, 2))
    assert _smooth(lines, 5) is lines


def test_the_branch_does_not_import_scipy_signal():
    """It takes longer to import than a clip to measure; checked in a process that has not yet imported it."""
    code = (
        "import sys; import cardio_dagster.modalities.echo.document; import cardio_dagster.modalities.echo.formats.dicom\n"
        "print([name for name in sys.modules if name.startswith(('scipy.signal', 'scipy.stats', 'dagster'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
