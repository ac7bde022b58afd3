"""A small file of every format that the echo branch reads, made from one simulated heart: {kind: writer(folder) -> paths}.

Belongs here: video, NIfTI and NPZ, and the list of all. Not here: DICOM (sample_dicom.py).
"""

import gzip
import struct
from functools import partial
from pathlib import Path

import av
import numpy as np

from cardio_dagster_tests.modalities.echo.sample_dicom import DICOM_WRITERS, RATE_HZ, SIDE, Files, frames, heart
from cardio_dagster_tests.modalities.echo.videos import write_video


def video(folder: Path, suffix: str, codec: str) -> Files:
    return (write_video(folder / f"x.{suffix}", frames(), rate=int(RATE_HZ), codec=codec),)


def raw_avi(folder: Path) -> Files:
    with av.open(str(folder / "x.avi"), "w") as opened:
        stream = opened.add_stream("rawvideo", rate=int(RATE_HZ))
        stream.height, stream.width, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        for frame in frames():
            opened.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray").reformat(format="yuv420p")))
        opened.mux(stream.encode())
    return (folder / "x.avi",)


def nifti(folder: Path, *, bits: int = 8) -> Files:
    return _one(folder / "x.nii", _nifti(bits))


def nifti_gz(folder: Path) -> Files:
    return _one(folder / "x.nii.gz", gzip.compress(_nifti(8), mtime=0))


def _nifti(bits: int) -> bytes:
    values, mm = frames(bits=bits), heart()[1]
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, 4, SIDE, SIDE, 1, len(values), 1, 1, 1)
    struct.pack_into("<2h", head, 70, 2 if bits == 8 else 512, 8 if bits == 8 else 16)
    struct.pack_into("<8f", head, 76, 1, mm, mm, 1, 1 / RATE_HZ, 1, 1, 1)
    struct.pack_into("<3f", head, 108, 352, 1, 0)
    head[123] = 2 | 8  # millimetres, seconds
    head[344:348] = b"n+1\0"
    return bytes(head) + values.tobytes()


def npz(folder: Path, *, packed: bool = False) -> Files:
    values, mm, r_wave_s = heart()
    save = np.savez_compressed if packed else np.savez
    save(folder / "x.npz", image=values, pixel_spacing_mm=mm, frame_rate_hz=RATE_HZ, r_wave_s=np.array(r_wave_s))
    return (folder / "x.npz",)


def _one(path: Path, content: bytes) -> Files:
    path.write_bytes(content)
    return (path,)


WRITERS = {
    **DICOM_WRITERS,
    "avi_mjpeg": partial(video, suffix="avi", codec="mjpeg"),
    "avi_raw": raw_avi,
    "mp4_mpeg4": partial(video, suffix="mp4", codec="mpeg4"),
    "mp4_h264": partial(video, suffix="mp4", codec="libx264"),
    "nifti": nifti,
    "nifti_sixteen": partial(nifti, bits=16),
    "nifti_gz": nifti_gz,
    "npz": npz,
    "npz_packed": partial(npz, packed=True),
}
