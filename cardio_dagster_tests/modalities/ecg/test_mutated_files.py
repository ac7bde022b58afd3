"""Damaged files of every format end in a document or a coded problem, soon, and invent nothing.

`python -m benchmarks.ecg.mutations` runs thousands of them, reference files among them, and looks at memory too.
"""

import math
import random
import time

import pytest

from cardio_dagster.errors import CODES, StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.document import describe
from cardio_dagster_tests.modalities.ecg.damage import damage, with_checksums
from cardio_dagster_tests.modalities.ecg.sample_files import DURATION_S, WRITERS

OPTIONS = Options(threads=1)
PER_FORMAT, LIMIT_S = 9, 5.0
every_format = pytest.mark.parametrize("kind", WRITERS)


@every_format
def test_a_sound_file_is_read(kind, tmp_path):
    document = describe(WRITERS[kind](tmp_path)[0], OPTIONS)
    assert len(document.beats) in {9, 18}  # 18: two segments
    assert document.heart_rate_bpm == pytest.approx(75.0, abs=0.5)
    assert document.duration_s >= DURATION_S


@every_format
def test_damaged_files_end_in_a_document_or_a_code(kind, tmp_path):
    paths = WRITERS[kind](tmp_path)
    whole = [path.read_bytes() for path in paths]
    for seed in range(PER_FORMAT):
        chance = random.Random(f"{kind} {seed}")
        at = chance.randrange(len(paths))
        paths[at].write_bytes(damage(whole[at], chance))
        started = time.process_time()
        try:
            assert_nothing_invented(describe(paths[0], OPTIONS))
        except StudyError as refused:
            assert refused.problem.code in CODES  # noqa: PT017 (a document is as good)
            assert paths[0].name not in str(refused)  # noqa: PT017
        assert time.process_time() - started < LIMIT_S, seed
        paths[at].write_bytes(whole[at])


def assert_nothing_invented(document):
    """Assert that each number is finite, and each null has its reason."""
    numbers = {"heart_rate_bpm": document.heart_rate_bpm, **document.intervals, **document.hrv}
    for name, value in numbers.items():
        assert (value is None) == (name in document.reasons), name
        assert value is None or math.isfinite(value), name
    assert all(0.0 <= beat.time_s <= document.duration_s for beat in document.beats)


@pytest.mark.parametrize("kind", ["ishne", "scp", "scp_huffman"])
def test_checksums_of_a_sound_file_are_what_its_writer_gave_it(kind, tmp_path):
    content = WRITERS[kind](tmp_path)[0].read_bytes()
    assert with_checksums(content) == content
    harmed = content[:700] + bytes([content[700] ^ 1]) + content[701:]
    assert with_checksums(harmed)[:700] != harmed[:700] or kind == "ishne"
