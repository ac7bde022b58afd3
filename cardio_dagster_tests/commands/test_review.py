"""The arguments of `cardio review amend`; the commands themselves are run in defs/test_review.py."""

import pytest

from cardio_dagster.commands.review_amendments import amendments
from cardio_dagster.finding import Grade
from cardio_dagster.stores.review_words import Action, Amendment
from cardio_dagster.stores.reviews import ReviewError


def test_each_argument_becomes_an_amendment():
    made = amendments(
        ["s03"],
        ["s04=Rate 70/min = normal."],
        ["echo=Seen.", "No section = all."],
        grade=["s04=normal", "a02=abnormal"],
        reason="Why.",
    )
    assert made == (
        Amendment(Action.WITHDRAW, "s03", None, "Why."),
        Amendment(Action.REPLACE, "s04", "Rate 70/min = normal.", "Why.", grade=Grade.NORMAL),
        Amendment(Action.ADD, "", "Seen.", "Why.", "echo"),
        Amendment(Action.ADD, "", "No section = all.", "Why.", grade=Grade.ABNORMAL),
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"replace": ["s04"]}, "s03=TEXT"),
        ({"grade": ["s04"]}, "s03=abnormal"),
        ({"replace": ["s04=x"], "grade": ["s04=bad"]}, "no grade 'bad'; there are: normal"),
        ({"withdraw": ["s04"], "grade": ["s04=normal"]}, "s04 has a grade and no new text"),
    ],
)
def test_what_is_not_in_its_form_is_refused_with_the_form(arguments, why):
    with pytest.raises(ReviewError, match=why):
        amendments(**{"withdraw": [], "replace": [], "add": [], "grade": [], "reason": "Why.", **arguments})
