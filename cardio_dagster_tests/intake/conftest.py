"""A small site: landing folder, store, registry on SQLite, and a sniffer that knows two made-up formats."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cardio_dagster.intake.limits import IntakeLimits
from cardio_dagster.intake.scan import ScanResult, scan
from cardio_dagster.stores import database
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.priors import PriorStore
from cardio_dagster.stores.studies import StudyRegistry


@dataclass(frozen=True)
class Sniffed:
    """The shape of `modalities.branch.Sniffed`; importing that loads every modality, which intake must not need."""

    format: str
    companions: tuple[Path, ...] = ()


@dataclass(frozen=True)
class StatedId:
    """The shape of `modalities.identity.StatedId`."""

    number: str
    issuer: str = ""


KEY = b"k" * 32


def sniff(path: Path) -> tuple[str, Sniffed] | None:
    """Know `ECG...` as an ECG; `HEA <name>` as one with a companion, where that lies beside it."""
    text = path.read_bytes()[:200]
    if text.startswith(b"HEA "):
        other = path.parent / text[4:].split(b"\n")[0].decode()
        return "ecg", Sniffed("wfdb", (other,) if other.exists() else ())
    return ("ecg", Sniffed("csv")) if text.startswith(b"ECG") else None


def identify(path: Path, modality: str, format: str) -> tuple[StatedId, ...]:
    """Read `PATIENT <number> [<issuer>]` in any line of a made-up recording."""
    lines = (line.split() for line in path.read_text(errors="replace").splitlines())
    return tuple(StatedId(*words[1:3]) for words in lines if words[:1] == ["PATIENT"])


@dataclass
class Site:
    root: Path
    registry: StudyRegistry
    now: float = 1_800_000_000.0
    cursor: str | None = None
    settings: dict = field(default_factory=dict)

    @property
    def priors(self) -> PriorStore:
        return PriorStore(self.registry._engine)

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def store(self) -> Path:
        return self.root / "store"

    def drop(self, name: str, content: bytes | str = "ECG 1") -> Path:
        path = self.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def scan(self, **more) -> ScanResult:
        means = {"budget_s": 60.0, "sniff": sniff, "identify": identify, "key": KEY}
        means |= {"cursor": self.cursor, "now": self.now}
        result = scan(self.landing, self.store, self.registry, self.priors, **(means | self.settings | more))
        self.cursor = result.cursor
        return result

    def settle(self, **more) -> ScanResult:
        """Scan twice with more than the quiet window between, and return the second result."""
        self.scan(**more)
        self.now += 11
        return self.scan(**more)

    def files(self, *parts: str) -> dict[str, bytes]:
        """Return every plain file below a folder of the store, by its path."""
        base = self.store.joinpath(*parts)
        return {str(p.relative_to(base)): p.read_bytes() for p in sorted(base.rglob("*")) if _is_plain(p)}

    def kept(self) -> set[bytes]:
        """Return the contents of all files below inputs, quarantine, claims and landing, unpacked ones apart."""
        return {
            Path(folder, name).read_bytes()
            for base in (self.landing, self.store)
            for folder, _, names in os.walk(base)
            for name in names
            if _is_plain(Path(folder, name)) and name not in {"lock", "claim.json", "taken.json", "reason.json"}
        }

    def reasons(self, *parts: str) -> list[dict]:
        shelf = self.store.joinpath("quarantine", *parts)
        return [json.loads(path.read_text()) for path in sorted(shelf.glob("c-*/*/reason.json"))]

    def codes(self) -> list[str]:
        return sorted(problem["code"] for reason in self.reasons() for problem in reason["problems"])

    def open_claims(self) -> list[Path]:
        return [path for path in (self.store / "claims").iterdir() if path.is_dir()]


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def make_site(root: Path, url: str) -> Site:
    (root / "landing").mkdir(exist_ok=True)
    engine = connect(url)
    create_tables(engine)
    return Site(root, StudyRegistry(engine), settings={"limits": IntakeLimits()})


@pytest.fixture(autouse=True)
def _no_flushes(monkeypatch):
    """Spare the flush of each commit to disk: processes die in these tests, the power does not."""
    monkeypatch.setattr(database, "SQLITE_PRAGMAS", (*database.SQLITE_PRAGMAS, "synchronous=OFF"))


@pytest.fixture
def site(tmp_path, sqlite_url):
    return make_site(tmp_path, sqlite_url)
