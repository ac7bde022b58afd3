"""Checkpoints: what a stage made of one modality of one study, in Parquet, on any fsspec path.

Belongs here: saving and finding checkpoints by study, stage and modality. Not here: what
they hold (pipeline/), how it is encoded (codec.py).

A file is written whole beside its place and renamed into it, so that a reader never meets a
half-written one. The head (outcome, key, cost) lies in the Parquet footer: it is read
without touching the data.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from cardio_dagster.errors import CHECKPOINTS, DependencyError
from cardio_dagster.outcome import Outcome, State
from cardio_dagster.stores.atomic import why, write_atomically
from cardio_dagster.stores.codec import content_hash, from_table, to_table

T = TypeVar("T")
_HEAD = b"cardio_head"
_WRITING: Any = {
    "compression": "zstd",
    "use_dictionary": False,
}  # samples of a signal seldom repeat; a dictionary doubles the memory


@dataclass(frozen=True, slots=True)
class BranchHead:
    """What is known of a modality's stage without its data.

    `key` is the hash of everything that decides the result (inputs, code version, options):
    the same key means that the work need not be repeated. Times are seconds since the epoch.
    """

    study_id: str
    revision: int
    key: str
    outcome: Outcome
    started_at_s: float
    ended_at_s: float
    retries: int = 0
    content_sha256: str | None = None  # over the data as stored; None in memory

    @property
    def state(self) -> State:
        """The state whose work this is."""
        return self.outcome.state

    @property
    def modality(self) -> str:
        """The modality whose work this is."""
        return self.outcome.modality


@dataclass(frozen=True)
class BranchResult(Generic[T]):
    """A head with its data by recording id."""

    head: BranchHead
    data: dict[str, T]


class Checkpoints(Protocol):
    """Where branch results are kept between stages."""

    def save(self, result: BranchResult[Any]) -> BranchHead:
        """Keep the result; the same study, state and modality replaces the former. Return its head."""

    def head(self, study_id: str, state: State, modality: str) -> BranchHead | None:
        """Return the head, or None if there is no such checkpoint."""

    def data(self, study_id: str, state: State, modality: str, payload_type: type[T]) -> dict[str, T]:
        """Return the data by recording id; raises FileNotFoundError without such a checkpoint."""


class MemoryCheckpoints:
    """Checkpoints of one process, for runs that need none afterwards."""

    def __init__(self) -> None:
        self._results: dict[tuple[str, State, str], BranchResult[Any]] = {}

    def save(self, result: BranchResult[Any]) -> BranchHead:
        """Keep the result in memory."""
        self._results[result.head.study_id, result.head.state, result.head.modality] = result
        return result.head

    def head(self, study_id: str, state: State, modality: str) -> BranchHead | None:
        """Return the head, or None."""
        result = self._results.get((study_id, state, modality))
        return result.head if result else None

    def data(self, study_id: str, state: State, modality: str, payload_type: type[T]) -> dict[str, T]:
        """Return the data by recording id; raises FileNotFoundError without such a checkpoint."""
        result = self._results.get((study_id, state, modality))
        if result is None:
            raise FileNotFoundError(f"no checkpoint of {state.name} {modality} for {study_id}")
        return result.data


class ParquetCheckpoints:
    """Checkpoints below `root`, a local folder or an fsspec URL: <study>/<state>/<modality>.parquet."""

    def __init__(self, root: str) -> None:
        import fsspec

        self._fs, path = fsspec.core.url_to_fs(root)
        self._root = path.rstrip("/")

    def save(self, result: BranchResult[Any]) -> BranchHead:
        """Write the checkpoint in one step that a crash cannot leave half done; return its head."""
        table = to_table(result.data)
        head = replace(result.head, content_sha256=content_hash(table))
        buffer = io.BytesIO()
        pq.write_table(table.replace_schema_metadata({_HEAD: msgspec.json.encode(head)}), buffer, **_WRITING)
        self._put(self._path(head.study_id, head.state, head.modality), buffer.getvalue())
        return head

    def head(self, study_id: str, state: State, modality: str) -> BranchHead | None:
        """Return the head from the Parquet footer, or None if there is no checkpoint; raises ValueError for a spoilt one."""
        path = self._path(study_id, state, modality)
        if not self._fs.exists(path):
            return None
        with self._fs.open(path, "rb") as file, _spoilt_is_value_error():
            metadata = pq.read_schema(file).metadata or {}
        return msgspec.json.decode(metadata[_HEAD], type=BranchHead) if _HEAD in metadata else None

    def data(self, study_id: str, state: State, modality: str, payload_type: type[T]) -> dict[str, T]:
        """Read the data by recording id; raises FileNotFoundError without such a checkpoint.

        Raises ValueError where the file does not read, or its content is not the one whose hash was written into its head.
        """
        with self._fs.open(self._path(study_id, state, modality), "rb") as file, _spoilt_is_value_error():
            table = pq.read_table(file)
        head = msgspec.json.decode((table.schema.metadata or {}).get(_HEAD, b""), type=BranchHead)
        if head.content_sha256 != content_hash(table):
            raise ValueError(f"the checkpoint of {state.name} {modality} does not match its hash")
        return from_table(table, payload_type)

    def save_record(self, study_id: str, name: str, record: Any) -> str:
        """Write a record without recordings (the dossier of a stage) and return its path."""
        buffer = io.BytesIO()
        pq.write_table(to_table({"record": record}), buffer, **_WRITING)
        path = f"{self._root}/{study_id}/{name}.parquet"
        self._put(path, buffer.getvalue())
        return path

    def record(self, study_id: str, name: str, record_type: type[T]) -> T:
        """Read such a record; raises FileNotFoundError if there is none."""
        with self._fs.open(f"{self._root}/{study_id}/{name}.parquet", "rb") as file:
            return from_table(pq.read_table(file), record_type)["record"]

    def probe(self) -> None:
        """Look whether the store answers; DependencyError where it does not."""
        try:
            self._fs.exists(self._root)
        except OSError as error:
            raise DependencyError(CHECKPOINTS, why(error)) from None

    def _path(self, study_id: str, state: State, modality: str) -> str:
        return f"{self._root}/{study_id}/{state.name.lower()}/{modality}.parquet"

    def _put(self, path: str, content: bytes) -> None:
        """Write a file whole; DependencyError, without a path, where the store takes it not."""
        try:
            if "file" not in self._fs.protocol:
                self._fs.pipe_file(path, content)  # object stores show an object only when it is whole
            else:
                write_atomically(Path(path), content)
        except OSError as error:
            study_id, *what = path.removeprefix(f"{self._root}/").removesuffix(".parquet").split("/")
            raise DependencyError(CHECKPOINTS, f"{'/'.join(what)} of {study_id} cannot be kept: {why(error)}") from None


@contextmanager
def _spoilt_is_value_error() -> Iterator[None]:
    """Tell a file that does not decode from a disk that does not answer: Arrow raises OSError for both, the former without errno."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError("the file does not decode") from error
    except pa.ArrowException as error:
        raise ValueError("the file does not decode") from error
