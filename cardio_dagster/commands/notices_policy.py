"""`cardio notices policy` and `cardio notices try`: who is told, and whether the channels take it.

Belongs here: showing and trying what the escalation file says. Not here: reading it (escalation/policy.py).
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from cardio_dagster.settings import Settings

if TYPE_CHECKING:
    from cardio_dagster.escalation.channels import Message

ERROR_EXIT = 2


def show_policy(settings: Settings) -> int:
    """Print who is told of what, through which kinds of channel and how soon; raises SettingsError naming each fault."""
    from cardio_dagster.escalation.policy import load_policy
    from cardio_dagster.escalation.text import in_words
    from cardio_dagster.stores.notices import Audience

    policy = load_policy(settings.escalation_file)
    table = Table(title="Who is told, and how long each has to answer", box=None, title_justify="left")
    for column in ("audience", "role", "channels", *(i.value for i in policy.waiting)):
        table.add_column(column)
    for audience in Audience:
        for level, role in enumerate(policy.chains[audience]):
            schemes = ", ".join(c.scheme for c in policy.channels[role])
            waits = [policy.within_s(impact, level) for impact in policy.waiting]
            table.add_row(audience.value, role, schemes, *("no answer" if w is None else in_words(w) for w in waits))
    Console(markup=False).print(table)
    return 0


def try_channels(settings: Settings, role: str) -> int:
    """Send a trial through every channel of a role and print which took it; return 2 if one did not."""
    from cardio_dagster.escalation.answering import NoticeError
    from cardio_dagster.escalation.channels import ChannelError, send
    from cardio_dagster.escalation.policy import load_policy

    policy = load_policy(settings.escalation_file)
    if role not in policy.channels:
        raise NoticeError(f"the policy names no such role; it names {', '.join(sorted(policy.channels))}")
    failed, console = 0, Console(markup=False)
    for place, channel in enumerate(policy.channels[role], start=1):
        message = _trial(role, place)
        try:
            send(channel, message, folder=settings.notices_dir)
        except ChannelError as error:
            failed += 1
            console.print(f"{role} {place}: {error}", style="red", highlight=False)
        else:
            console.print(f"{role} {place}: {channel.scheme} took it", highlight=False)
    return ERROR_EXIT if failed else 0


def _trial(role: str, place: int) -> "Message":
    from cardio_dagster.escalation.channels import Message
    from cardio_dagster.outcome import Impact

    text = f"Trial of channel {place} of {role.replace('_', ' ')}. Nothing has happened, nobody need answer."
    now = datetime.now(UTC)
    name = f"trial-{role}-{place}-{now.strftime('%Y%m%dT%H%M%S%f')}"
    facts = {"trial": True, "role": role, "raised_at": now.isoformat(timespec="milliseconds")}
    return Message(name, Impact.LOW, "Trial notice", text, text, f"{facts['raised_at']} TRIAL to={role}", facts)
