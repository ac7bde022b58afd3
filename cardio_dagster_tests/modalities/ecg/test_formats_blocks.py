"""Blocks: every format gives the same samples in pieces as at once, and a day is read quickly and in little memory."""

import time
import tracemalloc
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.blocks import open_blocks
from cardio_dagster.modalities.ecg.formats.source import BlockSource, read_whole
from cardio_dagster.modalities.ecg.sniff import sniff
from cardio_dagster_tests.modalities.ecg.binary_writers import ishne_file

RATE = 250
BLOCK = 600 * RATE
HOURS = 2
LEADS = ("I", "II", "V1")


def edf_file(digital):
    """Return an EDF of 1 s records with steps of 2.5 microvolt."""
    n_records, n_leads = len(digital) // RATE, digital.shape[1]
    rows = ([16, *LEADS], [80, *[""] * 3], [8, *["uV"] * 3], [8, *["-81920"] * 3], [8, *["81917.5"] * 3])
    rows += ([8, *["-32768"] * 3], [8, *["32767"] * 3], [80, *[""] * 3], [8, *[str(RATE)] * 3], [32, *[""] * 3])
    head = f"{'0':8}{'X':80}{'X':80}01.02.0310.11.12{256 * (n_leads + 1):<8}{'':44}{n_records:<8}{1:<8}{n_leads:<4}"
    head += "".join(text.ljust(width) for width, *texts in rows for text in texts)
    return head.encode() + digital.reshape(n_records, RATE, n_leads).transpose(0, 2, 1).astype("<i2").tobytes()


def write(folder, kind, digital):
    if kind == "wfdb":
        (folder / "r.dat").write_bytes(digital.astype("<i2").tobytes())
        lines = [f"r 3 {RATE} {len(digital)}", *(f"r.dat 16 400/mV 16 0 0 0 0 {lead}" for lead in LEADS)]
        (folder / "r.hea").write_text("\n".join(lines) + "\n")
        return folder / "r.hea"
    path = folder / "r.bin"
    if kind == "parquet":
        columns = {lead: (digital[:, i] * 0.0025).astype("float32") for i, lead in enumerate(LEADS)}
        table = pa.table(columns, metadata={"sampling_rate_hz": str(RATE), "unit": "mV"})
        pq.write_table(table, path, row_group_size=100_000)
    else:
        path.write_bytes(edf_file(digital) if kind == "edf" else ishne_file(digital, nv=2500, rate_hz=RATE))
    return path


KINDS = ("wfdb", "edf", "ishne", "parquet")


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_are_the_whole(tmp_path, kind):
    digital = np.random.default_rng(6).integers(-400, 400, (40 * RATE, 3))
    path = write(tmp_path, kind, digital)
    assert sniff(path).format == kind
    source = open_blocks(path, kind)
    assert (source.format, source.leads, source.sampling_rate_hz, source.duration_s) == (kind, LEADS, RATE, 40.0)
    bounds = [0, 1, 249, 250, 251, 4000, 4000, 9999, 10000]
    pieces = [source.read(a, b) for a, b in pairwise(bounds)]
    assert {p.dtype for p in pieces} == {np.dtype(np.float32)}
    np.testing.assert_allclose(np.concatenate(pieces), digital * 0.0025, atol=1e-5)
    np.testing.assert_array_equal(np.concatenate(pieces), read_whole(source).signal_mv)


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_recording_in_blocks_costs_little(tmp_path, kind):
    """Two hours here; 24 h take twelve times as long, and took 0.5 to 2.9 s of CPU where this was written."""
    path = write(tmp_path, kind, np.random.default_rng(7).integers(-400, 400, (HOURS * 3600 * RATE, 3), dtype=np.int16))
    open_blocks(path, kind).read(0, 10)  # imports
    began = time.process_time()
    source = open_blocks(path, kind)
    n = sum(len(source.read(a, min(a + BLOCK, source.n_samples))) for a in range(0, source.n_samples, BLOCK))
    assert time.process_time() - began < 1.0
    assert n == HOURS * 3600 * RATE
    tracemalloc.start()
    for a in range(0, source.n_samples, BLOCK):
        source.read(a, min(a + BLOCK, source.n_samples))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 18e6, "a block of 10 min has 1.8 MB; all of it would have 22 MB, and twice as much while it is made"


def test_formats_that_are_read_whole_have_no_blocks(tmp_path):
    assert open_blocks(tmp_path / "x", "csv") is None
    assert open_blocks(tmp_path / "x", "dicom") is None


def test_too_long_to_be_read_whole():
    source = BlockSource("edf", ("I",), 250.0, 10**9, lambda start, stop: np.empty((stop - start, 1), np.float32))
    with pytest.raises(StudyError, match="E_HARD_002"):
        read_whole(source)
