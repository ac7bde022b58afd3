"""pydicom without its warnings and log lines.

Belongs here: that one context. Not here: any reading.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Read without validation of values and without warnings.

    Values out of their VR are common and are judged where they are used; pydicom's messages quote them, and
    a quoted value may name a patient. It reads lazily, so all use of a dataset belongs inside.
    """
    from pydicom import config

    with warnings.catch_warnings(), config.disable_value_validation():
        warnings.simplefilter("ignore")
        yield
