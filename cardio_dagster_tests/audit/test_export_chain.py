"""The checker printed in docs/audit_export.md: it runs as it stands, accepts a whole ledger and names what was done to one."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cardio_dagster.audit.export import Selection, export
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import purge_contents
from cardio_dagster_tests.audit.ledgers import AUDITOR, OTHER, STUDY, entries, full_ledger

PAGE = Path(__file__).parents[2] / "docs" / "audit_export.md"
CHECKER = re.search(r"<!-- checker -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL).group(1)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('chain') / 'cardio.db'}")
    create_tables(engine)
    made = full_ledger(engine)
    made.append(*entries(OTHER)[3:5])
    purge_contents(made, [r.seq for r in made.records(study_id=OTHER)], {}, "2026-01-01", AUDITOR, study_id=OTHER)
    return made


@pytest.fixture
def lines(ledger):
    return [json.loads(line) for line in b"".join(export(ledger, "jsonl", Selection())).splitlines()]


@pytest.fixture
def check(tmp_path):
    """Return a function that runs the printed checker on lines, in a Python without this package."""

    def run(lines):
        (tmp_path / "ledger.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        command = [sys.executable, "-I", "-c", CHECKER, str(tmp_path / "ledger.jsonl")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert not done.stderr
        return done.returncode, done.stdout

    return run


def test_the_checker_is_short_and_needs_nothing_of_ours():
    assert len(CHECKER.splitlines()) <= 25
    assert "cardio_dagster" not in CHECKER


def test_it_accepts_a_whole_ledger_with_a_purge(lines, check, ledger):
    assert check(lines) == (0, f"whole, up to record {lines[-1]['seq']} with hash {ledger.head().hash}\n")


def changed(lines, n, **fields):
    return [{**line, **fields} if i == n else line for i, line in enumerate(lines)]


TAMPERINGS = {
    "actor": (lambda ls: changed(ls, 3, actor="person:xy"), "record 4: the header was changed"),
    "time": (lambda ls: changed(ls, 3, at="2020-01-01T00:00:00.000+00:00"), "record 4: the header was changed"),
    "content": (lambda ls: changed(ls, 3, content=ls[3]["content"].replace("ok", "no")), "record 4: the content was changed"),
    "content hash": (lambda ls: changed(ls, 3, content_sha256="0" * 64), "record 4: the header was changed"),
    "hash": (lambda ls: changed(ls, 3, hash="0" * 64), "record 5: does not follow record 4"),
    "content gone": (lambda ls: changed(ls, 3, content=None), "record 4: the content is missing and no purge is named"),
    "removed": (lambda ls: ls[:3] + ls[4:], "record 5: does not follow record 3"),
    "inserted twice": (lambda ls: ls[:4] + ls[3:], "record 4: does not follow record 4"),
    "swapped": (lambda ls: [*ls[:3], ls[4], ls[3], *ls[5:]], "record 5: does not follow record 3"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERINGS)
def test_it_names_what_was_done(lines, check, name):
    tamper, told = TAMPERINGS[name]
    code, text = check(tamper(lines))
    assert code == 1
    assert told in text.splitlines()


def test_the_lines_of_one_study_hash_by_themselves(ledger, check):
    mine = [json.loads(line) for line in b"".join(export(ledger, "jsonl", Selection(study_id=STUDY))).splitlines()]
    _, text = check(mine)
    assert all("does not follow" in fault for fault in text.splitlines())
