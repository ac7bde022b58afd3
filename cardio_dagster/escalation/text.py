"""What a notice says: for a telephone's screen at three in the morning, for Slack, for a log and for machines.

Belongs here: the layout. Not here: the words of a code (words_of_codes.py). Nothing in it identifies a patient: the
study's pseudonym, codes, fixed sentences and a link.
"""

from datetime import datetime

from cardio_dagster.escalation.channels import Message
from cardio_dagster.escalation.words_of_codes import safe, words_of
from cardio_dagster.stores.notices import Audience, Delivery, Notice, Policy, Told

_LISTED = 6  # more causes are counted
_SIGNS = {"critical": "‼", "high": "!", "medium": "·", "low": "·"}
_NEVER = "Research use, not a medical device."


def message_of(delivery: Delivery, policy: Policy, *, report_url: str | None, joined: int = 0) -> Message:
    """Return the message of one telling. `joined` is how many further studies met the same failure."""
    notice = delivery.notice
    again = delivery.level > 0
    lines = _lines(delivery, policy, link=link_of(notice, report_url), joined=joined)
    title = f"{_SIGNS[notice.impact.value]} {notice.impact.value.upper()}{' (again)' * again}: {words_of(notice.causes[0].code)[0]}"
    return Message(
        name=f"{notice.notice_id}-{delivery.level}",
        impact=notice.impact,
        title=title,
        plain="\n".join(_plain(lines)),
        markdown="\n".join(_markdown(lines)),
        line=_log_line(delivery),
        facts=_facts(delivery, link_of(notice, report_url), joined),
    )


def link_of(notice: Notice, report_url: str | None) -> str | None:
    """Return the address of the report's page; None without a study or where reports are not served."""
    if report_url is None or notice.study_id is None:
        return None
    return f"{report_url.rstrip('/')}/{notice.study_id}/r{notice.revision}/report.html"


def about(notice: Notice) -> str:
    """Return what a notice is about: the study by its pseudonym, or the part of the machine."""
    if notice.study_id is None:
        return notice.subject or "this installation"
    urgent = f", {notice.priority.upper()}" if notice.priority in {"stat", "urgent"} else ""
    later = f" revision {notice.revision}" if (notice.revision or 1) > 1 else ""
    return f"study {notice.study_id}{later}{urgent}"


def _lines(delivery: Delivery, policy: Policy, *, link: str | None, joined: int) -> list[tuple[str, str]]:
    """Return (kind, text) of each line; the kinds are heading, item, text, code, link."""
    notice = delivery.notice
    steps = dict.fromkeys(words_of(t.code)[1] for t in notice.causes)
    more = len(notice.causes) - _LISTED
    return [
        ("heading", about(notice).capitalize() if notice.study_id is None else f"S{about(notice)[1:]}"),
        *(("item", _item(told)) for told in notice.causes[:_LISTED]),
        *([("item", f"and {more} more")] if more > 0 else []),
        *([("text", f"{joined} further {'study has' if joined == 1 else 'studies have'} met the same.")] if joined else []),
        *(("text", f"→ {step.replace('STUDY', notice.study_id or 'STUDY')}") for step in list(steps)[:3]),
        *([("link", link)] if link and notice.audience is Audience.CLINICAL else []),
        *_answer(delivery, policy),
        *([("text", f"Sent this way because these failed: {', '.join(delivery.failed)}.")] if delivery.failed else []),
        ("text", _NEVER),
    ]  # fmt: skip


def _item(told: Told) -> str:
    times = f" ({told.count} times)" if told.count > 1 else ""
    return f"{words_of(told.code)[0]}{times} [{safe(told.code)}]"


def _answer(delivery: Delivery, policy: Policy) -> list[tuple[str, str]]:
    notice = delivery.notice
    within_s = policy.within_s(notice.impact, delivery.level)
    if within_s is None:
        return []
    following = policy.role(notice.audience, delivery.level + 1)
    last = delivery.level >= policy.last_level(notice.audience, notice.impact)
    then = "nobody else is told" if last else f"it is repeated to {_role(following)}" if following == delivery.role else f"it goes to {_role(following)}"  # fmt: skip
    return [
        ("text", f"To {_role(delivery.role)}. Answer within {in_words(within_s)}, or {then}:"),
        ("code", f"cardio notices ack {notice.notice_id[:8]} --by NAME --role {delivery.role}"),
    ]


def _role(name: str) -> str:
    return name.replace("_", " ")


def in_words(seconds: float) -> str:
    """Return a span as minutes, from 90 on as hours."""
    minutes = seconds / 60
    return f"{minutes:g} min" if minutes < 90 else f"{minutes / 60:g} h"


def _plain(lines: list[tuple[str, str]]) -> list[str]:
    forms = {"heading": "{}", "item": "- {}", "text": "{}", "code": "{}", "link": "Report: {}"}
    return [forms[kind].format(text) for kind, text in lines]


def _markdown(lines: list[tuple[str, str]]) -> list[str]:
    """Return Markdown that Slack, Teams and mail all show: a blank line between blocks, code in back quotes."""
    forms = {"heading": "**{}**\n", "item": "- {}", "text": "\n{}", "code": "\n`{}`", "link": "\nReport: [{0}]({0})"}
    return [forms[kind].format(text) for kind, text in lines]


def _log_line(delivery: Delivery) -> str:
    notice = delivery.notice
    codes = ",".join(safe(t.code) for t in notice.causes)
    failed = f" failed={','.join(delivery.failed)}" if delivery.failed else ""
    what = f"study={notice.study_id} revision={notice.revision}" if notice.study_id else f"about={notice.subject!r}"
    due = datetime.fromisoformat(notice.due_at).strftime("%Y-%m-%dT%H:%MZ") if notice.due_at else "-"
    return f"{delivery.queued_at} {notice.impact.value.upper()} to={delivery.role} level={delivery.level} {what} codes={codes} notice={notice.notice_id} due={due}{failed}"


def _facts(delivery: Delivery, link: str | None, joined: int) -> dict[str, object]:
    notice = delivery.notice
    return {
        "notice_id": notice.notice_id,
        "level": delivery.level,
        "role": delivery.role,
        "audience": notice.audience.value,
        "impact": notice.impact.value,
        "study_id": notice.study_id,
        "revision": notice.revision,
        "priority": notice.priority,
        "subject": notice.subject,
        "causes": [{"code": safe(t.code), "impact": t.impact.value, "count": t.count} for t in notice.causes],
        "raised_at": notice.raised_at,
        "answer_until": notice.due_at,
        "joined_studies": joined,
        "failed_channels": list(delivery.failed),
        "report": link,
    }
