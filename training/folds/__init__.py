"""Networks that have not seen a record, so that `make bench-ecg` can be repeated on patients that are new to them.

Belongs here: packing such networks and naming the records that each may judge. Not here: training them (training/ecg_*).
"""

from pathlib import Path

FOLDER = Path(__file__).parent
INDEX = FOLDER / "folds.json"
