"""Planting errors into a draft, as a careless or a hostile writer would.

Each planter takes a sentence and a random generator and returns the sentence with one error, its quotes moved along so
that only the content is wrong, or None where it finds nothing to change.
"""

import re
from dataclasses import replace

from cardio_dagster.statement import QuoteKind

SWAPS = {
    "above": "below", "below": "above", "within": "above", "outside": "within", "short": "prolonged", "prolonged": "short",
    "mildly": "severely", "severely": "mildly", "moderately": "mildly", "wide": "narrow", "bradycardia": "tachycardia",
    "tachycardia": "bradycardia", "normal": "reduced", "low": "high", "high": "low", "intermediate": "low", "elevation": "depression",
}  # fmt: skip


def with_text_at(statement, quote, text):
    """Return the statement with the number of a quote replaced, all places moved along: the quote claims the new number."""
    by = len(text) - len(quote.text)
    body = statement.text[: quote.start] + text + statement.text[quote.start + len(quote.text) :]
    moved = tuple(
        replace(q, text=text) if q is quote else replace(q, start=q.start + by * (q.start > quote.start))
        for q in statement.quotes
    )
    return replace(statement, text=body, quotes=moved)


def digit(text, rng):
    at = rng.choice([i for i, c in enumerate(text) if c.isdigit()])
    return text[:at] + rng.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :]


def swapped(text, rng):
    at = [i for i in range(len(text) - 1) if text[i].isdigit() and text[i + 1].isdigit() and text[i] != text[i + 1]]
    if not at:
        return digit(text, rng)
    i = rng.choice(at)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def moved_point(text, rng):
    if "." in text:
        whole, _, rest = text.partition(".")
        return whole + rest if rng.random() < 0.5 else f"{whole}{rest[0]}.{rest[1:] or '0'}"
    return f"{text}0" if len(text) == 1 else f"{text[:-1]}.{text[-1]}"


def sign(text, rng):
    return text[1:] if text[0] in "-+" else f"-{text}"


NUMBERS = (digit, swapped, moved_point, sign)


def is_wrong(old, new):
    """Return whether the number is another one, not the same with a zero more."""
    return float(old) != float(new)


def wrong_number(statements, rng):
    """Return the draft with one wrong number whose quote claims it too, and the sentence's place; the number always differs."""
    while True:
        n = rng.choice([i for i, s in enumerate(statements) if s.quotes])
        quote = rng.choice(statements[n].quotes)
        text = rng.choice(NUMBERS)(quote.text, rng)
        if is_wrong(quote.text, text):
            return put(statements, n, with_text_at(statements[n], quote, text))


def other_value(statements, rng):
    """Return the draft with a number exchanged for that of another measurement, the quote claiming the other's name as well."""
    known = [q for s in statements for q in s.quotes if q.kind is QuoteKind.MEASUREMENT]
    while True:
        n = rng.choice([i for i, s in enumerate(statements) if any(q.kind is QuoteKind.MEASUREMENT for q in s.quotes)])
        quote = rng.choice([q for q in statements[n].quotes if q.kind is QuoteKind.MEASUREMENT])
        other = rng.choice([k for k in known if (k.name, k.recording_id) != (quote.name, quote.recording_id)])
        if not is_wrong(quote.text, other.text):
            continue
        claimed = replace(quote, name=other.name, recording_id=other.recording_id)
        renamed = replace(statements[n], quotes=tuple(claimed if q is quote else q for q in statements[n].quotes))
        return put(statements, n, with_text_at(renamed, claimed, other.text))


def turned_word(statements, rng):
    """Return the draft with one word of direction or grade turned round, its numbers left as they are."""
    pattern = re.compile(rf"\b({'|'.join(SWAPS)})\b")
    places = [(i, m) for i, s in enumerate(statements) if s.findings for m in pattern.finditer(s.text)]
    n, match = rng.choice(places)
    return put(statements, n, with_word(statements[n], match, SWAPS[match[1]]))


def with_word(statement, match, word):
    """Return the statement with the matched word replaced and its quotes moved along."""
    by = len(word) - len(match[0])
    text = statement.text[: match.start()] + word + statement.text[match.end() :]
    return replace(
        statement,
        text=text,
        quotes=tuple(replace(q, start=q.start + by * (q.start > match.start())) for q in statement.quotes),
    )


def put(statements, n, statement):
    """Return the draft with the sentence at `n` replaced."""
    return (*statements[:n], statement, *statements[n + 1 :])
