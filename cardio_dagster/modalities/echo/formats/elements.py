"""DICOM elements whose value may be anything: read, or refused by name.

Belongs here: turning what an element holds into a plain number. Not here: what the number
means (dicom/, calibration.py, timing.py).
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


def several(value: object) -> tuple[object, ...]:
    """Return the values of an element that may hold none, one or several."""
    if value is None or value == "":
        return ()
    return tuple(value) if hasattr(value, "__iter__") and not isinstance(value, str) else (value,)


def number(value: object) -> float | None:
    """Return a value as a number; None where it is none."""
    try:
        return float(str(value))
    except ValueError:
        return None


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
