"""Small AVI and MP4 files made with PyAV."""

from pathlib import Path

import av
import numpy as np


def write_video(path: Path, frames: np.ndarray, *, rate: int = 30, codec: str = "mjpeg") -> Path:
    """Write grey frames (t, h, w) uint8 as a video of nearly lossless quality."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames.shape[1:]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.qmin, stream.codec_context.qmax = 1, 2
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format="gray")
            container.mux(
                stream.encode(picture.reformat(format=stream.pix_fmt, dst_color_range=2 if codec == "mjpeg" else 1))
            )
        container.mux(stream.encode())
    return path
