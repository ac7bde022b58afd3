"""The demonstration's studies: two real public recordings, made-up ones, and bad ones.

Belongs here: writing study folders. Not here: processing them. The metadata of every study
is invented; the recordings are the public ECG of pydicom and the public cine of pydicom-data.
"""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from cardio_dagster.demo.simulated_echo import SimulatedClip, simulate_clip
from cardio_dagster.demo.synthetic_ecg import LEADS, synthetic_ecg
from cardio_dagster.errors import SettingsError

PUBLIC_ECG = "waveform_ecg.dcm"
PUBLIC_CINE = "color3d_jpeg_baseline.dcm"


def public_file(name: str) -> Path:
    """Return a file that pydicom or pydicom-data carries; raises SettingsError with the cure if it is missing."""
    from pydicom.data import get_testdata_file

    path = get_testdata_file(name, download=False)
    if path is None:
        raise SettingsError(f"the public file {name} is not installed; run: pip install 'cardio_dagster[demo]'")
    return Path(str(path))


def real_study(folder: Path) -> None:
    """Write the public 12-lead ECG and four-chamber cine with invented metadata."""
    shutil.copyfile(public_file(PUBLIC_ECG), folder / "ecg.dcm")
    shutil.copyfile(public_file(PUBLIC_CINE), folder / "cine.dcm")
    _write_metadata(folder, age_years=42, sex="F", sbp_mmhg=128, total_cholesterol_mmol_l=5.9)


def ecg_only(folder: Path, *, seed: int = 1) -> None:
    """Write a made-up ECG in sinus rhythm as CSV."""
    _write_ecg(folder / "ecg.csv", seed=seed, irregular=False)


def fibrillation(folder: Path, *, seed: int = 2) -> None:
    """Write a made-up ECG in atrial fibrillation with metadata, for which a stroke score is indicated."""
    _write_ecg(folder / "ecg.csv", seed=seed, irregular=True, heart_rate_bpm=96)
    _write_metadata(folder, age_years=74, sex="M", sbp_mmhg=138, total_cholesterol_mmol_l=4.8)


def echo_only(folder: Path, *, copy: int = 0) -> None:
    """Write a simulated clip with an ejection fraction of 58 % as NPZ.

    Simulating takes seconds, so that all studies show one heart; `copy` makes the files differ.
    """
    save_clip(folder / "clip.npz", simulated_clip(0, 58.0), copy=copy)


def mixed_synthetic(folder: Path, *, seed: int = 4) -> None:
    """Write a made-up ECG drawn from `seed`, a simulated clip with an ejection fraction of 45 %, and metadata."""
    ecg_only(folder, seed=seed)
    save_clip(folder / "clip.npz", simulated_clip(5, 45.0))
    _write_metadata(folder, age_years=66, sex="M", sbp_mmhg=132, total_cholesterol_mmol_l=5.1)


def truncated_cine(folder: Path) -> None:
    """Write the public cine cut off in the middle of its pixel data."""
    content = public_file(PUBLIC_CINE).read_bytes()
    (folder / "cine.dcm").write_bytes(content[: len(content) // 2])


def text_as_echo(folder: Path) -> None:
    """Write a text file that calls itself a DICOM file."""
    (folder / "echo.dcm").write_text("This is a note, not an echo clip.\n" * 8)


def nothing_valid(folder: Path) -> None:
    """Write files that no modality knows."""
    (folder / "readme.txt").write_text("See the attached images.\n")
    (folder / "table.bin").write_bytes(bytes(range(256)) * 4)


DEMO_STUDIES: dict[str, Callable[[Path], None]] = {
    "real": real_study,
    "sinus-rhythm": ecg_only,
    "fibrillation": fibrillation,
    "clip": echo_only,
    "mixed": mixed_synthetic,
    "truncated": truncated_cine,
    "note": text_as_echo,
    "nothing": nothing_valid,
}


def drop(write: Callable[[Path], None], landing: Path, name: str) -> Path:
    """Write a study into the landing zone and mark it complete; return its folder."""
    folder = landing / name
    folder.mkdir(parents=True)
    write(folder)
    (folder / ".complete").touch()
    return folder


@cache
def simulated_clip(seed: int, lvef_pct: float) -> SimulatedClip:
    """Return a clip of 1.4 s with at least one whole beat, simulated once per process."""
    return simulate_clip(seed, lvef_pct=lvef_pct, duration_s=1.4, frame_rate_hz=30.0)


def save_clip(path: Path, clip: SimulatedClip, *, copy: int = 0) -> None:
    """Write a clip as NPZ with its spacing and frame rate; `copy` is a number that no reader uses."""
    np.savez_compressed(
        path, image=clip.frames, pixel_spacing_mm=clip.pixel_spacing_mm, frame_rate_hz=clip.frame_rate_hz, copy=copy
    )


def _write_ecg(path: Path, *, seed: int, irregular: bool, heart_rate_bpm: float = 70.0) -> None:
    ecg = synthetic_ecg(sampling_rate_hz=500.0, seed=seed, irregular=irregular, heart_rate_bpm=heart_rate_bpm)
    header = f"# sampling_rate_hz: {ecg.sampling_rate_hz:g}\n# unit: mV\n" + ",".join(LEADS)
    np.savetxt(path, ecg.signal_mv, fmt="%.4f", delimiter=",", header=header, comments="")


def _write_metadata(
    folder: Path, *, age_years: int, sex: str, sbp_mmhg: float, total_cholesterol_mmol_l: float
) -> None:
    patient = {
        "age_years": age_years,
        "sex": sex,
        "height_cm": 171,
        "weight_kg": 78,
        "sbp_mmhg": sbp_mmhg,
        "dbp_mmhg": 86,
        "heart_rate_bpm": 72,
        "total_cholesterol_mmol_l": total_cholesterol_mmol_l,
        "hdl_cholesterol_mmol_l": 1.3,
        "creatinine_umol_l": 84,
        "diabetes": False,
        "smoker": False,
        "hypertension": True,
        "antihypertensive_treatment": True,
        "statin": False,
        "heart_failure": False,
        "stroke_or_tia": False,
        "vascular_disease": False,
    }
    (folder / "metadata.json").write_text(json.dumps({"patient": patient}, indent=2))
