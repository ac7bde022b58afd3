"""sections: the gravest first, nothing lost, and every line of the basis from the report itself."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.finding import Grade
from cardio_dagster.reporting.pages.sentences import sections
from cardio_dagster.statement import Quote, QuoteKind
from cardio_dagster_tests.reporting import samples

FULL = samples.full()


def with_statements(*statements):
    return replace(FULL, written=replace(FULL.written, statements=statements))


def test_sections_and_their_sentences_stand_the_gravest_first():
    found = sections(with_statements(*reversed(samples.statements())))
    assert [s.name for s in found] == ["fusion", "echo", "ecg", "scores"]
    assert [s.statement.statement_id for s in found[2].sentences] == ["s02", "s04"]


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(6)), st.lists(st.sampled_from(list(Grade)), min_size=6, max_size=6))
def test_no_sentence_is_lost_and_no_section_appears_twice(order, grades):
    given_ones = [replace(samples.statements()[i], grade=grade) for i, grade in zip(order, grades, strict=True)]
    found = sections(with_statements(*given_ones))
    assert sorted(s.statement.statement_id for part in found for s in part.sentences) == [f"s0{n}" for n in range(1, 7)]
    assert len({part.name for part in found}) == len(found)


def test_the_pieces_are_the_text_and_measured_values_are_marked():
    (part,) = sections(with_statements(samples.statements()[2]))
    pieces = part.sentences[0].pieces
    assert "".join(text for text, _ in pieces) == samples.statements()[2].text
    assert [text for text, marked in pieces if marked] == ["44.6"]  # the bounds 52 and 72 are not


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 12)), max_size=8))
def test_whatever_the_quotes_say_the_text_stays_whole(places):
    statement = samples.statements()[2]
    quotes = tuple(Quote(statement.text[a : a + n], a, QuoteKind.MEASUREMENT, "lvef_pct") for a, n in places)
    (part,) = sections(with_statements(replace(statement, quotes=quotes)))
    assert "".join(text for text, _ in part.sentences[0].pieces) == statement.text


def test_a_quote_at_the_wrong_place_is_not_marked():
    wrong = Quote("44.6", 0, QuoteKind.MEASUREMENT, "lvef_pct")
    (part,) = sections(with_statements(replace(samples.statements()[2], quotes=(wrong,))))
    assert part.sentences[0].pieces == ((samples.statements()[2].text, False),)


def test_the_basis_names_value_range_method_place_recording_and_rule_once():
    (part,) = sections(with_statements(samples.statements()[2]))
    assert part.sentences[0].basis == (
        "LV ejection fraction: 44.6 %; range 52\N{EN DASH}72; method of discs, single plane A4C; frames 3 and 17; recording r02",
        "Rule: echo.lvef ASE/EACVI 2015",
    )


def test_a_score_is_its_own_basis_and_an_unknown_name_gives_none():
    risk = samples.statements()[5]
    (part,) = sections(with_statements(risk))
    assert part.sentences[0].basis[0].startswith("PREVENT, 10-year cardiovascular disease: 14.7 %; Khan")
    unknown = replace(risk, quotes=(replace(risk.quotes[0], name="nothing"),))
    assert sections(with_statements(unknown))[0].sentences[0].basis == ()


def test_a_value_of_the_named_recording_is_preferred():
    other = replace(next(m for m in FULL.measurements if m.name == "lvef_pct"), value=30.0, recording_id="r09")
    report = replace(FULL, measurements=(other, *FULL.measurements))
    echo = next(s for s in sections(report) if s.name == "echo")
    assert echo.sentences[0].basis[0].startswith("LV ejection fraction: 44.6 %")
