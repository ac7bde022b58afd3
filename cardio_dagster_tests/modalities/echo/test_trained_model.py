"""The shipped networks on real input: the public cine, a simulated heart, and the reference set where it is at hand."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from cardio_dagster.demo.studies import save_clip, simulated_clip
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo import BRANCH
from cardio_dagster.modalities.echo.document import describe, describe_with_masks
from cardio_dagster.modalities.echo.segmentation import confidence, network

REFERENCE = Path(os.environ.get("CARDIO_REFERENCE_DATA", Path(__file__).parents[4] / "shared" / "data")) / "camus_a4c"
OPTIONS = Options()


def test_public_four_chamber_cine(public_cine):
    """No expert measured it: the ranges say what a reader sees, a normal ventricle of four beats."""
    prepared = BRANCH.preprocess(BRANCH.validate(public_cine, OPTIONS).data, OPTIONS)
    assert all(v.passed for v in prepared.verdicts)
    assert prepared.data.view.view == "A4C", "whatever the burned-in text says"
    detected = BRANCH.detect(prepared.data, OPTIONS)
    analysis = BRANCH.analyse(prepared.data, detected.data, "r01", OPTIONS).data
    found = {m.name: m.value for m in analysis.measurements}
    assert 52 <= found["lvef_pct"] <= 74
    assert 70 <= found["lv_edv_ml"] <= 140
    assert 55 <= found["echo_heart_rate_bpm"] <= 70
    assert 25 <= found["la_volume_ml"] <= 80
    assert -30 <= found["gls_contour_pct"] <= -12
    assert [f.name for f in analysis.figures] == ["echo_frames", "echo_volume_curve", "echo_loop", "echo_wall_motion"]
    assert all(len(f.svg) < 150_000 for f in analysis.figures)


def test_half_size_clip_cut_in_systole_is_no_false_alarm():
    """The same heart at half size, 30 frames that start in systole, and a calibration that is refused."""
    from pydicom.data import get_testdata_file

    document = describe(Path(get_testdata_file("examples_ybr_color.dcm")), OPTIONS)
    assert 52 <= document.lvef_pct <= 74
    assert document.lv_edv_ml is None
    assert "refused" in document.reasons["lv_edv_ml"]


@pytest.mark.parametrize(
    "name", ["examples_rgb_color.dcm", "gdcm-US-ALOKA-16.dcm", "US1_J2KI.dcm", "examples_palette.dcm"]
)
def test_ultrasound_of_something_else_is_not_measured(name):
    from pydicom.data import get_testdata_file

    document = describe(Path(get_testdata_file(name)), OPTIONS)
    assert {p.code for p in document.problems} & {"E_DETECT_001", "E_DETECT_002", "E_QUALITY_001", "E_QUALITY_002"}
    assert document.view != "A4C"
    assert (document.lvef_pct, document.la_volume_ml) == (None, None)


@pytest.mark.slow
def test_simulated_heart_of_known_volume(tmp_path):
    clip = simulated_clip(0, 58.0)
    save_clip(tmp_path / "clip.npz", clip)
    document = describe(tmp_path / "clip.npz", OPTIONS)
    assert document.lvef_pct == pytest.approx(58, abs=6)
    assert document.lv_edv_ml == pytest.approx(clip.lv_volume_ml.max(), rel=0.2)


def test_expected_dice_sees_the_frame_and_does_not_depend_on_the_batch(public_cine):
    prepared = BRANCH.preprocess(BRANCH.validate(public_cine, OPTIONS).data, OPTIONS).data
    images = prepared.images[:70]
    probabilities = network.load(OPTIONS)(images)
    raw = probabilities.argmax(1).astype(np.uint8)
    features = confidence.describe(probabilities, raw, raw, prepared.sector, np.ones((70, 2)))
    together = confidence.expected_dice(features, images, probabilities)
    assert together[66] == pytest.approx(
        confidence.expected_dice(features[66:67], images[66:67], probabilities[66:67])[0]
    )
    assert np.median(together) > 0.9
    undecided = 0.5 * probabilities + 0.125
    assert np.median(confidence.expected_dice(features, images, undecided)) < np.median(together) - 0.005
    black = np.zeros_like(images[:4])
    assert not np.allclose(confidence.expected_dice(features[:4], black, probabilities[:4]), together[:4], atol=1e-4)
    assert not confidence.expected_dice(np.zeros_like(features[:2]), images[:2], probabilities[:2]).any()


@pytest.mark.reference
def test_dice_of_held_out_patients():
    if not REFERENCE.is_dir():
        pytest.skip(f"no reference data at {REFERENCE}; set CARDIO_REFERENCE_DATA")
    paths = [p for p in sorted(REFERENCE.glob("patient*_ED.npz")) if is_held_out(p)][:16]
    assert len(paths) == 16
    scores = []
    for path in paths:
        with np.load(path) as stored:
            expert = stored["mask"] == 1
        found = describe_with_masks(path, OPTIONS)[1][0] == 1
        scores.append(2 * (found & expert).sum() / (found.sum() + expert.sum()))
    assert np.mean(scores) >= 0.92


def is_held_out(path: Path) -> bool:
    """The split of training/echo_segmentation/data.py, without its need for torch."""
    patient = path.stem.rsplit("_", 1)[0]
    return int(hashlib.sha256(patient.encode()).hexdigest(), 16) % 5 == 0
