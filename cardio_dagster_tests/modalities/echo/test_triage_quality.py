"""Pictures that can be measured pass the gates, spoilt copies of them do not."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from cardio_dagster.modalities.echo.sector.find import find_sector
from cardio_dagster.modalities.echo.triage.placement import foreshortening, ventricle_inside
from cardio_dagster.modalities.echo.triage.quality import GATES, judge_images
from cardio_dagster_tests.modalities.echo.sectors import fan_of, speckled

REFERENCE = Path(os.environ.get("CARDIO_REFERENCE_DATA", Path(__file__).parents[4] / "shared/data")) / "camus_a4c"


def seen(grey, changed):
    return np.where(grey > 0, np.clip(changed, 1, 255), 0).astype(np.uint8)


def shadowed(grey):
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]]
    angle = np.degrees(np.arctan2(x - grey.shape[1] / 2, y + 1.0))
    return np.where((angle > -5) & (angle < 25), grey * 0.03, grey).astype(np.uint8)


SPOILT = {
    "gain low": (
        lambda g: np.clip(g * 0.3 - 10.0, 0, 255).astype(np.uint8),
        {"echo_contrast", "echo_lit", "echo_black"},
    ),
    "gain high": (lambda g: seen(g, g * 1.2 + 110), {"echo_white", "echo_contrast"}),
    "flat": (lambda g: seen(g, 60 + 0.15 * g), {"echo_contrast"}),
    "blurred": (lambda g: seen(g, ndimage.gaussian_filter(g.astype(float), 4)), {"echo_sharpness"}),
    "cropped": (lambda g: g[:, int(0.36 * g.shape[1]) :], {"echo_sector"}),
    "shadowed": (shadowed, {"echo_lit"}),
}


def failed(grey):
    found = find_sector(grey[None], None)
    box = np.s_[found.top : found.top + found.height, found.left : found.left + found.width]
    verdicts = judge_images((grey * found.visible)[box][None], found.visible[box])
    return {v.gate for v in verdicts if not v.passed}


@pytest.fixture(scope="module")
def made():
    return [speckled(fan_of(near=0.0), frames=1, seed=seed)[0] for seed in range(3)]


def test_made_pictures_pass(made):
    assert [failed(grey) for grey in made] == [set()] * 3


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_made_pictures_fail(made, name):
    spoil, gates = SPOILT[name]
    for grey in made:
        assert failed(spoil(grey)) & gates


@pytest.mark.reference
@pytest.mark.skipif(not REFERENCE.is_dir(), reason="needs the reference data set (CARDIO_REFERENCE_DATA)")
def test_camus_passes_and_its_spoilt_copies_fail():
    pictures = [np.load(path)["image"] for path in sorted(REFERENCE.glob("*.npz"))[5::150]]
    assert sum(not failed(grey) for grey in pictures) >= 0.9 * len(pictures)
    for spoil, gates in SPOILT.values():
        assert sum(bool(failed(spoil(grey)) & gates) for grey in pictures) >= 0.8 * len(pictures)


def test_gates_have_names_of_their_own():
    assert len({gate.name for gate in GATES}) == len(GATES)


def test_ventricle_inside_counts_the_frames_that_keep_clear_of_the_border():
    sector = np.zeros((64, 64), bool)
    sector[4:60, 4:60] = True
    sector[30, 30] = False  # a mark burned into it does not count
    labels = np.zeros((4, 64, 64), np.uint8)
    labels[:, 20:40, 20:40] = 1
    labels[1, 20:40, 4:20] = 1  # touches the left border
    labels[2] = 0
    verdict = ventricle_inside(labels, sector)
    assert verdict.value == pytest.approx(2 / 3, abs=1e-4)
    assert not verdict.passed
    assert ventricle_inside(labels[:1], sector).passed
    assert not ventricle_inside(labels[:1], np.pad(np.ones((30, 64), bool), ((0, 34), (0, 0)))).passed
    assert ventricle_inside(labels[2:3], sector).value is None


def test_a_ventricle_that_reaches_the_image_edge_is_not_inside():
    labels = np.zeros((1, 64, 64), np.uint8)
    labels[0, :20, 20:40] = 1
    assert ventricle_inside(labels, np.ones((64, 64), bool)).value == 0.0


@dataclass
class Ellipse:
    length: float
    width: float

    @property
    def area(self):
        return np.pi / 4 * self.length * self.width


@pytest.mark.parametrize(
    ("diastole", "systole", "passes"),
    [
        (Ellipse(85, 46), Ellipse(74, 34), (True, True)),
        (Ellipse(60, 55), Ellipse(52, 43), (False, True)),  # round
        (Ellipse(85, 46), Ellipse(55, 40), (True, False)),  # a third of the length lost
    ],
)
def test_foreshortening(diastole, systole, passes):
    frames = [diastole, systole, diastole]
    lengths, areas = np.array([e.length for e in frames]), np.array([e.area for e in frames])
    verdicts = foreshortening(lengths, areas)
    assert tuple(v.passed for v in verdicts) == passes
    assert verdicts[0].value == pytest.approx(4 / np.pi * diastole.length / diastole.width, abs=1e-3)
    scaled = foreshortening(np.append(lengths, np.nan) * 0.3, np.append(areas, np.nan) * 0.09)
    assert [v.value for v in scaled] == [v.value for v in verdicts]


def test_foreshortening_of_nothing_and_of_a_still():
    assert [v.value for v in foreshortening(np.array([np.nan]), np.array([np.nan]))] == [None, None]
    assert foreshortening(np.array([80.0]), np.array([3000.0]))[1].value is None
