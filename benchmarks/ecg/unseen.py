"""Let the package judge a record by networks that have not been trained on it.

Belongs here: a catalogue per combination of networks. Not here: the networks (training/folds/), or any counting.
"""

import hashlib
import json
import tempfile
import tomllib
from pathlib import Path

from cardio_dagster.models import catalogue
from training.folds import FOLDER, INDEX


class Unseen:
    """Chooses networks by record ("ludb/12", "mitdb/100", "cinc2017/A00001"); a model without a cross-validation stays as shipped."""

    def __init__(self) -> None:
        self._index: dict[str, dict[str, str]] = json.loads(INDEX.read_text(encoding="utf-8"))
        self._shipped = tomllib.loads(catalogue.SHIPPED_CATALOGUE.read_text(encoding="utf-8"))
        self._folder = tempfile.TemporaryDirectory(prefix="unseen-")

    def choose(self, record: str) -> None:
        """Make the package load the networks that have not seen the record."""
        files = {model: known[record] for model, known in self._index.items() if record in known}
        path = Path(self._folder.name) / ("-".join([Path(f).stem for f in files.values()] or ["shipped"]) + ".toml")
        if not path.exists():
            path.write_text("\n".join(self._table(model, file) for model, file in files.items()), encoding="utf-8")
        catalogue.use_catalogue(path)

    def _table(self, model: str, file: str) -> str:
        content = (FOLDER / file).resolve()
        entry = self._shipped[model] | {
            "file": str(content),
            "sha256": hashlib.sha256(content.read_bytes()).hexdigest(),
        }
        return "\n".join([f"[{model}]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items())])

    def close(self) -> None:
        """Go back to the shipped networks."""
        catalogue.use_catalogue(None)
        self._folder.cleanup()
