"""Channels: one message through one of them, or a reason why not.

Belongs here: Apprise and the folder of notices. Not here: which channel is tried when (sending.py). Nothing here logs
or raises a URL.
"""

import logging
import os
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from cardio_dagster.errors import FailureClass, MachineError
from cardio_dagster.outcome import Impact
from cardio_dagster.stores.atomic import write_atomically
from cardio_dagster.stores.notices import Channel

FILE = "file"
LOG_NAME = "notices.log"
_PATIENCE = "rto=4&cto=3"  # seconds to answer and to connect: a channel that hangs must not take a notice's 30 s

_TYPES = {Impact.CRITICAL: "failure", Impact.HIGH: "warning"}  # of Apprise: colour and picture


class ChannelError(MachineError):
    """A channel did not take a message; it may the next time."""

    failure_class = FailureClass.TRANSIENT


@dataclass(frozen=True, slots=True)
class Message:
    """One telling of a notice: its text twice, its line for a log, and its facts for machines. `name` is the same for the same telling."""

    name: str
    impact: Impact
    title: str
    plain: str
    markdown: str
    line: str
    facts: dict[str, Any]


def is_known(channel: Channel) -> bool:
    """Return whether a channel's URL can be used: `file:`, `file:///FOLDER`, or one that Apprise understands."""
    if channel.scheme == FILE:
        rest = channel.url.partition(":")[2]
        return rest == "" or (rest.startswith("///") and len(rest) > 3)
    return channel.scheme.isalpha() and "://" in channel.url and _plugin(channel) is not None


def send(channel: Channel, message: Message, *, folder: Path) -> None:
    """Send one message; raises ChannelError, which names the scheme only, if the channel does not take it.

    `folder` is where `file:` writes.
    """
    try:
        if channel.scheme == FILE:
            _write(_folder(channel, folder), message)
        elif not _notify(channel, message):
            raise ChannelError(f"{channel.scheme} did not take the notice")
    except ChannelError:
        raise
    except Exception as error:  # its text may hold the URL or an address
        raise ChannelError(f"{channel.scheme} failed: {type(error).__name__}") from None


def _folder(channel: Channel, default: Path) -> Path:
    path = unquote(urlsplit(channel.url).path)
    return Path(path) if path else default


def _write(folder: Path, message: Message) -> None:
    """Write the notice as JSON and a line for people; the JSON comes last, so that a telling with one is complete."""
    target = folder / f"{message.name}.json"
    if target.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOG_NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        os.write(descriptor, f"{message.line}\n".encode())  # one write, so that lines of several senders do not mix
    finally:
        os.close(descriptor)
    facts = {**message.facts, "title": message.title, "text": message.plain}
    write_atomically(target, msgspec.json.format(msgspec.json.encode(facts), indent=2) + b"\n")


def _notify(channel: Channel, message: Message) -> bool:
    plugin = _plugin(channel)
    if plugin is None:
        return False
    form = _apprise().NotifyFormat
    text_only = _preferred(plugin.notify_format) is form.TEXT
    return bool(
        plugin.notify(
            body=message.plain if text_only else message.markdown,
            title=message.title,
            notify_type=_TYPES.get(message.impact, "info"),
            body_format=form.TEXT if text_only else form.MARKDOWN,
        )
    )


def _preferred(formats: Any) -> Any:
    """Return the first of the formats that a plugin takes; some of Apprise's plugins name one, some several."""
    return formats[0] if isinstance(formats, tuple) else formats


def _plugin(channel: Channel) -> Any:
    """Return Apprise's plugin for a URL, or None if it understands none; its own log is shut, because it tells addresses."""
    patient = f"{channel.url}{'&' if '?' in channel.url else '?'}{_PATIENCE}"
    return _apprise().Apprise.instantiate(patient, suppress_exceptions=True)


@lru_cache(maxsize=1)
def _apprise() -> Any:
    """Return Apprise, imported when a policy first names a channel of its, because it takes half a second."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its own imports, of modules that Python will drop
        import apprise

        apprise.Apprise.instantiate("json://localhost")  # reads all its plugins
    logging.getLogger("apprise").addFilter(_no_record)  # `disabled` is undone by any dictConfig, such as uvicorn's
    return apprise


def _no_record(_: logging.LogRecord) -> bool:
    return False
