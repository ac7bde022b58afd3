"""A small file of every format the ECG branch reads, made from one synthetic ECG: {kind: writer(folder) -> paths}.

The first path of a bundle is the one that is analysed.
"""

import struct

import numpy as np

from cardio_dagster_tests.modalities.ecg import xml_writers as xml
from cardio_dagster_tests.modalities.ecg.binary_writers import (
    huffman_bits,
    ishne_file,
    scp_file,
    scp_leads,
    scp_samples,
)
from cardio_dagster_tests.modalities.ecg.dicom_writer import dicom_dataset
from cardio_dagster_tests.modalities.ecg.synthetic import beat_times, signal

RATE_HZ, DURATION_S = 250, 8.0
_THREE = ("I", "II", "V1")
_DEFAULT_TABLE = struct.pack("<H", 19999)


def steps(leads, *, rate_hz=RATE_HZ):
    """Return whole steps of 5 uV, (n_samples, n_leads)."""
    mv = signal(beat_times(DURATION_S, 75), duration_s=DURATION_S, rate_hz=rate_hz, leads=leads)
    return np.round(mv * 200).astype(np.int64)


def _one(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return (path,)


def aecg(folder):
    columns = zip(_THREE, steps(_THREE).T, strict=True)
    sequences = [xml.aecg_sequence(name, column, scale="5") for name, column in columns]
    return _one(folder, "a.xml", xml.aecg(xml.aecg_series(sequences, increment='value="4" unit="ms"')))


def muse(folder):
    columns = zip(xml.NAMES_8, steps(xml.NAMES_8).T, strict=True)
    leads = [xml.muse_lead(name, column, LeadAmplitudeUnitsPerBit="5") for name, column in columns]
    return _one(folder, "m.xml", xml.muse(xml.muse_waveform(leads, SampleBase=RATE_HZ)))


def cardiosoft(folder):
    return _one(folder, "c.xml", xml.cardiosoft(dict(zip(_THREE, steps(_THREE).T, strict=True)), rate_hz=RATE_HZ))


def sierra(folder):
    packed = xml.xli(xml.limb_remainders(steps(xml.NAMES_12)))
    changes = {"durationperchannel": round(1000 * DURATION_S), "samplespersecond": RATE_HZ}
    return _one(folder, "s.xml", xml.sierra(xml.sierra_waveform(packed, **changes)).encode("utf-16"))


def scp(folder, *, code=None):
    columns = steps(_THREE)
    tables = {2: _DEFAULT_TABLE} if code else {}
    samples = scp_samples(columns.T, step_nv=5000, interval_us=4000, order=2 if code else 0, code=code)
    return _one(folder, "x.scp", scp_file({**tables, 3: scp_leads(_THREE, len(columns)), 6: samples}))


def scp_huffman(folder):
    return scp(folder, code=huffman_bits)


def ishne(folder):
    return _one(folder, "x.ecg", ishne_file(steps(_THREE), nv=5000, rate_hz=RATE_HZ))


def edf(folder, *, annotations=()):
    import edfio

    signals = [
        edfio.EdfSignal(column * 0.005, RATE_HZ, label=f"ECG {name}", physical_dimension="mV", physical_range=(-5, 5))
        for name, column in zip(_THREE, steps(_THREE).T, strict=True)
    ]
    path = folder / "x.edf"
    edfio.Edf(signals, annotations=annotations, data_record_duration=1).write(path)
    return (path,)


def edf_plus_d(folder):
    """Return an EDF+D whose last three records of 1 s begin 2 s late."""
    import edfio

    (path,) = edf(folder, annotations=[edfio.EdfAnnotation(0, None, "x")])
    return _one(folder, "x.edf", late_records(path.read_bytes(), sample_bytes=2 * len(_THREE) * RATE_HZ))


def late_records(content, *, sample_bytes):
    """Return an EDF+C as EDF+D with its records from the sixth on 2 s late."""
    data = bytearray(content.replace(b"EDF+C", b"EDF+D", 1))
    header_bytes, n_records = int(data[184:192]), int(data[236:244])
    record_bytes = (len(data) - header_bytes) // n_records
    for i in range(n_records):
        at = header_bytes + i * record_bytes + sample_bytes
        size = record_bytes - sample_bytes
        data[at : at + size] = f"+{i + 2 * (i > 4)}\x14\x14\0".encode().ljust(size, b"\0")
    return bytes(data)


def bdf(folder):
    (path,) = edf(folder)
    data = bytearray(path.read_bytes())
    header_bytes, n = int(data[184:192]), int(data[252:256])
    digital = 256 + n * (16 + 80 + 8 + 8 + 8)
    data[:8] = b"\xffBIOSEMI"
    data[192:236] = b"24BIT".ljust(44)
    data[digital : digital + 16 * n] = b"-8388608" * n + b"8388607 " * n
    samples = np.frombuffer(bytes(data[header_bytes:]), "<i2").astype("<i4") * 256
    return _one(folder, "x.bdf", bytes(data[:header_bytes]) + samples.reshape(-1, 1).view(np.uint8)[:, :3].tobytes())


def wfdb(folder, *, name="r"):
    columns = steps(_THREE)
    lines = [f"{name} 3 {RATE_HZ} {len(columns)}", *(f"{name}.dat 16 200/mV 16 0 0 0 0 {lead}" for lead in _THREE)]
    (data,) = _one(folder, f"{name}.dat", columns.astype("<i2").tobytes())
    return (*_one(folder, f"{name}.hea", "\n".join([*lines, "#<age>: 51", "#<sex>: F"]) + "\n"), data)


def wfdb_212(folder):
    low = steps(("II", "V1")).astype("<i2")
    a, b = low[:, 0] & 0xFFF, low[:, 1] & 0xFFF
    packed = np.column_stack((a & 0xFF, (a >> 8) | ((b >> 8) << 4), b & 0xFF)).astype(np.uint8).tobytes()
    lines = [f"r 2 {RATE_HZ} {len(low)}", "r.dat 212 200/mV 12 0 0 0 0 II", "r.dat 212 200/mV 12 0 0 0 0 V1"]
    return (*_one(folder, "r.hea", "\n".join(lines) + "\n"), *_one(folder, "r.dat", packed))


def wfdb_segments(folder):
    one, two = wfdb(folder, name="one"), wfdb(folder, name="two")
    n = round(RATE_HZ * DURATION_S)
    lines = [f"all/3 3 {RATE_HZ} {2 * n + 250}", f"one {n}", "~ 250", f"two {n}"]
    return (*_one(folder, "all.hea", "\n".join(lines) + "\n"), *one, *two)


def csv(folder):
    rows = "\n".join(f"{i * 4},{','.join(f'{v * 0.005:.3f}' for v in row)}" for i, row in enumerate(steps(_THREE)))
    return _one(folder, "x.csv", f"time_ms,I_mV,II_mV,V1_mV\n{rows}\n")


def parquet(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({f"{name}_mV": column * 0.005 for name, column in zip(_THREE, steps(_THREE).T, strict=True)})
    path = folder / "x.parquet"
    pq.write_table(table.replace_schema_metadata({"sampling_rate_hz": str(RATE_HZ)}), path, row_group_size=700)
    return (path,)


def dicom(folder, *, syntax="1.2.840.10008.1.2.1"):
    path = folder / "x.dcm"
    dataset = dicom_dataset(steps(_THREE), _THREE, rate_hz=RATE_HZ, syntax=syntax)
    dataset.save_as(path, enforce_file_format=True)
    return (path,)


def dicom_deflated(folder):
    return dicom(folder, syntax="1.2.840.10008.1.2.1.99")


def long_ishne(folder):
    """Return a recording of 16 min, which is read in blocks."""
    return _one(
        folder, "long.ecg", ishne_file(np.tile(steps(("II",)), (120, 1)), leads=("II",), nv=5000, rate_hz=RATE_HZ)
    )


WRITERS = {
    "aecg": aecg,
    "muse": muse,
    "cardiosoft": cardiosoft,
    "sierra": sierra,
    "scp": scp,
    "scp_huffman": scp_huffman,
    "ishne": ishne,
    "edf": edf,
    "edf_plus_d": edf_plus_d,
    "bdf": bdf,
    "wfdb": wfdb,
    "wfdb_212": wfdb_212,
    "wfdb_segments": wfdb_segments,
    "csv": csv,
    "parquet": parquet,
    "dicom": dicom,
    "dicom_deflated": dicom_deflated,
}
