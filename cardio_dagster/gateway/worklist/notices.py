"""Notices as the pages tell them.

Belongs here: choosing and wording. Not here: their life (stores/notices/) or the words of a code (escalation/).
"""

from dataclasses import dataclass

from cardio_dagster.escalation.text import about
from cardio_dagster.escalation.words_of_codes import safe, words_of
from cardio_dagster.gateway.backend import Backend
from cardio_dagster.stores.access import Caller, Role
from cardio_dagster.stores.notices import Audience, Notice, NoticeStore
from cardio_dagster.stores.notices.words import WAITING

_LISTED = 20
_HERE = {"REPORT_HELD": "Open the study and decide on its report."}  # elsewhere the command line is named


@dataclass(frozen=True, slots=True)
class ToldNotice:
    """A notice with its causes in words: what, what to do, code."""

    notice: Notice
    about: str
    causes: tuple[tuple[str, str, str], ...]

    @property
    def is_open(self) -> bool:
        """Whether it waits for somebody."""
        return self.notice.state.value in WAITING


def waiting(backend: Backend, who: Caller) -> list[ToldNotice]:
    """Return the open notices that concern a caller, the gravest first: those of the machine only for who looks after it."""
    own = {Audience.CLINICAL} if who.role in {Role.REVIEWER, Role.READER} else set(Audience)
    found = (n for n in NoticeStore(backend.engine).open(limit=200) if n.audience in own)
    return [told(notice) for notice, _ in zip(found, range(_LISTED), strict=False)]


def told(notice: Notice) -> ToldNotice:
    """Return a notice in words."""
    causes = tuple((words_of(t.code)[0], _HERE.get(t.code, words_of(t.code)[1]), safe(t.code)) for t in notice.causes)
    return ToldNotice(notice, about(notice), causes)
