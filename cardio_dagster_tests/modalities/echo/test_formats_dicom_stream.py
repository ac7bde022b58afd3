"""A long cine is decoded frame by frame: which frames, how much memory, in which colours."""

import io
import tracemalloc

import av
import numpy as np
import pytest
import simplejpeg
from pydicom.encaps import encapsulate_extended
from pydicom.uid import MPEG2MPML, MPEG4HP41, ExplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.formats.dicom import codecs
from cardio_dagster_tests.modalities.echo.dicom_files import encode, read, textured, write_us

pytestmark = pytest.mark.usefixtures("whole_frame")


def peak_mb(path, **keywords):
    tracemalloc.start()
    clip, _ = read(path, **keywords)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return clip, peak


def test_long_uncompressed_cine_of_large_frames_stays_small(tmp_path):
    """500 frames of 1024 x 768 RGB, 1.2 GB: written as a file with a hole, read within 250 MB."""
    path = write_us(tmp_path / "x", np.zeros((1, 768, 1024, 3), np.uint8), NumberOfFrames=500, FrameTime="33.3")
    size = 768 * 1024 * 3
    content = bytearray(path.read_bytes())
    content[-size - 4 : -size] = (500 * size).to_bytes(4, "little")
    path.write_bytes(content)
    with path.open("r+b") as file:
        file.truncate(len(content) + 499 * size)
    clip, peak = peak_mb(path)
    assert (len(clip.frames), clip.frames_in_file, clip.reduction) == (256, 500, 2)
    assert (clip.height, clip.width) == (768, 1024)
    assert clip.frames.shape[1:] == (384, 512)
    assert peak < 250


def test_only_the_kept_frames_are_decoded(tmp_path, monkeypatch):
    frames = textured(120)
    path = write_us(tmp_path / "x", frames, syntax=JPEGBaseline8Bit, FrameTime="10")
    decoded = []
    original = codecs.jpeg_claims
    monkeypatch.setattr(codecs, "jpeg_claims", lambda frame: decoded.append(1) or original(frame))
    clip, _ = read(path)
    assert np.array_equal(clip.frame_indices, np.arange(0, 120, 3))  # 100 Hz to 33 Hz
    assert clip.frame_indices.dtype == np.int32
    assert len(decoded) == 40
    assert clip.timing.frame_rate_hz == pytest.approx(100)
    every = read(path, every_frame=True)[0]
    assert len(every.frames) == 120
    assert np.array_equal(every.frames[::3], clip.frames)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
def test_thinned_frames_are_those_of_the_file(tmp_path, syntax):
    frames = textured(9)
    clip, _ = read(write_us(tmp_path / "x", frames, syntax=syntax, FrameTime="15"))
    assert np.array_equal(clip.frames, frames[::2])


def test_frames_are_block_means(tmp_path):
    frames = textured(2, height=64, width=1296)[:, :61, :1285]  # sides that the reduction does not divide
    clip, _ = read(write_us(tmp_path / "x", frames))
    assert (clip.reduction, clip.frames.shape, clip.height, clip.width) == (3, (2, 21, 429), 61, 1285)
    assert np.abs(clip.frames[0, 4, 7] - frames[0, 12:15, 21:24].mean()) < 1
    assert np.abs(clip.frames[0, 20, 428] - frames[0, 60:, 1284:].mean()) < 1


def test_colour_is_looked_for_in_some_frames(tmp_path, monkeypatch, whole_frame):
    frames = np.full((64, 48, 64, 3), 90, np.uint8)
    frames[:, 8:24, 8:24] = (200, 40, 40)
    asked = []
    original = simplejpeg.decode_jpeg
    monkeypatch.setattr(simplejpeg, "decode_jpeg", lambda data, kind: asked.append(kind) or original(data, kind))
    read(write_us(tmp_path / "x", frames, syntax=JPEGBaseline8Bit, photometric="YBR_FULL_422"))
    assert (asked.count("RGB"), asked.count("GRAY")) == (16, 48)
    assert whole_frame[0][16, 16] > 120
    assert whole_frame[0][40, 56] < 5


def test_grey_file_has_no_colour(tmp_path, whole_frame):
    read(write_us(tmp_path / "x", textured(3)))
    assert whole_frame == [None]


def test_frames_in_several_fragments_with_an_extended_offset_table(tmp_path):
    frames = textured(4)
    data, offsets, lengths = encapsulate_extended([encode(f, RLELossless, 8) for f in frames])
    tables = {"ExtendedOffsetTable": offsets, "ExtendedOffsetTableLengths": lengths}
    path = write_us(tmp_path / "x", frames, syntax=RLELossless, pixel_data=data, **tables)
    assert np.array_equal(read(path)[0].frames, frames)


def video(frames: np.ndarray, codec: str, container: str) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as opened:
        stream = opened.add_stream(codec, rate=30)
        stream.height, stream.width, stream.pix_fmt, stream.bit_rate = *frames.shape[1:3], "yuv420p", 8_000_000
        for frame in frames:
            opened.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        opened.mux(stream.encode())
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("syntax", "codec", "container"), [(MPEG2MPML, "mpeg2video", "mpeg2video"), (MPEG4HP41, "libx264", "mp4")]
)
def test_video_inside_dicom(tmp_path, syntax, codec, container, whole_frame):
    frames = np.repeat(textured(1, height=64, width=96)[0, None, ..., None], 3, axis=3)
    frames = np.concatenate([np.roll(frames, 4 * t, axis=2) for t in range(12)])
    frames[:, :, 48:, 0] = 230  # one half red
    path = write_us(
        tmp_path / "x", frames, syntax=syntax, contents=[video(frames, codec, container)],
        photometric="YBR_PARTIAL_420", FrameTime="33.3",
    )  # fmt: skip
    clip, _ = read(path)
    assert clip.frames.shape == (12, 64, 96)
    difference = np.abs(clip.frames - frames @ [0.299, 0.587, 0.114])
    assert np.median(difference) <= 4
    assert whole_frame[0][:, 60:90].mean() > whole_frame[0][:, 10:40].mean() + 40


def test_video_of_another_size_or_too_short_is_refused(tmp_path):
    frames = np.repeat(textured(6, height=64, width=96)[..., None], 3, axis=3)
    content = video(frames, "mpeg2video", "mpeg2video")
    for shape in ((6, 64, 128), (9, 64, 96)):
        path = write_us(
            tmp_path / "x", frames, syntax=MPEG2MPML, contents=[content], shape=shape, photometric="YBR_PARTIAL_420"
        )
        with pytest.raises(StudyError, match="E_CORRUPT_001"):
            read(path)


def test_playlist_is_not_followed(tmp_path):
    (tmp_path / "secret.ts").write_bytes(video(np.zeros((6, 64, 96, 3), np.uint8), "mpeg2video", "mpegts"))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{tmp_path / 'secret.ts'}\n#EXT-X-ENDLIST\n".encode()
    path = write_us(
        tmp_path / "x", None, shape=(6, 64, 96), syntax=MPEG4HP41, contents=[playlist],
        SamplesPerPixel=3, photometric="YBR_PARTIAL_420",
    )  # fmt: skip
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        read(path)


def test_kept_frames_over_the_memory_limit(tmp_path):
    path = write_us(tmp_path / "x", textured(40, height=256, width=256))
    with pytest.raises(StudyError, match="E_HARD_002"):
        read(path, Options(memory_limit_mb=4))
