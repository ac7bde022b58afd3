import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.formats.calibration import bmode_region, timing
from cardio_dagster.modalities.echo.validate import validate

REGION = {
    "RegionSpatialFormat": 1, "RegionDataType": 1, "PhysicalUnitsXDirection": 3, "PhysicalUnitsYDirection": 3,
    "RegionLocationMinX0": 10, "RegionLocationMinY0": 20, "RegionLocationMaxX1": 109, "RegionLocationMaxY1": 99,
    "PhysicalDeltaX": 0.05, "PhysicalDeltaY": 0.05,
}  # fmt: skip


def header_with(*regions: dict[str, object]) -> Dataset:
    header, items = Dataset(), []
    for changes in regions:
        item = Dataset()
        for name, value in {**REGION, **changes}.items():
            setattr(item, name, value)
        items.append(item)
    header.SequenceOfUltrasoundRegions = items
    return header


def changed(source: Path | str, target: Path, **elements: object) -> Path:
    dataset = pydicom.dcmread(source)
    for name, value in elements.items():
        setattr(dataset, name, value)
    dataset.save_as(target)
    return target


def test_public_cine(public_cine):
    step = validate(public_cine, Options())
    clip = step.data
    assert step.problems == ()
    assert clip.frames.shape == (120, 384, 512)  # rows 31 to 414 and columns 84 to 595, both ends included
    assert (clip.top, clip.left, clip.full_height, clip.full_width) == (31, 84, 480, 640)
    assert clip.spacing.mm == pytest.approx(0.5104970559)
    assert clip.timing.frame_rate_hz == pytest.approx(30.0, abs=0.01)
    assert clip.timing.source.startswith("FrameTime ")


def test_grey_of_ybr_is_the_luma_that_pillow_finds(public_cine):
    clip = validate(public_cine, Options()).data
    dataset = pydicom.dcmread(public_cine)
    for index, jpeg in enumerate(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=120)):
        if index % 40 == 0:
            colour = Image.open(io.BytesIO(jpeg)).convert("RGB")
            expected = np.asarray(colour.convert("L")).astype(int)[31:415, 84:596]
            difference = np.abs(clip.frames[index].astype(int) - expected)
            assert np.percentile(difference, 99.9) <= 1
            assert difference.max() <= 8  # where dark colours leave the RGB cube and are clipped


def test_colours_of_ybr_are_not_green(public_cine):
    """A Y plane taken for RGB, or chroma taken for colour, would shift the mean of a grey image."""
    clip = validate(public_cine, Options()).data
    reference = pydicom.pixels.pixel_array(public_cine, index=5)  # RGB by pydicom's own path
    spread = reference.astype(int).max(axis=2) - reference.astype(int).min(axis=2)
    assert np.percentile(spread, 99) < 20  # the image is grey
    expected = reference[31:415, 84:596].mean(axis=2)
    assert abs(clip.frames[5].mean() - expected.mean()) < 0.5


@pytest.mark.parametrize(
    "name", ["examples_rgb_color.dcm", "examples_jpeg2k.dcm", "US1_J2KI.dcm", "color-px.dcm", "color-pl.dcm"]
)
def test_grey_of_rgb_is_its_luma(name):
    path = Path(get_testdata_file(name))
    clip = validate(path, Options()).data
    rgb = pydicom.pixels.pixel_array(path).astype(float)
    expected = rgb @ [0.299, 0.587, 0.114]
    assert np.abs(clip.frames[0] - expected).max() <= 1


def test_monochrome1_is_inverted(tmp_path):
    dataset = pydicom.dcmread(get_testdata_file("examples_rgb_color.dcm"))
    grey = pydicom.pixels.pixel_array(dataset)[..., 0]
    dataset.PhotometricInterpretation, dataset.SamplesPerPixel = "MONOCHROME1", 1
    dataset.PixelData = (255 - grey).tobytes()
    dataset.save_as(tmp_path / "inverted")
    assert np.array_equal(validate(tmp_path / "inverted", Options()).data.frames[0], grey)


@pytest.mark.parametrize("name", ["OBXXXX1A.dcm", "OBXXXX1A_2frame.dcm"])
def test_palette_reads_the_same_in_both_byte_orders(name):
    little = validate(Path(get_testdata_file(name)), Options()).data
    big = validate(Path(get_testdata_file(name.replace("1A", "1A_expb", 1))), Options()).data
    assert little.frames.mean() > 5
    assert np.array_equal(little.frames, big.frames)


def test_region_outside_the_image_is_refused():
    step = validate(Path(get_testdata_file("examples_ybr_color.dcm")), Options())
    assert [p.code for p in step.problems] == ["E_VALID_005"]
    assert step.data.spacing.mm is None
    assert "columns 84 to 595" in step.data.spacing.reason
    assert step.data.frames.shape == (30, 240, 320)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"RegionLocationMaxX1": 130}, "columns 10 to 130"),
        ({"RegionLocationMinY0": 99}, "rows 99 to 99"),
        ({"PhysicalUnitsXDirection": 4}, "centimetres"),
        ({"PhysicalDeltaX": 0.0, "PhysicalDeltaY": 0.0}, "0 x 0 mm"),
        ({"PhysicalDeltaX": 0.21, "PhysicalDeltaY": 0.21}, "2.1 x 2.1 mm"),
        ({"PhysicalDeltaX": 0.0049, "PhysicalDeltaY": 0.0049}, "0.049 x 0.049 mm"),
        ({"PhysicalDeltaY": 0.06}, "not square"),
    ],
)
def test_implausible_region_is_refused(changes, fault):
    region = bmode_region(header_with(changes), rows=100, columns=120)
    assert region.spacing.mm is None
    assert fault in region.spacing.reason
    assert (region.top, region.left, region.height, region.width) == (0, 0, 100, 120)
    assert region.problems[0].code == "E_VALID_005"


def test_upward_axis_has_a_plausible_spacing():
    assert bmode_region(header_with({"PhysicalDeltaY": -0.05}), rows=100, columns=120).spacing.mm == pytest.approx(0.5)


def test_doppler_regions_are_passed_over_and_the_largest_tissue_region_is_taken():
    doppler = {"RegionSpatialFormat": 3, "RegionDataType": 3, "RegionLocationMinX0": 0, "RegionLocationMaxX1": 119}
    small = {"RegionLocationMaxX1": 30, "PhysicalDeltaX": 0.1, "PhysicalDeltaY": 0.1}
    region = bmode_region(header_with(doppler, small, {}), rows=100, columns=120)
    assert (region.top, region.left, region.height, region.width) == (20, 10, 80, 100)
    assert region.spacing.mm == pytest.approx(0.5)


def test_no_region_is_a_missing_value():
    region = bmode_region(Dataset(), rows=100, columns=120)
    assert region.problems[0].code == "E_VALID_004"


@pytest.mark.parametrize(
    ("elements", "rate", "source"),
    [
        ({"FrameTime": "20"}, 50.0, "FrameTime ("),
        ({"FrameTimeVector": [0, 40, 40, 41]}, 25.0, "FrameTimeVector"),
        ({"CineRate": "60"}, 60.0, "CineRate"),
        ({"FrameTime": "0", "CineRate": "60"}, 60.0, "CineRate"),
        ({"FrameTime": "0.1", "CineRate": "0"}, None, None),
        ({}, None, None),
    ],
)
def test_frame_rate_and_its_source(elements, rate, source):
    header = Dataset()
    for name, value in elements.items():
        setattr(header, name, value)
    found = timing(header, frames=4)
    assert found.frame_rate_hz == (None if rate is None else pytest.approx(rate))
    assert (found.source or "").startswith(source or "")
    assert (found.reason is None) == (rate is not None)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_refused_and_says_where(tmp_path, public_cine, share):
    content = public_cine.read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(StudyError) as caught:
        validate(path, Options())
    assert caught.value.problem.code == "E_CORRUPT_001"
    assert "byte" in caught.value.problem.seen or "frame" in caught.value.problem.seen


@pytest.mark.parametrize(
    "name", ["examples_rgb_color.dcm", "OBXXXX1A_2frame.dcm", "OBXXXX1A_rle_2frame.dcm", "US1_J2KI.dcm"]
)
@pytest.mark.parametrize("share", [0.5, 0.97])
def test_truncated_pixels_of_every_kind_are_refused(tmp_path, name, share):
    content = Path(get_testdata_file(name)).read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(StudyError) as caught:
        validate(path, Options())
    assert caught.value.problem.code == "E_CORRUPT_001"
    assert "frame" in caught.value.problem.seen


def test_more_frames_declared_than_sent(tmp_path, public_cine):
    path = changed(public_cine, tmp_path / "more", NumberOfFrames="130")
    with pytest.raises(StudyError, match=r"E_CORRUPT_001.*of 130"):
        validate(path, Options())


def test_missing_image_element(tmp_path):
    dataset = pydicom.dcmread(get_testdata_file("examples_rgb_color.dcm"))
    del dataset.PhotometricInterpretation
    dataset.save_as(tmp_path / "lacking")
    with pytest.raises(StudyError, match=r"E_VALID_001.*PhotometricInterpretation"):
        validate(tmp_path / "lacking", Options())


def test_unsupported_transfer_syntax():
    path = Path(get_testdata_file("JPGLosslessP14SV1_1s_1f_8b.dcm"))
    with pytest.raises(StudyError, match="E_FORMAT_002"):
        validate(path, Options())


def test_file_over_the_limit(public_cine):
    with pytest.raises(StudyError, match="E_HARD_004"):
        validate(public_cine, Options(max_file_mb=1))


def test_clip_over_the_memory_limit(public_cine):
    with pytest.raises(StudyError, match="E_HARD_002"):
        validate(public_cine, Options(memory_limit_mb=40))


def test_impossible_shape(tmp_path):
    path = changed(get_testdata_file("examples_rgb_color.dcm"), tmp_path / "flat", Rows=3)
    with pytest.raises(StudyError, match="E_VALID_002"):
        validate(path, Options())


def test_no_echo_file(tmp_path):
    (tmp_path / "echo.dcm").write_text("hello")
    with pytest.raises(StudyError, match="E_FORMAT_001"):
        validate(tmp_path / "echo.dcm", Options())
