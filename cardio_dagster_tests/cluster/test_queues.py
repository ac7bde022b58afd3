"""Which queue a run goes into, where it moves, and in which order a worker looks."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.orchestration.queue_order import PASSED_OVER, StatFirst
from cardio_dagster.orchestration.queues import QUEUES, moved_up, queue_of, queue_of_tags, tags_of
from cardio_dagster.serve.worker import QUEUES as QUEUES_OF_WORKER
from cardio_dagster.serve.worker_sets import ALL
from cardio_dagster.study import Priority


def test_a_study_goes_into_the_queue_of_its_priority():
    assert [queue_of(p) for p in Priority] == ["stat", "urgent", "routine", "backfill"]
    assert queue_of(None) == queue_of("no such word") == "routine"


@pytest.mark.parametrize(
    ("job", "queue"),
    [
        ("evaluation_job", "evaluation"),
        ("nightly_evaluation", "evaluation"),
        ("backfill_studies", "backfill"),
        ("escalation_job", "notifications"),
        ("bulk", "routine"),
        ("cohort_job", "routine"),
        ("review_release", "urgent"),
    ],
)
def test_upkeep_goes_into_the_queue_of_its_content(job, queue):
    assert queue_of(None, job) == queue


def test_a_flood_is_routine_and_a_mass_of_old_studies_is_backfill():
    assert tags_of("routine", "bulk")["dagster-celery/queue"] == "routine"
    assert tags_of("backfill", "bulk") == {
        "dagster-celery/queue": "backfill",
        "dagster/priority": "-10",
        "cardio/long": "true",
    }
    assert "cardio/long" not in tags_of("stat", "study")


def test_what_the_ui_launches_as_a_backfill_goes_there():
    assert queue_of_tags({"dagster/backfill": "x", "dagster/partition": "s"}, "__ASSET_JOB") == "backfill"
    assert queue_of_tags({}, "__ASSET_JOB") == "routine"
    assert queue_of_tags({"cardio/priority": "stat"}, "study") == "stat"
    assert queue_of_tags({"dagster-celery/queue": "urgent", "cardio/priority": "stat"}, "study") == "urgent"
    assert queue_of_tags({"dagster-celery/queue": "no such queue"}, "study") == "routine"


@given(queue=st.sampled_from(QUEUES), job=st.sampled_from(["study", "bulk", "evaluation_job"]))
def test_nothing_ever_moves_into_stat_and_no_long_run_into_urgent(queue, job):
    seen = [queue]
    while (above := moved_up(seen[-1], job)) is not None:
        seen.append(above)
    assert len(seen) == len(set(seen))  # it ends
    assert "stat" not in seen[1:]
    assert job == "study" or "urgent" not in seen[1:]


def test_all_lists_of_queues_agree():
    assert QUEUES_OF_WORKER == QUEUES
    assert set(ALL) == set(QUEUES)


@given(seed=st.integers(0, 10**6), queues=st.sets(st.sampled_from(QUEUES), min_size=2))
def test_stat_is_never_passed_over_and_no_other_for_ever(seed, queues):
    rng, order = random.Random(seed), StatFirst()
    order.update(sorted(queues, key=lambda _: rng.random()))
    others = len(queues - {"stat"})
    waits = dict.fromkeys(queues, 0)
    for _ in range(300):
        filled = {q for q in queues if rng.random() < 0.7}
        looked = order.consume(len(queues))
        assert sorted(looked) == sorted(queues)
        taken = next((q for q in looked if q in filled), None)
        if taken is None:
            continue
        order.rotate(taken)
        if "stat" in filled:
            assert taken == "stat"
            continue
        for queue in filled - {taken}:
            waits[queue] += 1
            assert waits[queue] <= PASSED_OVER + others + 1
        waits[taken] = 0
        for queue in queues - filled:
            waits[queue] = 0


def test_without_need_the_order_is_that_of_urgency():
    order = StatFirst(["backfill", "routine", "stat", "urgent"])
    assert order.consume(4) == ["stat", "urgent", "routine", "backfill"]
    for _ in range(PASSED_OVER):
        order.rotate("urgent")
    assert order.consume(4) == ["stat", "routine", "backfill", "urgent"]
    order.rotate("routine")
    assert order.consume(4)[:2] == ["stat", "backfill"]
