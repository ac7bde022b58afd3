"""Frames a second of our network beside DeepLabV3-ResNet50, and seconds of the whole branch on the public cine.

Belongs here: timing in turns, so that a machine that slows down slows both. Not here: the table.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from benchmarks.echo.deeplab import DeepLabV3
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.segmentation import network
from cardio_dagster.models.catalogue import ModelEntry

FRAMES, ROUNDS = 64, 5
THREADS = 2


def frames_a_second() -> dict[str, float]:
    """Return the best rate of each network over ROUNDS turns, both by the package's own runner on THREADS threads."""
    with tempfile.TemporaryDirectory() as folder:
        runs = {"ours": _ours(), "DeepLabV3-ResNet50 at 112x112": _deeplab(Path(folder))}
        best = dict.fromkeys(runs, 0.0)
        for _ in range(ROUNDS):
            for name, run in runs.items():
                best[name] = max(best[name], FRAMES / _seconds(run))
    return best


def _ours() -> Callable[[], object]:
    runner = network.load(Options(threads=THREADS))
    side = runner.entry.input_size
    images = np.random.default_rng(1).integers(0, 255, (FRAMES, side, side), dtype=np.uint8)
    return lambda: runner(images)


def _deeplab(folder: Path) -> Callable[[], object]:
    path = folder / "deeplab.onnx"
    torch.manual_seed(1)
    names = {"input_names": ["image"], "output_names": ["logit"]}
    free = {"image": {0: "n"}, "logit": {0: "n"}}
    example = (torch.zeros(1, 3, 112, 112),)
    torch.onnx.export(
        DeepLabV3().eval(), example, str(path), dynamic_axes=free, opset_version=17, dynamo=False, **names
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    entry = ModelEntry("", "", "", "", "", "", "image", "logit", ("ventricle",), 112)
    runner = _ThreeChannels(session, entry, Options(threads=THREADS))
    images = np.random.default_rng(1).integers(0, 255, (FRAMES, 112, 112), dtype=np.uint8)
    return lambda: runner(images)


class _ThreeChannels(network.Network):
    """Repeats the grey frame, as DeepLab wants colours."""

    def _run(self, images: np.ndarray) -> np.ndarray:
        feed = {self.entry.input_name: np.repeat(images[:, None].astype(np.float32) / 255, 3, axis=1)}
        return np.asarray(self.session.run([self.entry.output_name], feed)[0])


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def public_cine_seconds() -> float:
    """Return the best of ROUNDS times of the whole branch on the public cine: from the file to measurements and figures."""
    from cardio_dagster.demo.studies import PUBLIC_CINE, public_file
    from cardio_dagster.modalities.echo import BRANCH

    path, options = public_file(PUBLIC_CINE), Options(threads=THREADS)

    def whole_branch() -> None:
        prepared = BRANCH.preprocess(BRANCH.validate(path, options).data, options).data
        found = BRANCH.detect(prepared, options).data
        BRANCH.analyse(prepared, found, "cine", options)

    whole_branch()  # models load once per process
    return min(_seconds(whole_branch) for _ in range(ROUNDS))
