"""DICOM elements whose value may be anything: read, or refused by name.

Belongs here: turning what an element holds into a plain number. Not here: what the number
means (dicom.py, calibration.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from cardio_dagster.errors import StudyError


def whole_number(dataset: Dataset, name: str, *, absent: int) -> int:
    """Return the one whole number that element `name` holds, `absent` where it is missing or empty.

    Raises StudyError E_CORRUPT_001, naming the element, where it holds several values or no number.
    """
    with naming(name):
        value = dataset.get(name)
        return absent if value is None or value == "" else int(value)


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Turn whatever fails inside into StudyError E_CORRUPT_001 that names the element; its value is not repeated."""
    try:
        yield
    except (StudyError, MemoryError):
        raise
    except Exception as error:  # pydicom converts values when they are asked for, and fails in many ways
        number = tag_for_keyword(name)
        seen = f"{name} {Tag(number) if number is not None else ''}: {type(error).__name__}"
        raise StudyError("E_CORRUPT_001", "a DICOM element holds no usable value", seen=seen) from error
