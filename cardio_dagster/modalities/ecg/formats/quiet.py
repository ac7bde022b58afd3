"""pydicom without its warnings and its checks of values.

Belongs here: that one switch. Not here: any reading.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_MODULES = r"pydicom(\..*)?|cardio_dagster\.modalities\.ecg\..*"


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Read without validation of values and without warnings; a dataset is read lazily, so all its use belongs inside.

    Values out of their VR are common and are judged where they are used; pydicom's messages quote them, and a quoted value may
    name a patient. Both switches are of the whole process and stay set: to set and restore them (`warnings.catch_warnings`,
    `disable_value_validation`) lets one thread undo what another needs.
    """
    from pydicom import config

    config.settings.reading_validation_mode = config.IGNORE
    entry = ("ignore", None, UserWarning)
    if not any(f[:3] == entry and getattr(f[3], "pattern", "") == _MODULES for f in tuple(warnings.filters)):
        warnings.filterwarnings("ignore", category=UserWarning, module=_MODULES)
    yield
