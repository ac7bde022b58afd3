from dataclasses import replace

import pytest

from cardio_dagster.reporting.appraisal.citations import citation_faults, number_references, subjects
from cardio_dagster.statement import QuoteKind
from cardio_dagster_tests.reporting.appraisal.samples import (
    AF,
    AF_SENTENCE,
    CORPUS,
    EF,
    EF_SENTENCE,
    PLAIN_SENTENCE,
    SCORE_SENTENCE,
    STATEMENTS,
    quote,
    statement,
)


def test_works_are_numbered_in_the_order_in_which_the_text_cites_them():
    assert [(r.number, r.doi, r.passages) for r in number_references(STATEMENTS, CORPUS)] == [
        (1, "10.1093/eurheartj/ehae176", ("af#stroke",)),
        (2, "10.1016/j.echo.2014.10.003", ("chambers#ef",)),
        (3, None, ("chambers#ef",)),
    ]
    turned = number_references(STATEMENTS[::-1], CORPUS[::-1])
    assert turned[0].doi == "10.1093/eurheartj/ehae176"  # the score's sentence now comes first
    assert [r.doi for r in number_references((EF_SENTENCE, AF_SENTENCE), CORPUS)][-1] == "10.1093/eurheartj/ehae176"


def test_a_work_that_two_passages_lean_on_is_listed_once():
    spelt = replace(EF, references=("European Society of Cardiology 2024. doi:10.1093/EurHeartJ/ehae176.",))
    (only,) = number_references(STATEMENTS, (AF, spelt))
    assert only.text == AF.references[0]
    assert only.passages == ("af#stroke", "chambers#ef")


def test_what_nothing_cites_is_not_listed():
    assert number_references((PLAIN_SENTENCE,), CORPUS) == ()


def test_citations_that_hold_have_no_fault():
    assert citation_faults(STATEMENTS, CORPUS, CORPUS) == ()


@pytest.mark.parametrize(
    ("given", "corpus", "said"),
    [
        ((EF,), CORPUS, "was not found for this report"),
        (CORPUS, (EF,), "is not in the protocol notes"),
        ((replace(AF, text="On strokes."), EF), CORPUS, "differs from the protocol notes"),
        ((replace(AF, sha256="c" * 64), EF), CORPUS, "differs from the protocol notes"),
        ((replace(AF, references=("another",)), EF), CORPUS, "differs from the protocol notes"),
        ((replace(AF, topics=("*",)), EF), CORPUS, "differs from the protocol notes"),
    ],
)
def test_a_passage_that_is_gone_or_changed_is_a_fault(given, corpus, said):
    (fault,) = citation_faults((AF_SENTENCE, EF_SENTENCE), given, corpus)
    assert (fault.statement_id, fault.kind) == ("s01", "citation")
    assert said in fault.message


def test_a_passage_on_something_else_is_a_fault():
    (fault,) = citation_faults((replace(AF_SENTENCE, citations=("chambers#ef",)),), CORPUS, CORPUS)
    assert fault.message == "passage chambers#ef is not about ECG_AFIB"


def test_every_exchange_of_citations_is_caught():
    swapped = (
        replace(AF_SENTENCE, citations=EF_SENTENCE.citations),
        replace(EF_SENTENCE, citations=AF_SENTENCE.citations),
    )
    assert len(citation_faults(swapped, CORPUS, CORPUS)) == 2
    invented = [replace(s, citations=("no#such",)) for s in STATEMENTS]
    assert len(citation_faults(invented, CORPUS, CORPUS)) == len(STATEMENTS)


def test_a_sentence_is_about_its_findings_scores_and_measurements_not_about_the_numbers_of_a_rule():
    quotes = (
        quote(QuoteKind.MEASUREMENT, "lvef_pct"),
        quote(QuoteKind.RULE, "LVEF_NORMAL"),
        quote(QuoteKind.FACT, "dose"),
        quote(QuoteKind.SCORE, "h2fpef"),
    )
    assert subjects(statement(1, findings=("X",), quotes=quotes)) == ("X", "lvef_pct", "h2fpef")
    assert subjects(SCORE_SENTENCE) == ("cha2ds2_va",)
