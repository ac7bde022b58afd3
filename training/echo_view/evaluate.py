"""Measure the shipped view network through the package's own code, on pictures that it was not trained on.

Usage: python -m training.echo_view.evaluate DATA --simulated CACHE.npz [CACHE.npz ...]

Real: CAMUS stills of the held-out patients, and the ultrasound files of pydicom, which no step of
the training or of the choice of limits saw. Made up: the negatives made of the held-out stills, and
simulated views of other seeds than those trained on (rounds 32 and up of data.py).
"""

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydicom.data import get_testdata_file

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.echo.clip import ViewVerdict
from cardio_dagster.modalities.echo.formats.dicom.read import read_dicom
from cardio_dagster.modalities.echo.triage.view import judge_view
from cardio_dagster.models import catalogue
from training.echo_view.data import camus, letterbox, load
from training.echo_view.spoiled import spoil

SEED = 20263
PUBLIC = {  # what a reader sees in them
    "color3d_jpeg_baseline.dcm": "four-chamber cine, SonoSite (its text says PLA)",
    "examples_ybr_color.dcm": "the same cine at half size, 30 frames",
    "JPGLosslessP14SV1_1s_1f_8b.dcm": "parasternal still of the ascending aorta, Philips",
    "color-pl.dcm": "transoesophageal colour Doppler",
    "OBXXXX1A.dcm": "obstetric, curved probe",
    "OBXXXX1A_2frame.dcm": "obstetric, two frames",
    "gdcm-US-ALOKA-16.dcm": "pelvis, Aloka",
    "US1_UNCI.dcm": "lymph node, power Doppler",
    "examples_rgb_color.dcm": "the same lymph node, another crop",
    "ExplVR_BigEnd.dcm": "a corner of a sector, nearly white",
}


def judge_each(images: np.ndarray) -> list[ViewVerdict]:
    """Judge every picture of (n, side, side) as a clip of its own."""
    options = Options()
    return [judge_view(image[None], options) for image in images]


def public_clips() -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the letter-boxed frames of each file of PUBLIC."""
    for name in PUBLIC:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            clip, _ = read_dicom(Path(get_testdata_file(name, download=False)), Options())
        yield name, np.stack([letterbox(frame) for frame in clip.frames])


def report(title: str, verdicts: list[ViewVerdict]) -> None:
    """Print the share of each view and of each answer about the heart."""
    n = len(verdicts)
    views, hearts = Counter(v.view for v in verdicts), Counter(v.is_cardiac for v in verdicts)
    shares = "  ".join(f"{views[name] / n:7.1%}" for name in ("A4C", "unknown", "other"))
    print(f"{title:34}{n:5}  {shares}   {hearts[True] / n:7.1%} {hearts[None] / n:7.1%} {hearts[False] / n:7.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder with patientNNNN_{ED,ES}.npz")
    parser.add_argument(
        "--simulated", type=Path, nargs="+", default=[], help="caches of data.py that nobody trained on"
    )
    arguments = parser.parse_args()
    print(f"model {catalogue.fingerprint('echo_view')[:12]}")
    print(f"{'':34}{'n':>5}  {'A4C':>7}  {'unknown':>7}  {'other':>7}   {'heart':>7} {'?':>7} {'none':>7}")
    real, masks = camus(arguments.data, held_out=True)
    report("held-out CAMUS stills", judge_each(real.images))
    made = spoil(real.images, masks, seed=SEED)
    drawn = load(arguments.simulated) if arguments.simulated else None
    for title, pictures in (("made of them", made), ("simulated", drawn)):
        for kind in [] if pictures is None else dict.fromkeys(pictures.kinds):
            report(f"{title}: {kind}", judge_each(pictures.images[pictures.kinds == kind]))
    for name, frames in public_clips():
        started = time.perf_counter()
        verdict = judge_view(frames, Options())
        took = 1000 * (time.perf_counter() - started)
        print(f"{PUBLIC[name]:50} {verdict.view:8} {verdict.probability} heart: {verdict.is_cardiac} ({took:.0f} ms)")


if __name__ == "__main__":
    main()
