"""ISHNE: round trips through a writer of our own, blocks, and refused files."""

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.formats.ishne import open_ishne, read_ishne
from cardio_dagster.modalities.ecg.sniff import sniff
from cardio_dagster_tests.modalities.ecg.binary_writers import ishne_file

DIGITAL = np.random.default_rng(4).integers(-500, 500, (2500, 3))


def write(tmp_path, **options):
    path = tmp_path / "x.ecg"
    path.write_bytes(ishne_file(options.pop("digital", DIGITAL), **options))
    return path


def test_samples_and_facts(tmp_path):
    path = write(tmp_path, text=b"recorded at home by Somebody")
    assert sniff(path).format == "ishne"
    record = read_ishne(path)
    assert (record.leads, record.sampling_rate_hz) == (("I", "II", "V1"), 250.0)
    np.testing.assert_allclose(record.signal_mv, DIGITAL * 0.0025, atol=1e-6)
    assert (record.patient_sex, record.age_years, record.started_at) == ("F", 52.0, "2002-11-22T09:10:11")
    assert "Some" not in repr(record)


def test_blocks_are_parts_of_the_whole(tmp_path):
    source = open_ishne(write(tmp_path))
    whole = source.read(0, source.n_samples)
    for start, stop in ((0, 0), (17, 18), (1000, 2500)):
        np.testing.assert_array_equal(source.read(start, stop), whole[start:stop])


@pytest.mark.parametrize(("claimed", "expected"), [(7500, 2500), (0, 2500), (-1, 2500), (2000, 2000)])
def test_samples_counted_for_one_lead_or_for_all(tmp_path, claimed, expected):
    assert open_ishne(write(tmp_path, claimed=claimed)).n_samples == expected


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"checksum": 1}, "E_CORRUPT_001"),
        ({"claimed": 2501}, "E_CORRUPT_001"),
        ({"claimed": 2_000_000_000}, "E_CORRUPT_001"),
        ({"digital": DIGITAL[:0]}, "E_CORRUPT_001"),
        ({"leads": ()}, "E_VALID_002"),
        ({"nv": 0}, "E_VALID_002"),
        ({"nv": -5}, "E_VALID_002"),
        ({"rate_hz": 0}, "E_VALID_001"),
        ({"rate_hz": 10}, "E_VALID_002"),
    ],
)
def test_a_header_that_cannot_be_is_refused(tmp_path, options, code):
    with pytest.raises(StudyError) as caught:
        open_ishne(write(tmp_path, **options))
    assert caught.value.problem.code == code


def test_a_checksum_of_zero_is_none(tmp_path):
    assert open_ishne(write(tmp_path, checksum=0)).n_samples == 2500


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path):
    path = write(tmp_path)
    source = open_ishne(path)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(StudyError, match="E_CORRUPT_001"):
        source.read(0, 2500)
