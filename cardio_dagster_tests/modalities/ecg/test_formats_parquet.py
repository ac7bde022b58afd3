"""Parquet tables: the rules of CSV, read by row groups, and refused files."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.csv import read_csv
from cardio_dagster.modalities.ecg.formats.parquet import open_parquet, read_parquet
from cardio_dagster.modalities.ecg.sniff import sniff

N = 2500
SIGNAL = np.random.default_rng(5).normal(0, 0.3, (N, 2))
TIMES = np.arange(N) / 250


def write(tmp_path, columns, *, metadata=None, **options):
    table = pa.table(columns)
    path = tmp_path / "x.parquet"
    pq.write_table(table.replace_schema_metadata(metadata), path, **{"row_group_size": 700, **options})
    return path


def plain(**more):
    return {"time_s": TIMES, "II_mV": SIGNAL[:, 0], "V1 [uV]": SIGNAL[:, 1], **more}


def test_the_table_means_what_it_means_as_csv(tmp_path):
    path = write(tmp_path, plain())
    text = tmp_path / "x.csv"
    text.write_text(
        "time_s,II_mV,V1 [uV]\n" + "\n".join(f"{t:.6f},{a},{b}" for t, (a, b) in zip(TIMES, SIGNAL, strict=True))
    )
    assert (sniff(path).format, sniff(text).format) == ("parquet", "csv")
    ours, theirs = read_parquet(path), read_csv(text)
    assert (ours.leads, ours.sampling_rate_hz) == (theirs.leads, theirs.sampling_rate_hz) == (("II", "V1"), 250.0)
    np.testing.assert_allclose(ours.signal_mv, theirs.signal_mv, rtol=1e-6)


def test_rate_and_unit_from_the_metadata(tmp_path):
    columns = {
        "aVR": pa.array((SIGNAL[:, 0] * 1000).astype("int16")),
        "V1_mV": pa.array(SIGNAL[:, 1].astype("float32")),
    }
    record = read_parquet(write(tmp_path, columns, metadata={"sampling_rate_hz": "500", "unit": "uV"}))
    assert (record.leads, record.sampling_rate_hz) == (("aVR", "V1"), 500.0)
    np.testing.assert_allclose(
        record.signal_mv, np.column_stack((np.trunc(SIGNAL[:, 0] * 1000) / 1000, SIGNAL[:, 1])), rtol=1e-6
    )


def test_a_column_may_carry_its_unit(tmp_path):
    schema = pa.schema([pa.field("II", pa.float64(), metadata={"unit": "V"})], metadata={"sampling_rate_hz": "250"})
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"II": SIGNAL[:, 0]}).cast(schema), path)
    np.testing.assert_allclose(read_parquet(path).signal_mv[:, 0], SIGNAL[:, 0] * 1000, rtol=1e-6)


def test_null_and_nan_are_missing(tmp_path):
    values = [None, float("nan"), float("inf"), *SIGNAL[3:, 0]]
    signal_mv = read_parquet(write(tmp_path, plain(II_mV=pa.array(values)))).signal_mv[:, 0]
    assert np.flatnonzero(np.isnan(signal_mv)).tolist() == [0, 1, 2]


def test_blocks_are_parts_of_the_whole(tmp_path):
    source = open_parquet(write(tmp_path, plain()))
    whole = source.read(0, N)
    np.testing.assert_allclose(whole, SIGNAL * [1, 0.001], rtol=1e-6)
    for start, stop in ((0, 0), (699, 701), (700, 1400), (100, 2499), (2499, 2500)):
        np.testing.assert_array_equal(source.read(start, stop), whole[start:stop])


@pytest.mark.parametrize(
    ("columns", "metadata", "code"),
    [
        ({"II_mV": SIGNAL[:, 0]}, None, "E_VALID_001"),  # no rate
        ({"time": TIMES, "II_mV": SIGNAL[:, 0]}, None, "E_VALID_001"),  # a time without unit
        ({"time_ms": TIMES, "II_mV": SIGNAL[:, 0]}, None, "E_VALID_002"),  # 250 kHz
        (
            {"time_s": TIMES + 0.1 * (TIMES >= 2.8), "II_mV": SIGNAL[:, 0]},
            None,
            "E_VALID_002",
        ),  # a gap, between row groups
        ({"time_s": TIMES, "II": SIGNAL[:, 0]}, None, "E_VALID_001"),  # no unit
        ({"time_s": TIMES, "II [mmHg]": SIGNAL[:, 0]}, None, "E_VALID_003"),
        ({"time_s": TIMES, "II_mV": SIGNAL[:, 0]}, {"sampling_rate_hz": "500"}, "E_VALID_002"),
        ({"time_s": TIMES, "age": SIGNAL[:, 0]}, None, "E_FORMAT_001"),
        ({"time_s": TIMES, "II_mV": [str(x) for x in TIMES]}, None, "E_FORMAT_001"),
        ({"time_s": TIMES[:0], "II_mV": TIMES[:0]}, None, "E_CORRUPT_001"),
    ],
)
def test_a_table_that_does_not_say_enough_is_refused(tmp_path, columns, metadata, code):
    with pytest.raises(StudyError) as caught:
        read_parquet(write(tmp_path, columns, metadata=metadata))
    assert caught.value.problem.code == code


def test_a_table_of_nothing_repeated_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.parquet"
    flat = pa.table({"I_mV": np.zeros(2_000_000)}, metadata={"sampling_rate_hz": "500"})
    pq.write_table(flat, path, compression="zstd")
    assert path.stat().st_size < 20_000
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        open_parquet(path)


def test_row_groups_too_large_to_hold_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("cardio_dagster.modalities.ecg.formats.parquet._MAX_GROUP_VALUES", 2099)
    with pytest.raises(StudyError, match="E_HARD_002"):
        open_parquet(write(tmp_path, plain()))


def test_a_checkpoint_or_any_other_table_is_not_claimed(tmp_path):
    assert sniff(write(tmp_path, {"study": ["a"], "value": [1.0]})) is None
    path = tmp_path / "cut.parquet"
    path.write_bytes(write(tmp_path, plain()).read_bytes()[:-100])
    assert sniff(path) is None
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        open_parquet(path)
