"""Pixels of every transfer syntax and colour space, against the uncompressed ones or against pydicom."""

import io
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.encaps import generate_frames
from pydicom.pixels import apply_color_lut
from pydicom.uid import (
    JPEG2000,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cardio_dagster_tests.modalities.echo.dicom_files import read, textured, write_us

NATIVE = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
LOSSLESS = [*NATIVE, RLELossless, JPEGLossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless]
LUMA = np.array([0.299, 0.587, 0.114])
pytestmark = pytest.mark.usefixtures("whole_frame")


def frames_of(path: Path | str) -> np.ndarray:
    return read(Path(path))[0].frames


def named(name: str) -> Path:
    return Path(get_testdata_file(name))


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_grey_is_exact(tmp_path, syntax):
    frames = textured(3)
    assert np.array_equal(frames_of(write_us(tmp_path / "x", frames, syntax=syntax)), frames)


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_twelve_bits_keep_their_highest_eight(tmp_path, syntax):
    frames = textured(2, bits=12)
    path = write_us(tmp_path / "x", frames, syntax=syntax, bits_stored=12)
    assert np.array_equal(frames_of(path), frames >> 4)


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_colour_is_its_luma(tmp_path, syntax, whole_frame):
    frames = textured(2, samples=3)
    found = frames_of(write_us(tmp_path / "x", frames, syntax=syntax))
    assert np.abs(found - frames @ LUMA).max() <= 0.51
    spread = frames.max(axis=3) - frames.min(axis=3)
    assert np.array_equal(whole_frame[0], spread.max(axis=0))


@pytest.mark.parametrize(
    ("plain", "packed"),
    [  # made by dcmtk, gdcm and devices, not by the codecs used here
        ("emri_small.dcm", "emri_small_big_endian.dcm"),
        ("emri_small.dcm", "emri_small_RLE.dcm"),
        ("emri_small.dcm", "emri_small_jpeg_ls_lossless.dcm"),
        ("emri_small.dcm", "emri_small_jpeg_2k_lossless.dcm"),
        ("MR_small.dcm", "MR_small_jpeg_ls_lossless.dcm"),
        ("JPEG2000_UNC.dcm", "JPEG2000.dcm"),
        ("693_UNCR.dcm", "693_J2KR.dcm"),
        ("US1_UNCR.dcm", "US1_J2KR.dcm"),
        ("SC_rgb.dcm", "SC_rgb_jpeg_gdcm.dcm"),
        ("SC_rgb.dcm", "SC_rgb_expb.dcm"),
        ("SC_rgb.dcm", "SC_rgb_16bit.dcm"),
        ("SC_rgb.dcm", "SC_rgb_expb_16bit.dcm"),
        ("SC_rgb.dcm", "SC_rgb_rle.dcm"),
        ("SC_rgb.dcm", "SC_rgb_rle_16bit.dcm"),
        ("SC_rgb_jpeg_dcmd.dcm", "SC_rgb_jpeg.dcm"),
        ("OBXXXX1A_2frame.dcm", "OBXXXX1A_rle_2frame.dcm"),
        ("OBXXXX1A_2frame.dcm", "OBXXXX1A_expb_2frame.dcm"),
        ("gdcm-US-ALOKA-16.dcm", "gdcm-US-ALOKA-16_big.dcm"),
        ("color-px.dcm", "color-pl.dcm"),
    ],
)
def test_public_pairs_are_equal(plain, packed):
    expected = frames_of(named(plain))
    assert expected.std() > 0.3
    assert np.array_equal(frames_of(named(packed)), expected)


@pytest.mark.parametrize(
    ("plain", "packed", "most"),
    [
        ("SC_rgb.dcm", "SC_ybr_full_uncompressed.dcm", 1),
        ("SC_rgb.dcm", "SC_ybr_full_422_uncompressed.dcm", 1),
        ("SC_rgb.dcm", "SC_rgb_jls_lossy_line.dcm", 2),
        ("SC_rgb.dcm", "SC_rgb_jls_lossy_sample.dcm", 2),
        ("SC_rgb_dcmtk_ebcr_dcmd.dcm", "SC_rgb_dcmtk_+eb+cr.dcm", 1),
        ("SC_rgb_dcmtk_ebcynp_dcmd.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm", 1),
        ("US1_UNCI.dcm", "US1_J2KI.dcm", 1),
    ],
)
def test_public_pairs_are_close(plain, packed, most):
    difference = np.abs(frames_of(named(packed)).astype(int) - frames_of(named(plain)))
    assert difference.max() <= most


@pytest.mark.parametrize("name", ["examples_rgb_color.dcm", "ExplVR_BigEnd.dcm", "SC_jpeg_no_color_transform_2.dcm"])
def test_grey_of_rgb_is_its_luma(name):
    rgb = pydicom.pixels.pixel_array(named(name)).astype(float)
    assert np.abs(frames_of(named(name))[0] - rgb @ LUMA).max() <= 0.51


def test_palette_is_what_pydicom_makes_of_it(whole_frame):
    path = named("gdcm-US-ALOKA-16.dcm")
    dataset = pydicom.dcmread(path)
    clip, _ = read(path)
    box = np.s_[clip.top : clip.top + clip.height, clip.left : clip.left + clip.width]
    colours = (apply_color_lut(dataset.pixel_array, dataset) >> 8)[box].astype(int)
    assert np.abs(clip.frames[0] - colours @ LUMA).max() <= 0.51
    assert np.array_equal(whole_frame[0], colours.max(axis=2) - colours.min(axis=2))


@pytest.mark.parametrize("syntax", NATIVE)
def test_sixteen_bit_palette_in_every_byte_order(tmp_path, syntax):
    entries = {f"{c}PaletteColorLookupTableDescriptor": [256, 0, 16] for c in ("Red", "Green", "Blue")}
    order = "<u2" if syntax.is_little_endian else ">u2"
    ramp = (np.arange(256) * 256 + 255 - np.arange(256)).astype(order).tobytes()  # low bytes run the other way
    tables = {f"{c}PaletteColorLookupTableData": ramp for c in ("Red", "Green", "Blue")}
    frames = textured(1)
    path = write_us(tmp_path / "x", frames, syntax=syntax, photometric="PALETTE COLOR", **entries, **tables)
    assert np.array_equal(frames_of(path), frames)


def test_segmented_palette(tmp_path):
    ramp = bytes([0, 1, 0, 1, 255, 255])  # one value 0, then a line over 255 values to 255
    tables = {f"Segmented{c}PaletteColorLookupTableData": ramp for c in ("Red", "Green", "Blue")}
    entries = {f"{c}PaletteColorLookupTableDescriptor": [256, 0, 8] for c in ("Red", "Green", "Blue")}
    frames = textured(1)
    path = write_us(tmp_path / "x", frames, photometric="PALETTE COLOR", **entries, **tables)
    assert np.abs(frames_of(path).astype(int) - frames).max() <= 1


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
def test_monochrome1_is_inverted(tmp_path, syntax):
    frames = textured(2)
    path = write_us(tmp_path / "x", 255 - frames, photometric="MONOCHROME1", syntax=syntax)
    assert np.array_equal(frames_of(path), frames)


@pytest.mark.parametrize("syntax", NATIVE)
def test_planes_one_after_the_other(tmp_path, syntax):
    frames = textured(3, height=40, width=56, samples=3)
    planes = np.ascontiguousarray(frames.transpose(0, 3, 1, 2)).tobytes()
    path = write_us(tmp_path / "x", frames, syntax=syntax, PlanarConfiguration=1, pixel_data=planes)
    assert np.abs(frames_of(path) - frames @ LUMA).max() <= 0.51


def test_words_of_a_big_endian_file_across_frames_of_odd_size(tmp_path):
    frames = textured(3, height=40, width=56)[:, :33, :35]
    content = np.frombuffer(frames.tobytes() + b"\0", "<u2").byteswap().tobytes()
    path = write_us(tmp_path / "x", frames, syntax=ExplicitVRBigEndian, pixel_data=content)
    dataset = pydicom.dcmread(path)
    dataset["PixelData"].VR = "OW"
    dataset.save_as(path)
    assert np.array_equal(frames_of(path), frames)


@pytest.mark.parametrize(("high_bit", "shift"), [(11, 0), (15, 4)])
def test_bits_beside_the_stored_ones_are_cut_off(tmp_path, high_bit, shift):
    frames = textured(2, bits=12)
    dirt = 0xF000 if shift == 0 else 0x000F  # an old overlay in the unused bits
    path = write_us(tmp_path / "x", (frames << shift) | dirt, bits_stored=12, HighBit=high_bit)
    assert np.array_equal(frames_of(path), frames >> 4)


def test_signed_values_are_moved_up(tmp_path):
    frames = textured(2, bits=16)
    stored = (frames.astype(np.int32) - 2**15).astype(np.int16).view(np.uint16)
    path = write_us(tmp_path / "x", stored, PixelRepresentation=1)
    assert np.array_equal(frames_of(path), frames >> 8)


def test_few_bits_are_stretched(tmp_path):
    frames = textured(1) >> 2
    assert frames_of(write_us(tmp_path / "x", frames, bits_stored=6)).max() == int(frames.max()) * 255 // 63


@pytest.mark.parametrize(
    ("syntax", "bits", "samples", "most"),
    [(JPEGBaseline8Bit, 8, 1, 4), (JPEGBaseline8Bit, 8, 3, 6), (JPEGExtended12Bit, 12, 1, 1), (JPEG2000, 8, 3, 3)],
)
def test_lossy_syntaxes_are_close(tmp_path, syntax, bits, samples, most):
    frames = textured(2, bits=bits, samples=samples)
    photometric = None if samples == 1 else {JPEG2000: "YBR_ICT"}.get(syntax, "YBR_FULL_422")
    path = write_us(tmp_path / "x", frames, syntax=syntax, bits_stored=bits, photometric=photometric)
    expected = frames @ LUMA if samples == 3 else frames >> (bits - 8)
    assert np.percentile(np.abs(frames_of(path).astype(int) - expected), 95) <= most


def test_public_cine_is_cropped_to_its_region(public_cine, whole_frame):
    clip, problems = read(public_cine)
    assert problems == ()
    assert clip.frames.shape == (120, 384, 512)  # rows 31 to 414 and columns 84 to 595, both ends included
    assert (clip.top, clip.left, clip.height, clip.width, clip.reduction) == (31, 84, 384, 512, 1)
    assert (clip.full_height, clip.full_width, clip.frames_in_file) == (480, 640, 120)
    assert clip.spacing.mm == pytest.approx(0.5104970559)
    assert clip.timing.frame_rate_hz == pytest.approx(30.0, abs=0.01)
    assert (clip.mode, clip.device["ManufacturerModelName"]) == ("b_mode", "Turbo")
    assert np.percentile(whole_frame[0], 99) < 20  # the public clip is grey


def test_grey_of_ybr_is_the_luma_that_pillow_finds(public_cine):
    frames = frames_of(public_cine)
    dataset = pydicom.dcmread(public_cine)
    for index, jpeg in enumerate(generate_frames(dataset.PixelData, number_of_frames=120)):
        if index % 40 == 0:
            colour = Image.open(io.BytesIO(jpeg)).convert("RGB")
            expected = np.asarray(colour.convert("L")).astype(int)[31:415, 84:596]
            difference = np.abs(frames[index].astype(int) - expected)
            assert np.percentile(difference, 99.9) <= 1
            assert difference.max() <= 8  # where dark colours leave the RGB cube and are clipped
