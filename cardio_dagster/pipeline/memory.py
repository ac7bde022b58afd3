"""Peak memory of this process during a piece of work.

Linux lets a process reset its own high-water mark; elsewhere the peak since the start of
the process is given, which is an upper bound.
"""

import resource
import sys
from pathlib import Path

_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


def reset_peak_memory() -> None:
    """Start the high-water mark anew where the system allows it."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return  # not Linux, or not allowed: the peak since the start of the process remains


def peak_memory_mb() -> float:
    """Return the high-water mark of resident memory in MB (2**20 bytes)."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / 1024, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (2**20 if sys.platform == "darwin" else 1024), 1)
