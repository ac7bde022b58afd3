"""The timetable of docs/operations.md is that of the definitions, and nothing of the night runs into the next."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from cardio_dagster.definitions import build_definitions
from cardio_dagster.defs.backfill import CHUNK_MINUTES, NIGHTLY_MINUTES
from cardio_dagster.errors import SettingsError
from cardio_dagster.orchestration.queues import queue_of_tags
from cardio_dagster.settings import Settings, settings

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
WEEKDAYS = {"Sunday": "0"}
NIGHT_S = 8 * 3600
LEAST_APART_S = 30 * 60


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return build_definitions(Settings(data_dir=tmp_path_factory.mktemp("data"))).get_repository_def()


def cron_of(told):
    """Return the cron line of a time as the page tells it: `01:30 daily`, `04:30 on the 1st`, `05:30 on Sunday`."""
    hour, minute, when = re.fullmatch(r"(\d\d):(\d\d) (.*)", told).groups()
    day = "1" if when == "on the 1st" else "*"
    weekday = next((number for name, number in WEEKDAYS.items() if when == f"on {name}"), "*")
    assert when == "daily" or (day, weekday) != ("*", "*"), told
    return f"{int(minute)} {int(hour)} {day} * {weekday}"


def test_the_page_tells_every_schedule_as_it_is(repository):
    rows = re.findall(r"^\| (\d\d:\d\d[^|]*) \| `(\w+)` \| `(\w+)` \| (\w+) \|", PAGE.read_text(), flags=re.MULTILINE)
    told = {name: (cron_of(at), job, queue) for at, name, job, queue in rows}
    found = {
        s.name: (s.cron_schedule, s.job_name, queue_of_job(repository, s.job_name)) for s in repository.schedule_defs
    }
    assert told == found


def queue_of_job(repository, name):
    return queue_of_tags(repository.get_job(name).tags, name)


def test_all_times_are_utc(repository):
    assert {s.execution_timezone or "UTC" for s in repository.schedule_defs} == {"UTC"}


def test_two_schedules_never_begin_within_half_an_hour_of_each_other(repository):
    began = sorted(
        (moment.timestamp(), schedule.name)
        for schedule in repository.schedule_defs
        for moment in moments(schedule, days=62)
    )
    apart = [(later - earlier, one, other) for (earlier, one), (later, other) in pairwise(began)]
    assert len(began) > 4 * 60
    assert min(apart)[0] >= LEAST_APART_S, min(apart)


def moments(schedule, *, days):
    begin = 1_767_225_600.0  # 1 January 2026, UTC: two months with a first of the month on a Sunday
    for moment in schedule_execution_time_iterator(begin, schedule.cron_schedule, "UTC", ascending=True):
        if moment.timestamp() >= begin + days * 86_400:
            return
        yield moment


def test_the_nightly_backfill_ends_before_the_evaluation_begins(repository):
    crons = {s.name: s.cron_schedule.split() for s in repository.schedule_defs}
    minutes = {name: 60 * int(hour) + int(minute) for name, (minute, hour, *_) in crons.items()}
    longest = NIGHTLY_MINUTES + CHUNK_MINUTES
    assert minutes["backfill_nightly"] + longest <= minutes["evaluation_nightly"]


@pytest.mark.parametrize("cron", ["at night", "30 1 * *", "30 1 * * * *", ""])
def test_a_time_of_the_backfill_that_is_none_is_refused(monkeypatch, cron):
    monkeypatch.setenv("CARDIO_BACKFILL_CRON", cron)
    settings.cache_clear()
    with pytest.raises(SettingsError, match="CARDIO_BACKFILL_CRON"):
        settings()
    settings.cache_clear()
