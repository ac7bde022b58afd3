"""The state diagram: ten states with their ids, and only the drawn transitions."""

import pytest

from cardio_dagster.outcome import TRANSITIONS, IllegalTransitionError, State, advance

PUBLISHED_IDS = {
    "INIT": 0,
    "RECEIPT": 1,
    "VALIDATION": 2,
    "PREPROCESSING": 3,
    "DETECTION": 4,
    "ANALYSIS": 5,
    "FUSION": 6,
    "SCORING": 7,
    "FORMATTING": 8,
    "COMPLETE": 9,
    "ERROR": -1,
}
DRAWN = [(n, n + 1) for n in range(9)] + [(n, -1) for n in range(9)]


def test_states_have_their_published_ids():
    assert {s.name: s.value for s in State} == PUBLISHED_IDS


@pytest.mark.parametrize("current", list(State), ids=lambda s: s.name)
@pytest.mark.parametrize("target", list(State), ids=lambda s: s.name)
def test_only_drawn_transitions_exist(current, target):
    if (current.value, target.value) in DRAWN:
        assert advance(current, target) is target
    else:
        with pytest.raises(IllegalTransitionError, match="allowed:"):
            advance(current, target)


def test_final_states_lead_nowhere():
    assert TRANSITIONS[State.COMPLETE] == TRANSITIONS[State.ERROR] == frozenset()
