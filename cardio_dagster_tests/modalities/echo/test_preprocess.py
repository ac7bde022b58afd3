"""From a clip to what the network and the reader see."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import EchoClip, RWaves, Spacing, Timing, ViewVerdict
from cardio_dagster.models import catalogue
from cardio_dagster.outcome import Severity
from cardio_dagster_tests.modalities.echo.sectors import fan_of, speckled

module = importlib.import_module(
    "cardio_dagster.modalities.echo.preprocess"
)  # the package has the verb under that name
VIEW = ViewVerdict("A4C", True, 0.9, None)


@pytest.fixture(autouse=True)
def no_view_model(monkeypatch):
    monkeypatch.setattr(module, "_view", lambda images, options: VIEW)


def clip_of(frames, visible, *, rate=30.0, step=1, reduction=1, in_file=None):
    n, h, w = frames.shape
    return EchoClip(
        "npz", frames, visible, np.arange(n, dtype=np.int32) * step, in_file or n * step, 2000, 3000, 40, 60,
        h * reduction, w * reduction, reduction, Spacing(0.3, "made", None), Timing(rate, "made", None),
        RWaves(np.array([0.1]), "made", None), "b_mode", {"Manufacturer": "made"},
    )  # fmt: skip


def sector_clip(n=12, **more):
    fan = fan_of()
    rows, columns = np.flatnonzero(fan.any(1)), np.flatnonzero(fan.any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return clip_of(np.ascontiguousarray(speckled(fan, frames=n)[:, *box]), np.ascontiguousarray(fan[box]), **more)


def test_what_the_network_gets():
    clip = sector_clip()
    step = module.preprocess(clip, Options())
    prepared, model = step.data, catalogue.entry("echo_segmentation")
    assert prepared.images.shape == (12, model.input_size, model.input_size)
    assert prepared.sector.shape == (prepared.letterbox.size,) * 2 == (model.answer_size,) * 2
    assert (prepared.letterbox.top, prepared.letterbox.left) == (40, 60)
    side = max(clip.height, clip.width)
    assert prepared.sector.mean() == pytest.approx(clip.visible.sum() / side**2, rel=0.02)
    assert prepared.images.mean() == pytest.approx(clip.frames.sum() / side**2 / 12, rel=0.02)
    assert (prepared.r_waves, prepared.mode, prepared.view, prepared.device) == (
        clip.r_waves,
        "b_mode",
        VIEW,
        clip.device,
    )
    assert step.problems == ()
    assert {v.gate for v in step.verdicts} == {gate.name for gate in module.GATES}


def test_a_reduced_crop_lies_where_the_full_one_does():
    clip = sector_clip(n=2)
    twice = clip_of(clip.frames.repeat(2, 1).repeat(2, 2), clip.visible.repeat(2, 0).repeat(2, 1))
    reduced = clip_of(clip.frames, clip.visible, reduction=2)
    one, other = (module.preprocess(c, Options()).data for c in (twice, reduced))
    assert one.letterbox == other.letterbox
    assert (one.sector != other.sector).mean() < 0.01


@pytest.mark.parametrize(
    ("rate", "step", "kept", "out"), [(30.0, 1, 12, 30.0), (120.0, 2, 6, 30.0), (None, 1, 12, None)]
)
def test_frames_are_thinned_to_thirty_hertz(rate, step, kept, out):
    prepared = module.preprocess(sector_clip(rate=rate, step=step), Options()).data
    assert len(prepared.images) == len(prepared.pictures) == len(prepared.frame_indices) == kept
    assert prepared.timing.frame_rate_hz == out
    assert prepared.frame_indices[1] == 12 // kept * step


def test_frames_left_out_are_said():
    (found,) = module.preprocess(sector_clip(in_file=500), Options()).problems
    assert (found.code, found.severity, found.seen) == ("E_QUALITY_002", Severity.INFO, "12 of 500")


def test_pictures_are_small_and_keep_their_shape():
    clip = clip_of(np.full((2, 300, 600), 90, np.uint8), np.ones((300, 600), bool))
    assert module.preprocess(clip, Options()).data.pictures.shape == (2, 192, 384)


def test_few_and_slow_frames_fail_their_gates():
    verdicts = module.preprocess(sector_clip(n=4, rate=12.0), Options()).verdicts
    assert {v.gate for v in verdicts if not v.passed} == {"echo_frames", "echo_frame_rate"}
    assert module.preprocess(sector_clip(n=4, rate=12.0), Options()).data.quality == pytest.approx(6 / 8)


def test_a_still_has_no_frame_rate_to_judge():
    assert "echo_frame_rate" not in {v.gate for v in module.preprocess(sector_clip(n=1, rate=None), Options()).verdicts}


def test_pictures_that_may_hold_a_name_are_withheld_and_said():
    step = module.preprocess(replace(sector_clip(), text_suspected="text seems to be there"), Options())
    assert not step.data.pictures.any()
    assert step.data.withheld == "text seems to be there"
    assert step.data.images.any()
    assert [(p.code, p.message) for p in step.problems] == [
        ("E_QUALITY_002", "the pictures are withheld: text seems to be there")
    ]
