"""The protocol notes as passages: a strict reader of the packaged notes and of a site's own.

Belongs here: the format of a note and what makes one wrong. Not here: finding a passage (index.py, search.py).

A note is a Markdown file that begins with TOML between two lines `+++`: `title`, and a table `[references]` of keys and complete
citations. Each `## Heading` begins a section with two lines, `topics:` (patterns of finding codes and names of scores and
measurements, with blanks between them) and `references:` (keys of the table), then its text.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import Any

from cardio_dagster.errors import CardioError
from cardio_dagster.statement import Passage

PACKAGED = Path(__file__).parent / "notes"
SITE = "site/"  # before the ids of a site's own passages
_FENCE, _KEYS, _LINES = "+++", {"title", "references"}, {"topics", "references"}
_DOI = re.compile(r"\bdoi:(10\.\d{4,9}/\S*[^\s.,;])")
_STEM, _LINE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*"), re.compile(r"([a-z]+):\s*(.*)")


_TOPIC_MIN = 3  # letters of a topic besides its wildcards


class NoteError(CardioError, ValueError):
    """A protocol note is not in the format; the message names note, section, what was seen and what is asked."""


def load_passages(site_dir: Path | None = None) -> tuple[Passage, ...]:
    """Return all passages in the order of their ids: those of the package, then a site's own.

    `site_dir` is a folder of notes (*.md, not below it); their ids begin with "site/". Raises NoteError where a note has an unknown
    or absent key, a section without topics, references or text, a reference that is not in its table or in no section, or where
    two sections share an id; and where `site_dir` is not a folder.
    """
    found = list(_read_folder(PACKAGED, prefix=""))
    if site_dir is not None:
        if not site_dir.is_dir():
            raise NoteError("the folder of the site's notes is not there; make it or unset the setting")
        found += _read_folder(site_dir, prefix=SITE)
    return tuple(found)


def corpus_sha256(passages: Iterable[Passage]) -> str:
    """Return the SHA-256 over ids and contents, in hex; the order of the passages does not matter."""
    lines = sorted(f"{p.passage_id} {p.sha256}\n" for p in passages)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def supports(passage: Passage, name: str) -> bool:
    """Return whether a passage may support a finding code or the name of a score or measurement; upper and lower case differ.

    >>> passage = Passage("n#s", "t", "x", ("r",), ("LVEF_*", "cha2ds2_va"), "")
    >>> supports(passage, "LVEF_NORMAL"), supports(passage, "cha2ds2_vasc")
    (True, False)
    """
    return any(fnmatchcase(name, pattern) for pattern in passage.topics)


def doi_of(reference: str) -> str | None:
    """Return the DOI of a citation, None where it has none (a book, a local protocol).

    >>> doi_of("Task Force. Circulation 1996;93:1043-1065. doi:10.1161/01.CIR.93.5.1043.")
    '10.1161/01.CIR.93.5.1043'
    """
    found = _DOI.search(reference)
    return found[1] if found else None


def _read_folder(folder: Path, *, prefix: str) -> Iterator[Passage]:
    notes = (read_note(path.read_text("utf-8"), stem=path.stem, prefix=prefix) for path in sorted(folder.glob("*.md")))
    yield from chain.from_iterable(notes)


def read_note(text: str, *, stem: str, prefix: str = "") -> tuple[Passage, ...]:
    """Return the sections of one note in the order of their ids, which are `prefix`, `stem`, "#" and the heading in small letters.

    Raises NoteError as load_passages does, and where `stem` is not of small letters, digits and hyphens.
    """
    if not _STEM.fullmatch(stem):
        raise NoteError(f"note {stem!r}: name the file in small letters, digits and hyphens")
    title, table, body = _front(text, stem)
    passages = [_section(part, title, table, f"{prefix}{stem}") for part in re.split(r"^## ", body, flags=re.M)[1:]]
    ids = [p.passage_id for p in passages]
    twice = next((i for i in ids if ids.count(i) > 1), None)
    _demand(bool(ids), stem, "has no section; begin one with '## '")
    _demand(not body.split("## ")[0].strip(), stem, "has text before its first section")
    _demand(twice is None, stem, f"has two sections with the id {twice}")
    cited = {reference for p in passages for reference in p.references}
    idle = [key for key, citation in table.items() if citation not in cited]
    _demand(not idle, stem, f"has references that no section names: {', '.join(idle)}")
    return tuple(sorted(passages, key=lambda p: p.passage_id))


def _demand(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise NoteError(f"note {where}: {what}")


def _front(text: str, stem: str) -> tuple[str, dict[str, str], str]:
    parts = re.split(r"^\+\+\+[ \t]*$", text, maxsplit=2, flags=re.M)
    _demand(len(parts) == 3 and not parts[0].strip(), stem, f"must begin with TOML between two lines {_FENCE}")
    try:
        front: dict[str, Any] = tomllib.loads(parts[1])
    except tomllib.TOMLDecodeError as error:
        raise NoteError(f"note {stem}: its front matter is not TOML: {error}") from None
    _demand(set(front) == _KEYS, stem, f"has the keys {sorted(front)}, allowed and asked are {sorted(_KEYS)}")
    title, table = front["title"], front["references"]
    _demand(isinstance(title, str) and bool(title.strip()), stem, "has no title")
    sound = isinstance(table, dict) and all(isinstance(c, str) and c.strip() for c in table.values())
    _demand(sound and bool(table), stem, "must have a table [references] of keys and citations")
    return title, table, parts[2]


def _section(part: str, title: str, table: dict[str, str], note: str) -> Passage:
    heading, *lines = part.strip().split("\n")
    slug = "-".join(re.findall(r"[a-z0-9]+", heading.lower()))
    where = f"{note}#{slug}"
    keys, text = _heads(lines, where)
    unknown = [key for key in keys["references"] if key not in table]
    _demand(not unknown, where, f"names references that the table lacks: {', '.join(unknown)}")
    _demand(bool(text), where, "has no text")
    vague = [topic for topic in keys["topics"] if len(topic.replace("*", "").replace("?", "")) < _TOPIC_MIN]
    _demand(not vague, where, f"has topics that fit nearly everything: {', '.join(vague)}")
    references, topics = tuple(table[key] for key in keys["references"]), tuple(keys["topics"])
    content = "\x1f".join((title, heading, text, *references, "\x1e", *topics))
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return Passage(where, f"{title}: {heading}", text, references, topics, sha256)


def _heads(lines: list[str], where: str) -> tuple[dict[str, list[str]], str]:
    """Return the keyed lines at the head of a section, and the text after them with its line breaks as blanks."""
    keys: dict[str, list[str]] = {}
    for line in lines:
        found = _LINE.fullmatch(line.strip())
        if not found:
            break
        _demand(found[1] in _LINES and found[1] not in keys, where, f"has an unknown or second line '{found[1]}:'")
        keys[found[1]] = found[2].split()
    for key in sorted(_LINES):
        _demand(bool(keys.get(key)), where, f"has no {key}")
    return keys, " ".join(" ".join(lines[len(keys) :]).split())
