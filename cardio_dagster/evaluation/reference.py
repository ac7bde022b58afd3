"""Where the reference data lies.

Belongs here: checking what the setting names. Not here: reading any of it (truth/).
"""

from pathlib import Path

from cardio_dagster.errors import SettingsError
from cardio_dagster.settings import settings

VARIABLE = "CARDIO_REFERENCE_DATA"


def reference_folder() -> Path | None:
    """Return the folder that CARDIO_REFERENCE_DATA names, None where it is unset: then synthetic truth alone is measured.

    Raises SettingsError where the variable names no folder, because a silent evaluation on less would look like one on all.
    """
    folder = settings().reference_data
    if folder is not None and not folder.is_dir():
        raise SettingsError(f"{VARIABLE} names no folder; set it to the reference data, or unset it")
    return folder
