"""What a notice says, and what it never says."""

import re
from dataclasses import replace

import pytest

from cardio_dagster.escalation.text import message_of
from cardio_dagster.outcome import Impact
from cardio_dagster.stores.notices import Audience, Cause, Delivery, Outbox
from cardio_dagster_tests.escalation.notices import DEFAULT, NOW, cause, failure, machine, raise_now

STUDY = "s-1f2e3d4c5b6a7980"


@pytest.fixture
def delivered(engine):
    def raised(*causes) -> Delivery:
        raise_now(engine, *causes)
        return Outbox(engine).claim(NOW)

    return raised


def message(delivery, **more):
    return message_of(delivery, DEFAULT, report_url=more.pop("report_url", "https://cardio.example/"), **more)


def test_a_critical_finding_at_three_in_the_morning(delivered):
    given = delivered(
        cause(study=STUDY, priority="stat", count=2), cause("REPORT_HELD", Impact.HIGH, study=STUDY, priority="stat")
    )
    made, notice_id = message(given), given.notice.notice_id
    assert made.title == "‼ CRITICAL: Ventricular tachycardia"
    assert made.plain.split("\n") == [
        f"Study {STUDY}, STAT",
        "- Ventricular tachycardia (2 times) [ECG_VT]",
        "- Report held for review [REPORT_HELD]",
        "→ Look at the patient now, then at the recording.",
        f"→ Decide on it: cardio review show {STUDY}.",
        f"Report: https://cardio.example/{STUDY}/r1/report.html",
        "To reader. Answer within 5 min, or it goes to senior reader:",
        f"cardio notices ack {notice_id[:8]} --by NAME --role reader",
        "Research use, not a medical device.",
    ]


def test_the_same_in_markdown_has_code_and_bold_and_no_other_words(delivered):
    made = message(delivered(cause(study=STUDY)))
    bare = re.sub(r"\[(.*?)\]\(\1\)", r"\1", made.markdown.replace("**", "").replace("`", ""))
    assert [line for line in bare.split("\n") if line] == made.plain.split("\n")
    assert "`cardio notices ack" in made.markdown


def test_lines_fit_a_telephone_and_the_whole_is_short(delivered):
    many = [cause(f"ECG_{i}", study=STUDY) for i in range(30)]
    made = message(delivered(*many))
    assert "- and 24 more" in made.plain
    assert len(made.title) <= 64  # a lock screen shows about so much
    assert len(made.plain) < 1000


def test_a_reminder_says_so_and_the_last_one_that_nobody_else_is_told(delivered):
    given = delivered(cause())
    again = message(replace(given, level=1, role="senior_reader"))
    assert again.title.startswith("‼ CRITICAL (again)")
    assert "it goes to head:" in again.plain
    assert "it is repeated to head:" in message(replace(given, level=2, role="head")).plain
    assert "nobody else is told:" in message(replace(given, level=5, role="head")).plain


def test_a_failed_channel_and_further_studies_are_told(delivered):
    made = message(replace(delivered(failure()), failed=("slack", "mailto")), joined=3)
    assert "Sent this way because these failed: slack, mailto." in made.plain
    assert "3 further studies have met the same." in made.plain
    assert made.line.endswith("failed=slack,mailto")


def test_no_link_without_an_address_and_none_for_the_operator(delivered):
    assert "Report:" not in message(delivered(cause()), report_url=None).plain
    assert "Report:" not in message(delivered(failure(study="s-9"))).plain


def test_a_cause_without_a_study_names_its_subject(delivered):
    made = message(delivered(machine("database")))
    assert made.plain.startswith("Database\n- A dependency is down, no new runs are started [BREAKER_OPEN]\n")
    assert made.facts["study_id"] is None


def test_a_code_that_is_none_is_not_repeated(delivered):
    jane = Cause("Doe, Jane *1950-01-01", Impact.CRITICAL, Audience.CLINICAL, STUDY, 1, "routine")
    made = message(delivered(jane))
    shown = f"{made.title}{made.plain}{made.markdown}{made.line}{made.facts}"
    assert "Jane" not in shown
    assert "1950" not in shown
    assert "[UNKNOWN]" in made.plain


def test_the_same_delivery_gives_the_same_message(delivered):
    given = delivered(cause())
    assert message(given) == message(given)
