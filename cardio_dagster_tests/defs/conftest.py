"""Installations in temporary folders, and the made-up modality in place."""

from contextlib import ExitStack

import pytest

# code versions are fixed when these are imported: it must happen before a made-up modality is in place
import cardio_dagster.defs.stages.fan_out
import cardio_dagster.defs.stages.single  # noqa: F401
from cardio_dagster.modalities import BRANCHES
from cardio_dagster_tests.defs.installation import installed
from cardio_dagster_tests.pipeline.studies import beep_branch


@pytest.fixture
def install(tmp_path):
    """Return a function that makes an installation with a name and settings of its own."""
    with ExitStack() as stack:
        yield lambda name="site", **chosen: stack.enter_context(installed(tmp_path / name, **chosen))


@pytest.fixture
def installation(install):
    return install()


@pytest.fixture
def beep(monkeypatch):
    """Put the made-up modality in place; call it with verbs to replace some, returns the calls made so far."""
    calls = []

    def counted(name, verb):
        def call(*given):
            calls.append(name)
            return verb(*given)

        return call

    def put(*, code_version="1", **verbs):
        from dataclasses import replace

        plain = beep_branch(**verbs)
        named = {name: counted(name, getattr(plain, name)) for name in ("validate", "preprocess", "detect", "analyse")}
        monkeypatch.setitem(BRANCHES, "beep", replace(plain, code_version=code_version, **named))
        return calls

    put()
    return put
