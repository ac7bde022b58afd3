"""Gateways on real ports, and one with a whole installation behind it that the session's studies went through."""

import shutil
from contextlib import ExitStack

import pytest

# code versions are fixed when these are imported: it must happen before a made-up modality is in place
import cardio_dagster.defs.stages.fan_out
import cardio_dagster.defs.stages.single  # noqa: F401
from cardio_dagster.demo.studies import ecg_only
from cardio_dagster.settings import Settings
from cardio_dagster.stores.access import Role
from cardio_dagster_tests.defs.installation import clinical, installed
from cardio_dagster_tests.gateway.server import files_of, serving


@pytest.fixture
def serve(tmp_path):
    """Return a function that serves an installation with settings of its own; without Dagster, which costs seconds."""
    with ExitStack() as stack:

        def start(name="site", *, settings=None, **chosen):
            (tmp_path / name).mkdir()
            made = Settings(**{"data_dir": tmp_path / name / "data", **(settings or {})})
            return stack.enter_context(serving(made, **chosen))

        yield start


@pytest.fixture(scope="session")
def plain(tmp_path_factory):
    with serving(Settings(data_dir=tmp_path_factory.mktemp("plain") / "data"), sync_wait_s=0.3) as gateway:
        yield gateway


@pytest.fixture
def gateway(plain):
    """Return a gateway without Dagster behind it and with an empty landing zone; its database is the session's."""
    for left in plain.backend.settings.landing_dir.iterdir():
        shutil.rmtree(left)
    return plain


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Return a gateway with a whole installation behind it.

    Its studies are `ecg` (released), `clinical` (held), both sent by the submitter, `note` (error), and `broken` and `two faults` (set aside),
    sent by the reader; `site.sent` are the answers to their uploads.
    """
    folder = tmp_path_factory.mktemp("gateway")
    with installed(folder / "site") as installation, serving(installation.settings, installation) as gateway:
        writers = {"ecg": ecg_only, "clinical": clinical(61)}
        for name, write in writers.items():
            gateway.sent[name] = gateway.send(files_of(write, folder / name), Role.SUBMITTER).json()
        gateway.sent["note"] = gateway.send({"note.txt": b"See the images.\n"}, Role.READER).json()
        gateway.sent["broken"] = gateway.send({"study.zip": b"PK\x03\x04 and no more"}, Role.READER).json()
        two = {"empty.csv": b"", "study.zip": b"PK\x03\x04 nor here"}
        gateway.sent["two faults"] = gateway.send(two, Role.READER).json()
        gateway.work()
        yield gateway
