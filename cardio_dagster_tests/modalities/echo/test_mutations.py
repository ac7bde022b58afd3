"""Damaged files of every format end in a clip or a coded problem, soon, and show nothing that was not in them.

`python -m benchmarks.echo.mutations` runs thousands of them through the whole branch, public files among them, and looks at
memory too.
"""

import random
import time

import numpy as np
import pytest

from cardio_dagster.errors import CODES, StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.validate import validate
from cardio_dagster_tests.modalities.echo.damage import damage
from cardio_dagster_tests.modalities.echo.sample_dicom import RATE_HZ, SIDE, heart
from cardio_dagster_tests.modalities.echo.sample_files import WRITERS

OPTIONS = Options(threads=1, memory_limit_mb=2048)
PER_FORMAT, LIMIT_S = 2, 10.0
every_format = pytest.mark.parametrize("kind", WRITERS)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """Return the path of a sound file of every format."""
    return {kind: write(tmp_path_factory.mktemp(kind))[0] for kind, write in WRITERS.items()}


@every_format
def test_a_sound_file_is_read(kind, samples):
    clip = validate(samples[kind], OPTIONS).data
    assert (clip.full_height, clip.full_width) == (SIDE, SIDE)
    expected = heart()[0][:, clip.top :, clip.left :][: len(clip.frames), : clip.height, : clip.width].astype(int)
    difference = np.abs(clip.frames.astype(int) - expected)[:, clip.visible]
    assert np.median(difference) <= 3
    if len(clip.frames) > 1:
        assert clip.timing.frame_rate_hz == pytest.approx(RATE_HZ, rel=1e-3)


@every_format
def test_damaged_files_end_in_a_clip_or_a_code(kind, samples, tmp_path):
    path, whole = tmp_path / samples[kind].name, samples[kind].read_bytes()
    for seed in range(PER_FORMAT):
        path.write_bytes(damage(whole, random.Random(f"{kind} {seed}")))
        started = time.process_time()
        try:
            assert_sound(validate(path, OPTIONS).data)
        except StudyError as refused:
            assert refused.problem.code in CODES  # noqa: PT017 (a clip is as good)
            assert path.name not in str(refused)  # noqa: PT017
        assert time.process_time() - started < LIMIT_S, seed


def assert_sound(clip):
    """Assert that shapes agree, nothing is seen beside the sector, and what is None has its reason."""
    assert clip.frames.dtype == np.uint8
    assert clip.frames.shape == (len(clip.frame_indices), *clip.visible.shape)
    assert not clip.frames[:, ~clip.visible].any()
    assert 0 <= clip.frame_indices[0] <= clip.frame_indices[-1] < clip.frames_in_file
    assert 0 <= clip.top <= clip.top + clip.height <= clip.full_height
    assert 0 <= clip.left <= clip.left + clip.width <= clip.full_width
    for value, reason in ((clip.spacing.mm, clip.spacing.reason), (clip.timing.frame_rate_hz, clip.timing.reason)):
        assert (value is None) == (reason is not None)
        assert value is None or np.isfinite(value)
    assert np.isfinite(clip.r_waves.times_s).all()
    assert len(clip.r_waves.times_s) > 0 or clip.r_waves.reason


def test_every_damage_changes_what_it_is_given(samples):
    for kind, path in samples.items():
        content = path.read_bytes()
        damaged = {damage(content, random.Random(seed)) for seed in range(4)}
        assert len(damaged - {content}) >= 2, kind
