"""A site's catalogue that names one model, whole or spoilt: for the tests of what a model that fails leads to.

Belongs here: writing the two files. Not here: processing a study with them.
"""

import hashlib
import re
from pathlib import Path

from cardio_dagster.models.catalogue import SHIPPED_CATALOGUE


class SiteModel:
    """One model of a site in `folder`, a copy of the shipped one; `catalogue` is the file to hand to the settings."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self.name, self.catalogue = name, folder / "catalogue.toml"
        self._file = folder / f"{name}.onnx"
        self._whole = SHIPPED_CATALOGUE.with_name(f"{name}.onnx").read_bytes()
        self.put_right()

    def put_right(self) -> None:
        """Write the whole model and its hash."""
        self._write(self._whole, self._whole)

    def truncate(self) -> None:
        """Write half of the model, and the hash of that half: it is the catalogued file, and it does not load."""
        half = self._whole[: len(self._whole) // 2]
        self._write(half, half)

    def tamper(self) -> None:
        """Change one bit of the model and leave its hash."""
        spoilt = bytearray(self._whole)
        spoilt[len(spoilt) // 2] ^= 1
        self._write(bytes(spoilt), self._whole)

    def _write(self, content: bytes, catalogued: bytes) -> None:
        self._file.write_bytes(content)
        (_, after) = SHIPPED_CATALOGUE.read_text().split(f"[{self.name}]")
        entry = f"[{self.name}]" + after.split("\n[")[0]
        digest = hashlib.sha256(catalogued).hexdigest()
        self.catalogue.write_text(re.sub(r'sha256 = "\w+"', f'sha256 = "{digest}"', entry))
