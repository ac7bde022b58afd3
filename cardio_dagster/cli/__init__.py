"""`cardio`: the command line. Needs no Dagster running; heavy imports wait for their command.

Belongs here: arguments, exit codes and how a refusal is told. Not here: any work (commands/).
"""

import os
import sys

from cardio_dagster.cli.main import app
from cardio_dagster.errors import CardioError, dependency_line

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; what this package refuses is told in a line or two, without a traceback."""
    # NumPy's own threads help nowhere here and wait for each other busily: a 24 h ECG takes three times the processor time with
    # them. Read when NumPy is first imported, which is after this.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        app()
    except Exception as error:
        line = _line_of(error)
        if line is None:
            raise
        sys.stderr.write(f"{line}\n")
        sys.exit(1)


def _line_of(error: Exception) -> str | None:
    """Return how a failure is told that is no defect of this software; None for one that is."""
    line = dependency_line(error)  # the disk is full, the database does not answer
    if line is not None:
        return line
    if isinstance(error, CardioError):
        return str(error)
    if isinstance(error, OSError):  # an output that cannot be written
        return f"{error.strerror or type(error).__name__}: {error.filename or 'no path given'}"
    return None
