"""What a stranger may drop: each kind with the codes by which it may end.

Belongs here: writing hostile studies. Not here: how many of them come (experiments/flood.py).
"""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from cardio_dagster.demo.studies import PUBLIC_ECG, public_file


def zip_bomb(folder: Path, number: int) -> None:
    """Write an archive that expands to 64 MB of zeros."""
    with zipfile.ZipFile(folder / f"bomb{number}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"zeros{number}.csv", bytes(64 * 2**20))


def traversal(folder: Path, number: int) -> None:
    """Write an archive whose only member wants to lie above it."""
    with zipfile.ZipFile(folder / "up.zip", "w") as archive:
        archive.writestr(f"../../../../escape{number}.csv", f"I {number}\n")


def truncated(folder: Path, number: int) -> None:
    """Write the public ECG in DICOM, cut off."""
    content = public_file(PUBLIC_ECG).read_bytes()
    (folder / "ecg.dcm").write_bytes(content[: len(content) // 3 + number])


def text_as_dicom(folder: Path, number: int) -> None:
    """Write a note that calls itself DICOM."""
    (folder / "echo.dcm").write_text(f"This is note {number}, not an echo clip.\n" * 8)


def link(folder: Path, number: int) -> None:
    """Leave a link to a file of the machine."""
    (folder / f"link{number}.csv").symlink_to("/etc/passwd")


def empty(folder: Path, number: int) -> None:
    """Leave a file without a byte."""
    (folder / f"empty{number}.csv").touch()


def deep(folder: Path, number: int) -> None:
    """Leave a file two hundred folders deep."""
    below = folder / ("d/" * 200)
    below.mkdir(parents=True)
    (below / f"ecg{number}.csv").write_text(f"I\n{number}\n")


def bad_numbers(folder: Path, number: int) -> None:
    """Write metadata nested beyond reason."""
    (folder / "metadata.json").write_text('{"patient": ' + "[" * 5000 + str(number) + "]" * 5000 + "}")


def not_utf8(folder: Path, number: int) -> None:
    """Leave a file whose name is no text."""
    path = os.path.join(os.fsencode(folder), b"M\xfcller%d.json" % number)  # noqa: PTH118  (bytes)
    with open(path, "w") as file:  # noqa: PTH123  (bytes)
        file.write(json.dumps({"patient": {"age_years": 40 + number % 50}}))


HOSTILE: dict[str, tuple[Callable[[Path, int], None], frozenset[str]]] = {
    "zip bomb": (zip_bomb, frozenset({"E_INTAKE_002"})),
    "path traversal": (traversal, frozenset({"E_INTAKE_001"})),
    "truncated DICOM": (truncated, frozenset({"E_CORRUPT_001"})),
    "text as .dcm": (text_as_dicom, frozenset({"E_CORRUPT_001", "E_FORMAT_001", "E_FORMAT_002"})),
    "link": (link, frozenset({"E_INTAKE_003"})),
    "0 bytes": (empty, frozenset({"E_INTAKE_005"})),
    "200 folders deep": (deep, frozenset({"E_INTAKE_001"})),
    "metadata nested 5,000 deep": (bad_numbers, frozenset({"E_CORRUPT_001", "E_FORMAT_001", "E_VALID_002"})),
    "name that is no text": (not_utf8, frozenset({"E_INTAKE_004"})),
}
