"""Causes, policies and clocks for the tests of escalation."""

from datetime import UTC, datetime, timedelta

from cardio_dagster.escalation.policy import load_policy
from cardio_dagster.outcome import Impact
from cardio_dagster.stores.notices import Audience, Cause, Channel, NoticeStore, Policy

NOW = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
KEY = b"k" * 32
DEFAULT = load_policy(None)


class Clock:
    """A clock that the test sets."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def cause(code="ECG_VT", impact=Impact.CRITICAL, audience=Audience.CLINICAL, study="s-1", revision=1, **more) -> Cause:
    return Cause(code, impact, audience, study, revision, more.pop("priority", "routine"), **more)


def failure(code="E_HARD_003", impact=Impact.CRITICAL, study="s-1", **more) -> Cause:
    return cause(code, impact, Audience.TECHNICAL, study, **more)


def machine(subject="database", occasion="1", code="BREAKER_OPEN", impact=Impact.HIGH) -> Cause:
    return Cause(code, impact, Audience.TECHNICAL, subject=subject, occasion=occasion)


def with_channels(**urls: list[str]) -> Policy:
    """Return the packaged policy with other channels for some roles."""
    channels = {role: tuple(Channel(u) for u in urls.get(role, ["file:"])) for role in DEFAULT.channels}
    return Policy(DEFAULT.chains, channels, DEFAULT.waiting)


def raise_now(engine, *causes, now=NOW, policy=DEFAULT):
    with engine.begin() as connection:
        return NoticeStore(engine).raise_(causes, policy, now=now, connection=connection)
