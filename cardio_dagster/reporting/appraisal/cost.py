"""Cost: what a study took of the machine so far.

Belongs here: counting. Not here: the time of each stage (pipeline/). The cost goes to metadata and the
terminal, never into report.json, which must not depend on the machine.
"""

from collections.abc import Iterable
from os import stat_result
from pathlib import Path

from cardio_dagster.statement import Cost
from cardio_dagster.study import Study


def count_cost(study: Study, *, cpu_s: float, folders: Iterable[Path]) -> Cost:
    """Return CPU seconds, bytes received and bytes kept below `folders`.

    `cpu_s` is of the caller: `time.process_time()` now less at the start, which counts all threads of the process and
    so also other studies that run beside this one. A file with several names (hard links) counts once; links are not
    followed. Raises FileNotFoundError for a folder that is not there: no bytes would be a made-up number.
    """
    files = {(status.st_dev, status.st_ino): status.st_size for folder in folders for status in _stats(folder)}
    received = sum(recording.size_bytes for recording in study.recordings)
    return Cost(cpu_s=round(cpu_s, 3), bytes_in=received, bytes_stored=sum(files.values()))


def _stats(folder: Path) -> Iterable[stat_result]:
    if not folder.is_dir():
        raise FileNotFoundError("a folder of the study is not there")  # its name may identify a patient
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path.stat()
