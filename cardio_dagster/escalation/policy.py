"""The escalation policy, read from TOML and checked with the cure in each message.

Belongs here: from the file to a Policy. Not here: sending (channels.py). No message repeats a channel's URL, which is
a secret.
"""

import hashlib
import tomllib
from importlib.resources import files
from pathlib import Path

import msgspec

from cardio_dagster.errors import SettingsError
from cardio_dagster.escalation.channels import is_known
from cardio_dagster.outcome import Impact
from cardio_dagster.stores.notices import Audience, Channel, Policy, Waiting

MAX_CHANNELS = 3  # of a role: with more, three that hang take longer than a notice may
_MAX_WAIT_MIN = 7 * 24 * 60.0
_MAX_REMINDERS = 20


class _Impact(msgspec.Struct, forbid_unknown_fields=True):
    answer_within_min: list[float]
    reminders: int = 0


class _File(msgspec.Struct, forbid_unknown_fields=True):
    audiences: dict[Audience, list[str]]
    roles: dict[str, list[str]]
    impacts: dict[Impact, _Impact]


def load_policy(path: Path | None, *, check_channels: bool = True) -> Policy:
    """Return the policy of a file, or the packaged one for None.

    Apprise is asked whether it understands each channel only with `check_channels`: who raises a notice inside a
    transaction has no need of it, and it takes half a second to import.

    Raises SettingsError, with every fault in it and what to do about each, if the file is missing, is not TOML, names
    a role without channels, lacks an audience or an impact, or holds a time or a channel that cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8") if path else _packaged()
    except (OSError, UnicodeDecodeError) as error:
        raise _refused([f"it cannot be read ({type(error).__name__}); check the path and its permissions"]) from None
    try:
        read = msgspec.convert(tomllib.loads(text), _File)
    except tomllib.TOMLDecodeError as error:
        raise _refused([f"it is not TOML: {_position(error)}"]) from None
    except msgspec.ValidationError as error:
        raise _refused([f"{error}; docs/escalation.md shows the form"]) from None
    faults = [*_of_audiences(read), *_of_roles(read, check_channels=check_channels), *_of_impacts(read)]
    if faults:
        raise _refused(faults)
    return _policy(read)


def policy_in_force(path: Path | None, *, check_channels: bool = True) -> tuple[Policy, str | None, str]:
    """Return the policy, why the site's own cannot be used (None if it can), and the sha256 of its file.

    A file that was spoilt while everything runs must not stop reports or notices: the packaged policy stands in.
    """
    try:
        return load_policy(path, check_channels=check_channels), None, ""
    except SettingsError as error:
        held = path.read_bytes() if path and path.is_file() else b""
        return load_policy(None), str(error), hashlib.sha256(held).hexdigest()


def _packaged() -> str:
    return files("cardio_dagster.escalation").joinpath("default.toml").read_text(encoding="utf-8")


def _refused(faults: list[str]) -> SettingsError:
    return SettingsError("CARDIO_ESCALATION_FILE: " + "\n  ".join(["set this right:", *faults]))


def _position(error: tomllib.TOMLDecodeError) -> str:
    """Return where it breaks off, without what stands there: that may be a secret."""
    where = str(error).rpartition("(")[2].rstrip(")")
    return where if where.startswith("at ") else "at an unknown place"


def _of_audiences(read: _File) -> list[str]:
    missing = [a.value for a in Audience if not read.audiences.get(a)]
    named = {role for chain in read.audiences.values() for role in chain}
    return [
        *(f"[audiences] {name} names no role; give it at least one" for name in missing),
        *(f"[roles] {role} is named by an audience and has no channel; add one, or `file:`" for role in sorted(named) if not read.roles.get(role)),
        *(f"[audiences] {a.value} names a role twice; leave one out" for a, c in read.audiences.items() if len(set(c)) < len(c)),
    ]  # fmt: skip


def _of_roles(read: _File, *, check_channels: bool) -> list[str]:
    faults = []
    for role, urls in read.roles.items():
        if len(urls) > MAX_CHANNELS:
            faults.append(f"[roles] {role} has {len(urls)} channels; at most {MAX_CHANNELS}")
        for place, url in enumerate(urls, start=1):
            channel = Channel(url)
            if check_channels and not is_known(channel):
                faults.append(
                    f"[roles] {role}, channel {place} ({_safe_scheme(channel)}) is no URL that Apprise understands; "
                    "see https://appriseit.com/services/, or write `file:`"
                )
    return faults


def _safe_scheme(channel: Channel) -> str:
    """Return the scheme if there is one; a URL pasted without it may be a secret from its first letter on."""
    return channel.scheme if channel.scheme.isalpha() and len(channel.scheme) <= 16 else "no scheme"


def _of_impacts(read: _File) -> list[str]:
    faults = [f"[impacts.{i.value}] is missing; add it" for i in Impact if i not in read.impacts]
    for impact, rule in read.impacts.items():
        if not all(0 < minutes <= _MAX_WAIT_MIN for minutes in rule.answer_within_min):
            faults.append(f"[impacts.{impact.value}] answer_within_min must lie above 0 and up to {_MAX_WAIT_MIN:.0f}")
        if not 0 <= rule.reminders <= _MAX_REMINDERS:
            faults.append(f"[impacts.{impact.value}] reminders must lie within 0 and {_MAX_REMINDERS}")
        if impact is Impact.CRITICAL and not rule.answer_within_min:
            faults.append(
                "[impacts.critical] answer_within_min is empty; nobody would ever be asked again, give a time"
            )
    return faults


def _policy(read: _File) -> Policy:
    waiting = {
        impact: Waiting(tuple(60.0 * minutes for minutes in rule.answer_within_min), rule.reminders)
        for impact, rule in read.impacts.items()
    }
    channels = {role: tuple(Channel(url) for url in urls) for role, urls in read.roles.items()}
    return Policy({a: tuple(chain) for a, chain in read.audiences.items()}, channels, waiting)
