import threading
from fnmatch import fnmatchcase

import pytest

from cardio_dagster.evidence.retrieval import PASSAGES_EACH, gather_context, relevant
from cardio_dagster.evidence.tasks import TierOptions
from cardio_dagster.evidence.trend import PriorValue
from cardio_dagster.finding import Finding, Grade, Score
from cardio_dagster.fusion import Feature
from cardio_dagster.statement import Passage, TaskStatus
from cardio_dagster.study import Priority, Study

STUDY = Study("s-now", 1, "c" * 64, "2026-01-01T00:00:00+00:00", Priority.ROUTINE, ())
EF = Feature("lvef_pct", 60.0, None, "%", "echo", "r01")
BEFORE = PriorValue("s-1", "2025-01-01T00:00:00+00:00", "lvef_pct", 45.0)
OPTIONS = TierOptions(parallel_timeout_ms=10_000)
MODES = pytest.mark.parametrize("parallel", [True, False], ids=["parallel", "sequential"])


def passage(name, *topics):
    return Passage(name, name, f"text of {name}", ("ref doi:10.1/x",), topics, "0" * 64)


class Notes:
    """A stand-in for the index: passages in a given order, and what was asked."""

    def __init__(self, *passages, heeds_topics=True):
        self.passages, self.heeds_topics, self.asked = passages, heeds_topics, []

    def search(self, query, *, k=5, topics=()):
        self.asked.append((query, topics))
        meant = [p for p in self.passages if any(fnmatchcase(t, topic) for t in topics for topic in p.topics)]
        return tuple((p, 1.0) for p in (meant if self.heeds_topics else self.passages))[:k]


def finding(code, grade=Grade.ABNORMAL):
    return Finding(code, f"text {code}", grade, f"rule {code}")


def score(name):
    return Score(name, f"label {name}", 1.0, "1", (), "indications", "source")


def gather(findings=(), scores=(), features=(), *, searcher=None, priors=None, options=OPTIONS):
    return gather_context(STUDY, findings, scores, features, searcher=searcher, priors=priors, options=options)


def statuses(run):
    return {task.name: task.status for task in run.tasks}


@MODES
def test_the_three_tasks_fill_the_context(parallel):
    notes = Notes(passage("af", "ECG_AFIB"))
    options = TierOptions(enable_parallel_tier1=parallel, parallel_timeout_ms=10_000)
    context, run = gather([finding("ECG_AFIB")], (), [EF], searcher=notes, priors=lambda: (BEFORE,), options=options)
    assert [p.passage_id for p in context.passages] == ["af"]
    assert [t.name for t in context.trends] == ["lvef_pct"]
    assert {"cha2ds2_va", "has_bled"} <= {s.name for s in context.suggestions}
    assert context.notes == ()
    assert set(statuses(run).values()) == {TaskStatus.DONE}
    assert (run.tier, run.parallel) == ("tier1", parallel)


def test_both_modes_find_the_same():
    notes = Notes(passage("a", "ECG_*"), passage("b", "ECG_AFIB"), passage("c", "cha2ds2_*"))
    arguments = ([finding("ECG_AFIB"), finding("ECG_LBBB")], [score("cha2ds2_va")], [EF])
    found = [
        gather(
            *arguments, searcher=notes, priors=lambda: (BEFORE,), options=TierOptions(mode, parallel_timeout_ms=10_000)
        )
        for mode in (True, False)
    ]
    assert found[0][0] == found[1][0]


def test_the_best_of_each_comes_before_the_second_best_and_the_gravest_first():
    notes = Notes(
        passage("n1", "N_*"), passage("n2", "N_*"), passage("c1", "C_*"), passage("c2", "C_*"), passage("s1", "sc")
    )
    found = relevant([finding("N_1", Grade.NORMAL), finding("C_1", Grade.CRITICAL)], [score("sc")], notes)
    assert [p.passage_id for p in found] == ["c1", "n1", "s1", "c2", "n2"]


def test_a_passage_is_named_once_and_a_code_asked_once():
    notes = Notes(passage("a", "*"))
    assert len(relevant([finding("X"), finding("Y"), finding("X")], [score("sc")], notes)) == 1
    assert [topics for _, topics in notes.asked] == [("X",), ("Y",), ("sc",)]


def test_no_more_than_a_sentence_may_cite():
    notes = Notes(*(passage(f"p{i}", "X") for i in range(5)))
    assert len(relevant([finding("X")], (), notes)) == PASSAGES_EACH


def test_a_passage_on_something_else_is_not_taken_even_if_the_index_offers_it():
    notes = Notes(passage("other", "LVEF_*"), heeds_topics=False)
    assert relevant([finding("ECG_AFIB")], (), notes) == ()


def test_without_an_index_and_without_a_patient_the_context_says_so():
    context, run = gather([finding("ECG_AFIB")])
    assert context.passages == context.trends == ()
    assert context.suggestions
    assert context.notes == (
        "No evidence was looked up (disabled: no notes are indexed)",
        "Earlier studies were not looked at (disabled: it is not known whose study it is)",
    )
    assert statuses(run) == {
        "evidence": TaskStatus.DISABLED,
        "priors": TaskStatus.DISABLED,
        "suggestions": TaskStatus.DONE,
    }


@MODES
def test_a_lost_database_leaves_the_rest(parallel):
    def lost():
        raise ConnectionError("password=secret")

    options = TierOptions(enable_parallel_tier1=parallel, parallel_timeout_ms=10_000)
    context, _ = gather([finding("X")], searcher=Notes(passage("a", "X")), priors=lost, options=options)
    assert [p.passage_id for p in context.passages] == ["a"]
    assert context.notes == ("Earlier studies were not looked at (failed: ConnectionError)",)


@MODES
def test_a_search_that_hangs_leaves_the_rest(parallel):
    release = threading.Event()

    class Hanging:
        def search(self, query, *, k=5, topics=()):
            release.wait()
            return ()

    options = TierOptions(enable_parallel_tier1=parallel, parallel_timeout_ms=300)
    context, run = gather([finding("X")], (), [EF], searcher=Hanging(), priors=lambda: (BEFORE,), options=options)
    release.set()
    assert statuses(run)["evidence"] is TaskStatus.TIMED_OUT
    assert context.passages == ()
    assert context.trends
    assert context.notes == ("No evidence was looked up (timed out: not done in 300 ms)",)


def test_a_task_can_be_switched_off_by_name():
    options = TierOptions(parallel_timeout_ms=10_000, disabled=frozenset({"suggestions"}))
    context, _ = gather([finding("ECG_AFIB")], searcher=Notes(), priors=lambda: (), options=options)
    assert context.suggestions == ()
    assert context.notes == ("Further scores and measurements were not looked for (disabled: switched off)",)
