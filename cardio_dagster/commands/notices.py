"""`cardio notices`: what is open, one notice whole, taking care of it.

Belongs here: asking and laying out. Not here: what a notice is (stores/notices/), or sending (escalation/).
"""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.text import Text

from cardio_dagster.commands.installation import open_database, open_ledger
from cardio_dagster.commands.notices_layout import NARROW, STYLES, as_lines, as_table, standing
from cardio_dagster.settings import Settings

if TYPE_CHECKING:
    from cardio_dagster.stores.notices import Notice, NoticeStore


def list_notices(settings: Settings, *, study_id: str | None = None, as_json: bool = False) -> int:
    """Print the open notices, the gravest and oldest first, or all of one study; return 0."""
    store = _store(settings)
    found = store.of_study(study_id) if study_id else store.open()
    if as_json:
        _write_json(found)
        return 0
    console = Console(markup=False)
    if not found:
        console.print("No notice of this study." if study_id else "No notice is open.")
    elif console.width < NARROW:
        for notice in found:
            console.print(as_lines(notice), soft_wrap=True)
    else:
        console.print(as_table(found))
    return 0


def show_notice(settings: Settings, notice_id: str, *, as_json: bool = False) -> int:
    """Print one notice with what to do and who was told; raises NoticeError for an id that there is not."""
    from cardio_dagster.escalation.answering import find
    from cardio_dagster.escalation.text import about, link_of
    from cardio_dagster.escalation.words_of_codes import safe, words_of

    store = _store(settings)
    notice = find(store, notice_id)
    if as_json:
        _write_json((notice,))
        return 0
    console = Console(markup=False)
    console.print(Text(f"{notice.impact.value.upper()}  {about(notice)}", style=STYLES[notice.impact.value]))
    for told in notice.causes:
        what, cure = words_of(told.code)
        console.print(
            f"- {what} ({safe(told.code)}{f', {told.count} times' if told.count > 1 else ''})", highlight=False
        )
        console.print(f"  {cure.replace('STUDY', notice.study_id or 'STUDY')}", style="dim", highlight=False)
    joined = store.joined(notice.notice_id)
    facts = {
        "Notice": notice.notice_id,
        "Raised": notice.raised_at,
        "State": standing(notice),
        "Report": link_of(notice, settings.report_url),
        "Told by": notice.joined_to,
        "Met also by": ", ".join(n.study_id or "" for n in joined) or None,
    }
    for name, value in facts.items():
        if value:
            console.print(f"{name:>12}: {value}", highlight=False, soft_wrap=True)
    return 0


def acknowledge_notice(settings: Settings, notice_id: str, *, by: str, role: str) -> int:
    """Note who takes care of a notice and print how it stands; idempotent, NoticeError for a wrong id or role."""
    from cardio_dagster.escalation.answering import acknowledge
    from cardio_dagster.escalation.policy import policy_in_force

    ledger = open_ledger(settings)
    policy, _, _ = policy_in_force(settings.escalation_file, check_channels=False)
    notice, count = acknowledge(ledger.engine, ledger, policy, notice_id, by=by, role=role, now=datetime.now(UTC))
    said = "" if count else "It was acknowledged before. "
    more = f" and {count - 1} joined to it" if count > 1 else ""
    Console(markup=False).print(
        f"{said}Notice {notice.notice_id}{more}: {standing(notice)}", highlight=False, soft_wrap=True
    )
    return 0


def _store(settings: Settings) -> "NoticeStore":
    from cardio_dagster.stores.notices import NoticeStore

    return NoticeStore(open_database(settings))


def _write_json(found: "tuple[Notice, ...]") -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
