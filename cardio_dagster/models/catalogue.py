"""The model catalogue: which file a model is, that it is the right one, and its loaded session.

Belongs here: reading catalogue.toml, verifying sha256, one cached ONNX session per model and
process. Not here: pre- or post-processing, and no reading of the environment: the settings
hand another catalogue to `use_catalogue`.
"""

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cardio_dagster.errors import ModelHashError, ModelLoadError

if TYPE_CHECKING:
    import onnxruntime

SHIPPED_CATALOGUE = Path(__file__).with_name("catalogue.toml")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of the catalogue; `file` and `card` are relative to the catalogue's folder.

    `input_size` is the side of an image in pixels, 0 where the length of the input is free, and `output_size`
    that of the answer, 0 where it is the same; `sampling_rate_hz` is that of a signal.
    """

    file: str
    card: str
    sha256: str
    version: str
    licence: str
    task: str
    input_name: str
    output_name: str
    classes: tuple[str, ...]
    input_size: int = 0
    output_size: int = 0
    sampling_rate_hz: float | None = None

    @property
    def answer_size(self) -> int:
        """Return the side of the answer in pixels."""
        return self.output_size or self.input_size


_lock = threading.RLock()
_catalogue_path = SHIPPED_CATALOGUE
_entries: dict[str, tuple[ModelEntry, Path]] | None = None  # with the folder that holds the file
_sessions: dict[tuple[str, int], "onnxruntime.InferenceSession"] = {}


def use_catalogue(path: Path | None) -> None:
    """Read models from the catalogue at `path` from now on, and from the shipped one those that it does not name; None means the shipped one alone.

    Process-wide; a change of the catalogue drops every cached session, the same one again costs nothing.
    """
    global _catalogue_path, _entries
    with _lock:
        if (path or SHIPPED_CATALOGUE) == _catalogue_path:
            return
        _catalogue_path, _entries = path or SHIPPED_CATALOGUE, None
        _sessions.clear()


def entry(name: str) -> ModelEntry:
    """Return the catalogue entry of a model.

    Raises ModelLoadError if the catalogue cannot be read or does not hold `name`.
    """
    return _found(name)[0]


def names() -> tuple[str, ...]:
    """Return the names of all catalogued models, sorted; ModelLoadError if the catalogue cannot be read."""
    return tuple(sorted(_all()))


def _found(name: str) -> tuple[ModelEntry, Path]:
    entries = _all()
    if name not in entries:
        raise ModelLoadError(f"model {name!r} is not in the catalogue; it holds {sorted(entries)}")
    return entries[name]


def _all() -> dict[str, tuple[ModelEntry, Path]]:
    global _entries  # noqa: PLW0603 - read once per process
    with _lock:
        if _entries is None:
            _entries = _read_catalogue(SHIPPED_CATALOGUE) | _read_catalogue(_catalogue_path)
        return _entries


def fingerprint(name: str) -> str:
    """Return the catalogued sha256 of a model, for data versions and reports."""
    return entry(name).sha256


def load_session(name: str, *, threads: int) -> "onnxruntime.InferenceSession":
    """Return the model's session, loaded and verified once per process and thread count.

    Safe to call from several threads; a session itself may be run by several at once. A run ends with the
    deadline of the work that it belongs to (models/session.py).

    Raises ModelHashError if the file's sha256 is not the catalogued one (E_HARD_003), and
    ModelLoadError if the file is missing or onnxruntime refuses it.
    """
    with _lock:
        key = (name, threads)
        if key not in _sessions:
            _sessions[key] = _load(*_found(name), threads)
        return _sessions[key]


def reload(name: str | None = None) -> None:
    """Forget the sessions of a model, or of all, and the catalogue, so that the next load reads both again."""
    global _entries  # noqa: PLW0603
    with _lock:
        _entries = None
        for key in [key for key in _sessions if name in (None, key[0])]:
            del _sessions[key]


def _read_catalogue(path: Path) -> dict[str, tuple[ModelEntry, Path]]:
    try:
        entries = msgspec.toml.decode(path.read_bytes(), type=dict[str, ModelEntry])
        return {name: (model, path.parent) for name, model in entries.items()}
    except (OSError, msgspec.MsgspecError) as error:
        cure = "reinstall the package or correct CARDIO_MODEL_CATALOGUE"
        raise ModelLoadError(f"the model catalogue cannot be read ({error}); {cure}") from error


def _load(model: ModelEntry, folder: Path, threads: int) -> "onnxruntime.InferenceSession":
    try:
        content = (folder / model.file).read_bytes()
    except OSError as error:
        raise ModelLoadError(f"model file {model.file} cannot be read ({error}); reinstall the package") from error
    found = hashlib.sha256(content).hexdigest()
    if found != model.sha256:
        raise ModelHashError(
            f"E_HARD_003: {model.file} has sha256 {found}, the catalogue says {model.sha256}; "
            "reinstall the package, or enter the model and its sha256 in the catalogue"
        )
    return _start(model, content, threads)


def _start(model: ModelEntry, content: bytes, threads: int) -> "onnxruntime.InferenceSession":
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # idle threads that spin take the processor from whatever else runs beside the model
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        from cardio_dagster.models.session import TimedSession

        return TimedSession(content, options, providers=["CPUExecutionProvider"])
    except MemoryError:
        raise
    except Exception as error:  # onnxruntime raises its own types, which share no base but Exception
        raise ModelLoadError(f"onnxruntime does not load {model.file} ({error}); reinstall both") from error
