"""The gateway starts quickly: what it does not need, it does not import."""

import subprocess
import sys

import pytest

from cardio_dagster.gateway.app import ROUTERS

_HEAVY = ("cardio_dagster.modalities", "dagster", "matplotlib", "onnxruntime", "pandas", "scipy")
_CODE = """
import sys
from importlib import import_module
for name in ("__main__", *{routers!r}):
    import_module(f"cardio_dagster.gateway.{{name}}")
print(*[name for name in {heavy!r} if name in sys.modules])
"""


@pytest.mark.slow
def test_no_measuring_of_hearts_is_imported_before_somebody_asks():
    code = _CODE.format(routers=ROUTERS, heavy=_HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == []  # the measuring of hearts costs a second, Dagster two
