"""SIGKILL in each of the ten states: the quick form, three studies killed again and again."""

import pytest

from cardio_dagster_tests.chaos.experiments.kills import STATES, kill_in_a_row, repeated
from cardio_dagster_tests.chaos.worker import Told, Worker


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_studies_survive_a_kill_in_every_state(bench):
    seen = kill_in_a_row(bench, 1)
    assert seen.faults == ()
    assert int(seen.figures.split()[2]) >= len(STATES) - 3, f"too few kills hit their state: {seen.figures}"


def told(*pairs):
    return Worker(None, [Told(0.0, kind, text) for kind, text in pairs])


def test_a_verb_called_after_its_checkpoint_was_kept_counts_as_repeated():
    first = told(("verb", "VALIDATION/ecg"), ("saved", "VALIDATION/ecg"), ("verb", "DETECTION/ecg"))
    assert repeated([first, told(("verb", "DETECTION/ecg"))]) == []
    assert repeated([first, told(("verb", "VALIDATION/ecg"))]) == ["VALIDATION/ecg"]


def test_a_state_of_several_steps_lasts_from_its_first_to_the_next_state():
    worker = told()
    worker.told = [Told(t, "state", s) for t, s in ((0, "INIT"), (1, "FUSION"), (2, "FUSION"), (5, "SCORING"))]
    worker.told.append(Told(6, "end", "PIPELINE_SUCCESS"))
    assert worker.durations_s() == {"INIT": 1, "FUSION": 4, "SCORING": 1}
