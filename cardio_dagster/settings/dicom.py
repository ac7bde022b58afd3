"""The settings of DICOM in: who may send, how soon it is wanted, how long instances are waited for.

Belongs here: the variables CARDIO_DICOM_*. Not here: port and title (deployment.py), or limits of a file and of a study, which are
the installation's.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from cardio_dagster.settings.reading import Group, read
from cardio_dagster.study import Priority

_TITLE = re.compile(r"[ -\[\]-~]{1,16}")  # PS3.5 6.2, AE: printable ASCII without the backslash, 16 at most
_FORM = (
    "write AE, AE@ADDRESS, AE=PRIORITY or AE@ADDRESS=PRIORITY, with commas between; PRIORITY is stat, urgent or routine"
)
_PRIORITIES = (Priority.STAT, Priority.URGENT, Priority.ROUTINE)


@dataclass(frozen=True, slots=True)
class Peer:
    """One device that may send; `address` None means from anywhere, `priority` None that its files decide."""

    title: str
    address: str | None
    priority: Priority | None


class DicomSettings(Group):
    """What an installation can choose of DICOM in. Each field is the variable CARDIO_DICOM_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="CARDIO_DICOM_")

    peers: str = Field(
        "",
        description="AE titles that may send, each with the address from which alone it may call and the priority of what it sends",
        json_schema_extra={"allowed": "AE[@ADDRESS][=PRIORITY],...", "default": "any title, from this machine alone"},
    )
    quiet_s: float = Field(
        5.0, gt=0, le=86_400, description="a study is delivered when nothing came for so long after the association"
    )
    open_quiet_s: float = Field(
        60.0, gt=0, le=86_400, description="the same while the association is still open: some devices never release it"
    )
    associations: int = Field(32, ge=1, le=1000, description="associations at a time; more are rejected as transient")
    silence_s: float = Field(60.0, gt=0, le=3600, description="an association that is silent for so long is aborted")
    max_instances: int = Field(2000, ge=1, le=100_000, description="instances of one study waiting for delivery")
    disk_reserve_mb: float = Field(
        1024.0, ge=0, le=1e9, description="instances are refused (A700) before the disk has less"
    )

    @field_validator("peers")
    @classmethod
    def _readable(cls, text: str) -> str:
        parse_peers(text)
        return text

    @property
    def allowed(self) -> tuple[Peer, ...]:
        """The devices that may send."""
        return parse_peers(self.peers)


@lru_cache(maxsize=1)
def dicom_settings() -> DicomSettings:
    """Return the settings of DICOM in of this process; raises SettingsError as `read` does."""
    return read(DicomSettings)


def parse_peers(text: str) -> tuple[Peer, ...]:
    """Return the peers that a list names; raises ValueError with the form of it."""
    return tuple(_peer(entry.strip()) for entry in text.split(",") if entry.strip())


def _peer(entry: str) -> Peer:
    rest, _, priority = entry.partition("=")
    title, _, address = rest.partition("@")
    if not _TITLE.fullmatch(title) or (priority and priority not in _PRIORITIES):
        raise ValueError(_FORM)
    if address:
        ip_address(address)  # a name would be looked up, and whoever answers for it could let anybody in
    return Peer(title.strip(), address or None, Priority(priority) if priority else None)
