"""Citations: which passages a sentence leans on.

Belongs here: matching topics. Not here: finding passages (evidence/) or checking citations (verification/).
"""

from fnmatch import fnmatchcase

from cardio_dagster.reporting.drafting.sentence import Line
from cardio_dagster.statement import Passage

MOST = 2


def cite(line: Line, passages: tuple[Passage, ...]) -> tuple[str, ...]:
    """Return at most two ids of passages whose topics match a finding code or score of the line, the best first.

    `passages` come with the best first. Of several topics each is served once before one is served twice.
    """
    by_topic = [[p.passage_id for p in passages if supports(p, topic)] for topic in (*line.findings, *line.topics)]
    in_turn = [ids[i] for i in range(MOST) for ids in by_topic if i < len(ids)]
    return tuple(dict.fromkeys(in_turn))[:MOST]


def supports(passage: Passage, topic: str) -> bool:
    """Return whether a pattern of the passage matches a finding code or the name of a score."""
    return any(fnmatchcase(topic, pattern) for pattern in passage.topics)
