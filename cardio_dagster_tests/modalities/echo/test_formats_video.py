import av
import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.formats.video import read_video
from cardio_dagster_tests.modalities.echo.sectors import fan_of, painted, speckled, text
from cardio_dagster_tests.modalities.echo.videos import write_video


def smooth_frames() -> np.ndarray:
    ramp = np.linspace(20, 220, 96)
    return np.stack([np.tile(np.roll(ramp, 4 * t)[None], (64, 1)) for t in range(12)]).round().astype(np.uint8)


@pytest.mark.parametrize(("suffix", "codec"), [("avi", "mjpeg"), ("mp4", "mpeg4"), ("avi", "mpeg4")])
def test_video_keeps_grey_levels_and_rate(tmp_path, suffix, codec):
    frames = smooth_frames()
    clip, problems = read_video(
        write_video(tmp_path / f"clip.{suffix}", frames, rate=25, codec=codec), Options(), container=suffix
    )
    assert clip.frames.shape == frames.shape
    assert np.median(np.abs(clip.frames.astype(int) - frames)) <= 3
    assert clip.timing.frame_rate_hz == pytest.approx(25)
    assert (clip.spacing.mm, [p.code for p in problems]) == (None, ["E_VALID_004"])
    assert clip.format == suffix


def test_long_video_outgrows_the_first_allocation(tmp_path):
    frames = np.repeat(smooth_frames(), 12, axis=0)
    clip = read_video(write_video(tmp_path / "long.avi", frames), Options(), container="avi")[0]
    assert len(clip.frames) == 144


@pytest.mark.parametrize("suffix", ["avi", "mp4"])
def test_video_header_without_frames(tmp_path, suffix):
    path = write_video(tmp_path / f"clip.{suffix}", smooth_frames())
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        read_video(path, Options(), container="avi")


def test_video_over_the_limits(tmp_path):
    path = write_video(tmp_path / "clip.avi", smooth_frames())
    with pytest.raises(StudyError, match="E_HARD_004"):
        read_video(path, Options(max_file_mb=0.001), container="avi")
    with pytest.raises(StudyError, match="E_HARD_002"):
        read_video(path, Options(memory_limit_mb=0.1), container="avi")


def test_video_cut_off_says_so(tmp_path):
    path = write_video(tmp_path / "clip.avi", np.random.default_rng(1).integers(0, 256, (40, 64, 96), np.uint8))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    clip, problems = read_video(path, Options(), container="avi")
    assert 10 < len(clip.frames) < 30
    assert "E_QUALITY_002" in [p.code for p in problems]


def test_a_fast_video_is_thinned(tmp_path):
    path = write_video(tmp_path / "fast.avi", smooth_frames(), rate=60)
    clip, _ = read_video(path, Options(), container="avi")
    assert clip.frame_indices.tolist() == [0, 2, 4, 6, 8, 10]
    assert (clip.frames_in_file, clip.timing.frame_rate_hz) == (12, pytest.approx(60))
    assert len(read_video(path, Options(), container="avi", every_frame=True)[0].frames) == 12


def test_text_beside_the_sector_does_not_leave_the_reader(tmp_path):
    fan = fan_of()
    words = text(fan.shape, "DOE JANE 1950", (200, 4)) * ~fan
    path = write_video(tmp_path / "named.avi", painted(speckled(fan, frames=10), words))
    clip, _ = read_video(path, Options(), container="avi")
    full = np.zeros((len(clip.frames), *fan.shape), np.uint8)
    full[:, clip.top : clip.top + clip.height, clip.left : clip.left + clip.width] = clip.frames
    assert not full[:, words > 40].any()
    assert clip.mode == "b_mode"
    assert (clip.frames[:, ~clip.visible] == 0).all()


def test_flow_in_colour_is_colour_doppler(tmp_path):
    fan = fan_of()
    frames = np.repeat(speckled(fan, frames=4)[..., None], 3, axis=3)
    frames[:, 100:150, 140:180] = (230, 40, 20)
    with av.open(str(tmp_path / "flow.avi"), "w") as container:
        stream = container.add_stream("mjpeg", rate=30)
        stream.height, stream.width, stream.pix_fmt = fan.shape[0], fan.shape[1], "yuvj420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    assert read_video(tmp_path / "flow.avi", Options(), container="avi")[0].mode == "colour_doppler"


def test_an_unknown_coding_is_refused_by_name(tmp_path):
    path = write_video(tmp_path / "c.avi", np.zeros((4, 64, 64), np.uint8))
    path.write_bytes(path.read_bytes().replace(b"MJPG", b"\xfe\x01\xfd\x02"))
    with pytest.raises(StudyError, match="no decoder") as refused:
        read_video(path, Options(), container="avi")
    assert refused.value.problem.code == "E_FORMAT_002"
