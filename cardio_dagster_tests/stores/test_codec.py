"""Codec and checkpoints: what goes in comes out, readable by others, never half written."""

import io
import os
from dataclasses import dataclass
from enum import StrEnum

import msgspec
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cardio_dagster.errors import DependencyError
from cardio_dagster.outcome import Outcome, State, Status
from cardio_dagster.stores.checkpoints import BranchHead, BranchResult, ParquetCheckpoints
from cardio_dagster.stores.codec import content_hash, from_table, to_table


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    curve: np.ndarray
    name: str


@dataclass(frozen=True)
class Payload:
    signal_mv: np.ndarray
    rate_hz: float
    colour: Colour
    parts: tuple[Inner, ...]
    by_lead: dict[str, np.ndarray]
    note: str | None = None


def sample(**changes):
    values = {
        "signal_mv": np.arange(12, dtype=np.float32).reshape(4, 3),
        "rate_hz": 500.0,
        "colour": Colour.RED,
        "parts": (Inner(np.array([True, False]), "a"), Inner(np.zeros((0,), np.int16), "b")),
        "by_lead": {"II": np.ones((2, 3, 4), np.uint8)},
        **changes,
    }
    return Payload(**values)


def assert_same(a, b):
    np.testing.assert_array_equal(a.signal_mv, b.signal_mv)
    assert a.signal_mv.dtype == b.signal_mv.dtype
    assert (a.rate_hz, a.colour, a.note) == (b.rate_hz, b.colour, b.note)
    for x, y in zip(a.parts, b.parts, strict=True):
        assert (x.name, x.curve.dtype, x.curve.shape) == (y.name, y.curve.dtype, y.curve.shape)
        np.testing.assert_array_equal(x.curve, y.curve)
    np.testing.assert_array_equal(a.by_lead["II"], b.by_lead["II"])


def through_parquet(payloads, kind):
    buffer = io.BytesIO()
    pq.write_table(to_table(payloads), buffer)
    return from_table(pq.read_table(buffer), kind)


def test_payload_comes_back():
    payloads = {"r01": sample(), "r02": sample(signal_mv=np.zeros((2, 2), np.float64), note="other")}
    back = through_parquet(payloads, Payload)
    for recording_id, payload in payloads.items():
        assert_same(payload, back[recording_id])


_DTYPES = st.sampled_from([np.uint8, np.int16, np.int64, np.float32, np.float64, np.bool_])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_array_comes_back(data):
    shape = data.draw(array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
    array = data.draw(arrays(data.draw(_DTYPES), shape))
    back = through_parquet({"r": Inner(array, "x")}, Inner)["r"].curve
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)


def test_pandas_reads_the_numbers_without_this_package(tmp_path):
    pq.write_table(to_table({"r01": sample()}), tmp_path / "x.parquet")
    frame = pd.read_parquet(tmp_path / "x.parquet")
    assert frame["signal_mv:f4"][0].tolist() == list(range(12))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_scalar_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match=r"rate_hz.*absent values are None"):
        to_table({"r01": sample(rate_hz=value)})


def test_what_is_no_data_is_refused():
    with pytest.raises(TypeError, match="note is a object"):
        to_table({"r01": sample(note=object())})


def test_reading_as_another_type_is_refused():
    with pytest.raises(msgspec.ValidationError):
        from_table(to_table({"r01": sample()}), Inner)


def test_content_hash_follows_the_content():
    assert content_hash(to_table({"r": sample()})) == content_hash(to_table({"r": sample()}))
    assert content_hash(to_table({"r": sample()})) != content_hash(to_table({"r": sample(note="x")}))


@pytest.fixture(params=["folder", "memory://checkpoints"])
def checkpoints(request, tmp_path):
    return ParquetCheckpoints(str(tmp_path) if request.param == "folder" else f"{request.param}/{tmp_path.name}")


def result(data):
    outcome = Outcome(State.ANALYSIS, "ecg", Status.OK, (), (), 1.5, 20.0)
    return BranchResult(BranchHead("s-1", 1, "key", outcome, 1.0, 2.0), data)


def test_checkpoint_round_trip_on_any_file_system(checkpoints):
    assert checkpoints.head("s-1", State.ANALYSIS, "ecg") is None
    head = checkpoints.save(result({"r01": sample()}))
    assert head.content_sha256
    assert checkpoints.head("s-1", State.ANALYSIS, "ecg") == head
    assert_same(checkpoints.data("s-1", State.ANALYSIS, "ecg", Payload)["r01"], sample())


def test_a_branch_without_data_is_a_checkpoint_too(checkpoints):
    checkpoints.save(result({}))
    assert checkpoints.data("s-1", State.ANALYSIS, "ecg", Payload) == {}


def test_crash_in_the_middle_of_writing_leaves_the_former_checkpoint(tmp_path, monkeypatch):
    checkpoints = ParquetCheckpoints(str(tmp_path))
    checkpoints.save(result({"r01": sample(note="old")}))

    def crash(descriptor):
        raise OSError("power lost")

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(DependencyError, match="analysis/ecg of s-1 cannot be kept"):
        checkpoints.save(result({"r01": sample(note="new")}))
    assert checkpoints.data("s-1", State.ANALYSIS, "ecg", Payload)["r01"].note == "old"


def test_an_array_of_a_day_of_ecg_comes_back_whole():
    samples = np.arange(4_200_000, dtype=np.int16).reshape(-1, 3)
    table = to_table({"r01": Inner(samples, "long"), "r02": Inner(samples[:4], "short")})
    back = from_table(table, Inner)
    assert np.array_equal(back["r01"].curve, samples)
    assert back["r01"].curve.dtype == np.int16
    assert np.array_equal(back["r02"].curve, samples[:4])
    assert len(table.column("curve:i2")[0]) == 9  # pieces of bytes, not millions of numbers
