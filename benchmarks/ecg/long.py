"""Long recordings made of real ones, and what it costs to analyse them: `python -m benchmarks.ecg.long DATA OUT`.

Belongs here: joining the MIT-BIH records of DATA to hours of EDF and WFDB below OUT, and timing `cardio ecg` on them in a
process of its own. Not here: accuracy (the other benchmarks). Leads are mixed of the record's first and last; a record begins
anew every 30 min, and so does its heart. Nothing is downloaded, and what is made stays in OUT.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

RATE_HZ = 250
GAIN_PER_MV = 1000  # 1 uV a step
LEADS = ("II", "V1", "V5", "I", "III", "aVR", "aVL", "aVF", "V2", "V3", "V4", "V6")


def pieces(data: Path, *, rate_hz: int, n_leads: int, hours: float) -> Iterator[np.ndarray]:
    """Yield int16 stretches (n, n_leads) in uV until so many hours are full; records whose file is short are left out."""
    import wfdb
    from scipy.signal import resample_poly

    left = round(hours * 3600 * rate_hz)
    names = sorted(path.stem for path in (data / "mitdb").glob("*.hea"))
    mixing = np.random.default_rng(3).normal(0.0, 0.7, (2, n_leads))
    mixing[:, : min(n_leads, 3)] = np.array(((1.0, 0.0, 1.0), (0.0, 1.0, -1.0)))[:, :n_leads]
    while left > 0:
        for name in names:
            record = wfdb.rdrecord(str(data / "mitdb" / name))
            signal_mv = resample_poly(np.nan_to_num(record.p_signal), rate_hz, round(record.fs), axis=0)
            pair_mv = signal_mv[:, [0, -1]] * (1.0, 1.0 if signal_mv.shape[1] > 1 else 0.6)
            piece = np.rint(np.clip(pair_mv @ mixing * GAIN_PER_MV, -32767, 32767)).astype("<i2")[:left]
            left -= len(piece)
            yield piece
            if left <= 0:
                return


def write_wfdb(path: Path, parts: Iterator[np.ndarray], *, rate_hz: int, n_leads: int) -> None:
    """Write `path` (.hea) and its .dat in format 16."""
    n_samples = 0
    with path.with_suffix(".dat").open("wb") as file:
        for part in parts:
            file.write(part.tobytes())
            n_samples += len(part)
    lines = [f"{path.stem}.dat 16 {GAIN_PER_MV}/mV 16 0 0 0 0 {lead}" for lead in LEADS[:n_leads]]
    path.write_text("\n".join([f"{path.stem} {n_leads} {rate_hz} {n_samples}", *lines]) + "\n")


def write_edf(path: Path, parts: Iterator[np.ndarray], *, rate_hz: int, n_leads: int) -> None:
    """Write EDF in records of one second (the last, when not full, is left out)."""
    rest, n_records = np.empty((0, n_leads), "<i2"), 0
    with path.open("wb") as file:
        file.write(_edf_header(0, rate_hz=rate_hz, n_leads=n_leads))
        for part in parts:
            rest = np.concatenate((rest, part))
            whole = len(rest) // rate_hz
            file.write(rest[: whole * rate_hz].reshape(whole, rate_hz, n_leads).transpose(0, 2, 1).tobytes())
            rest, n_records = rest[whole * rate_hz :], n_records + whole
        file.seek(0)
        file.write(_edf_header(n_records, rate_hz=rate_hz, n_leads=n_leads))


def _edf_header(n_records: int, *, rate_hz: int, n_leads: int) -> bytes:
    texts = (
        "0",
        "X X X X",
        "Startdate X X X X",
        "01.01.00",
        "00.00.00",
        str(256 * (n_leads + 1)),
        "",
        str(n_records),
        "1",
    )
    general = list(zip((*texts, str(n_leads)), (8, 80, 80, 8, 8, 8, 44, 8, 8, 4), strict=True))
    signals = [[(f"ECG {lead}", 16) for lead in LEADS[:n_leads]]]
    signals += [
        [(text, width)] * n_leads
        for text, width in (("", 80), ("uV", 8), ("-32768", 8), ("32767", 8), ("-32768", 8), ("32767", 8), ("", 80))
    ]
    signals += [[(str(rate_hz), 8)] * n_leads, [("", 32)] * n_leads]
    fields = [*general, *(field for group in signals for field in group)]
    return "".join(text.ljust(width) for text, width in fields).encode("ascii")


def measure(file: Path) -> dict[str, float | int | str]:
    """Run `cardio ecg FILE --json` alone and return its wall time, peak memory and what it found."""
    started = time.perf_counter()
    with (file.parent / "document.json").open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "cardio_dagster.cli", "ecg", str(file), "--json"], stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
    document = json.loads((file.parent / "document.json").read_bytes())
    return {
        "file": file.name,
        "status": os.waitstatus_to_exitcode(status),
        "wall_s": round(time.perf_counter() - started, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mb": round(usage.ru_maxrss / 1024),
        "beats": len(document.get("beats", ())),
        "waves": sum(len(lead) for lead in document.get("waves", {}).values()),
    }


def a_day(data: Path, folder: Path) -> dict[str, float | int | str]:
    """Write 24 h of three leads at 250 Hz as EDF and return what its analysis costs."""
    file = folder / "day.edf"
    write_edf(file, pieces(data, rate_hz=RATE_HZ, n_leads=3, hours=24.0), rate_hz=RATE_HZ, n_leads=3)
    return measure(file)


def main() -> None:
    """Write the recordings that are not there yet and print what each costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--leads", type=int, default=3)
    parser.add_argument("--rate-hz", type=int, default=RATE_HZ)
    parser.add_argument("--formats", default="edf,wfdb")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name in chosen.formats.split(","):
        write, suffix = {"edf": (write_edf, ".edf"), "wfdb": (write_wfdb, ".hea")}[name]
        file = chosen.out / f"long_{chosen.hours:g}h_{chosen.leads}x{chosen.rate_hz}{suffix}"
        if not file.exists():
            shape = {"rate_hz": chosen.rate_hz, "n_leads": chosen.leads}
            write(file, pieces(chosen.data, **shape, hours=chosen.hours), **shape)
        print(json.dumps(measure(file)))


if __name__ == "__main__":
    main()
