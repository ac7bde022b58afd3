"""The search finds what answers a question, supports a finding by nothing else, and gives one answer to one question."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import CardioError
from cardio_dagster.evidence.corpus import load_passages, supports
from cardio_dagster.evidence.index import build_index
from cardio_dagster.evidence.search import Searcher
from cardio_dagster.evidence.words import PHRASES, SYNONYMS, words
from cardio_dagster_tests.evidence.relevance import FINDINGS, RELEVANT

PASSAGES = load_passages()
SEARCHER = Searcher(PASSAGES, build_index(PASSAGES))
HIT_AT_1, HIT_AT_3 = 0.83, 0.95  # measured 0.846 and 0.969; raise them with the search, never lower them


def ids(query, **options):
    return [passage.passage_id for passage, _ in SEARCHER.search(query, **options)]


def test_the_expected_passage_is_the_first_or_among_three(record_property):
    first = sum(ids(query, k=1) == [wanted] for query, wanted in RELEVANT) / len(RELEVANT)
    third = sum(wanted in ids(query, k=3) for query, wanted in RELEVANT) / len(RELEVANT)
    record_property("hit_at_1", first)
    record_property("hit_at_3", third)
    print(f"{len(RELEVANT)} questions: hit@1 {first:.3f}, hit@3 {third:.3f}")  # noqa: T201 - shown by pytest -s
    assert first >= HIT_AT_1
    assert third >= HIT_AT_3


@pytest.mark.parametrize("wanted", [wanted for _, wanted in RELEVANT])
def test_every_expected_passage_exists(wanted):
    assert wanted in SEARCHER.passages


@pytest.mark.parametrize(("text", "code", "wanted"), FINDINGS)
def test_the_text_of_a_finding_with_its_code_finds_its_passage(text, code, wanted):
    found = SEARCHER.search(text, k=2, topics=(code,))
    assert found[0][0].passage_id == wanted
    assert all(supports(passage, code) for passage, _ in found)


def test_topics_leave_out_what_may_not_support_them_however_well_it_fits():
    assert ids("atrial fibrillation", k=1) != ids("atrial fibrillation", k=1, topics=("LVEF_NORMAL",))
    for passage, _ in SEARCHER.search("atrial fibrillation", k=50, topics=("LVEF_NORMAL", "h2fpef")):
        assert supports(passage, "LVEF_NORMAL") or supports(passage, "h2fpef")


def test_a_finding_finds_its_passage_even_in_words_that_no_note_has():
    assert SEARCHER.search("zzz", topics=("summary_tier",)) == ((SEARCHER.passages["risk-scores#summary-tier"], 0.0),)
    assert SEARCHER.search("zzz") == ()
    assert SEARCHER.search("", topics=("NO_SUCH_CODE",)) == ()


@pytest.mark.parametrize(("one", "other"), [
    ("LVEF", "left ventricular ejection fraction"), ("AF", "atrial fibrillation"), ("LBBB", "left bundle branch block"),
    ("QTc", "corrected QT"), ("heart attack", "myocardial infarction"), ("eGFR", "glomerular filtration rate"),
    ("LV dilatation", "enlarged left ventricle"), ("Ef_Ecg", "ejection-fraction electrocardiogram"),
])  # fmt: skip
def test_either_form_of_a_word_gets_the_same_answer(one, other):
    assert SEARCHER.search(one) == SEARCHER.search(other) != ()


def test_every_written_out_form_is_fixed_under_writing_out():
    """A synonym that is itself replaced would make notes and queries differ by the number of passes."""
    for form in (*SYNONYMS.values(), *PHRASES.values()):
        assert words(form) == words(" ".join(SYNONYMS.get(w, w) for w in form.split()))


def test_a_patients_value_does_not_choose_the_passage():
    assert SEARCHER.search("QTc 487 ms") == SEARCHER.search("QTc 500 ms") == SEARCHER.search("QTc 12.5 ms")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.sampled_from(["ef", "AF", "QTc", "septum", "12", "wall", "risk", "Überdruck", "\x00", "'"]), max_size=6
    ),
    st.integers(1, 100),
)
def test_answers_are_sorted_cut_and_repeatable_in_any_order_of_the_words(asked, k):
    answer = SEARCHER.search(" ".join(asked), k=k)
    keys = [(-score, passage.passage_id) for passage, score in answer]
    assert keys == sorted(keys)
    assert len(answer) <= k
    assert all(score > 0 for _, score in answer)
    assert SEARCHER.search(" ".join(reversed(asked)), k=k) == answer
    assert SEARCHER.search("  ".join(asked).upper(), k=k) == answer
    assert SEARCHER.search(" ".join(asked), k=k + 1)[:k] == answer


def test_ties_and_ranks_do_not_depend_on_the_order_of_the_passages():
    mixed = list(PASSAGES)
    random.Random(5).shuffle(mixed)
    other = Searcher(tuple(mixed), build_index(tuple(mixed)))
    for query, _ in RELEVANT:
        assert other.search(query) == SEARCHER.search(query)
        assert other.search(query, topics=("ECG_AFIB", "LVEF_NORMAL")) == SEARCHER.search(
            query, topics=("LVEF_NORMAL", "ECG_AFIB")
        )


def test_an_index_of_other_notes_and_a_senseless_k_are_refused():
    with pytest.raises(CardioError, match="other notes"):
        Searcher(PASSAGES[1:], build_index(PASSAGES))
    with pytest.raises(ValueError, match="at least 1"):
        SEARCHER.search("mitral", k=0)
