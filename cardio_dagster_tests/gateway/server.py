"""A gateway on a port of its own, in a thread of the test's process, and clients with keys of each role."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import uvicorn

from cardio_dagster.gateway.__main__ import server_options
from cardio_dagster.gateway.app import make_app
from cardio_dagster.gateway.backend import Backend
from cardio_dagster.settings import GatewaySettings, Settings
from cardio_dagster.stores.access import Role
from cardio_dagster_tests.defs.installation import Installation

CHOSEN = {"disk_reserve_mb": 0.0, "requests_per_minute": 60_000.0, "failures_per_minute": 6000.0}


@dataclass
class Gateway:
    """One running gateway."""

    backend: Backend
    url: str
    installation: Installation | None = None
    keys: dict[Role, str] = field(default_factory=dict, repr=False)
    sent: dict[str, dict] = field(default_factory=dict)

    def key(self, role: Role) -> str:
        """Return the key of a role, made at first use under the role's name."""
        if role not in self.keys:
            self.backend.prepare()
            self.keys[role] = self.backend.access.add(role.value, role, days=1)
        return self.keys[role]

    def client(self, role: Role | str | None = Role.ADMIN, **options) -> httpx.Client:
        """Return a client with the key of a role, a key of one's own, or without."""
        key = self.key(role) if isinstance(role, Role) else role
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False, **options)

    def send(self, files: dict[str, bytes], role: Role = Role.ADMIN, **options) -> httpx.Response:
        """Send the files of one study."""
        with self.client(role) as client:
            return client.post("/studies", files=[("files", item) for item in files.items()], **options)

    def work(self) -> list[str]:
        """Take what lies in the landing zone and run every study to its end; return their ids."""
        assert self.installation is not None
        self.installation.tick()
        pending = [row.study.study_id for row in self.installation.stores.registry().pending()]
        for study_id in pending:
            self.installation.run(study_id)
        return pending

    def accesses(self) -> list[tuple[str, str, str, str]]:
        """Return every access in the ledger: actor, action, resource, outcome."""
        from cardio_dagster.audit_record import Kind
        from cardio_dagster.stores.ledger import decode

        records = [(r.actor, decode(r)) for r in self.backend.ledger.records(kinds=(Kind.ACCESS_MADE,))]
        return [(actor, c.action, c.resource, c.outcome) for actor, c in records]


@contextmanager
def serving(settings: Settings, installation: Installation | None = None, **chosen) -> Iterator[Gateway]:
    """Serve an installation's gateway on a free port until the block ends."""
    backend = Backend.of(settings, GatewaySettings(**{**CHOSEN, **chosen}))
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    server = uvicorn.Server(uvicorn.Config(make_app(backend), **server_options(backend.limits.proxies)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive(), "the gateway did not start"
    try:
        yield Gateway(backend, f"http://127.0.0.1:{listening.getsockname()[1]}", installation)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def files_of(write, folder) -> dict[str, bytes]:
    """Return the files that a writer of a study makes."""
    folder.mkdir(parents=True)
    write(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}
