"""The notes: a strict format, complete references, and a passage for everything that a report may have to support."""

import ast
import inspect
import re
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path

import pytest

import cardio_dagster
from cardio_dagster.evidence.corpus import NoteError, corpus_sha256, doi_of, load_passages, read_note, supports
from cardio_dagster.fusion import MIXED_PATIENTS, clashes
from cardio_dagster.fusion.consistency import TOLERANCES
from cardio_dagster.fusion.indexed import INDICES
from cardio_dagster.modalities.clinical.quantities import QUANTITIES
from cardio_dagster.modalities.echo import findings as echo_findings
from cardio_dagster.modalities.echo.motion import measures
from cardio_dagster.modalities.echo.motion.segments import SCORED
from cardio_dagster.modalities.echo.references import EF_GRADES
from cardio_dagster.scoring import SCORES
from cardio_dagster_tests.evidence.notes import FRONT, NOTE

PACKAGE = Path(cardio_dagster.__file__).parent
PASSAGES = load_passages()
IDENTIFIER = re.compile(r"doi:10\.\d{4,9}/\S|PMID \d{7,8}$|ISBN [\d-]{13,17}$")


def ecg_codes() -> set[str]:
    """Every text that looks like a code of the ECG branch, where findings are made."""
    ecg = PACKAGE / "modalities" / "ecg"
    files = [*ecg.glob("statements/*.py"), *ecg.glob("lead_checks/*.py"), ecg / "device" / "comparison.py"]
    texts = {
        n.value
        for f in files
        for n in ast.walk(ast.parse(f.read_text()))
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }
    return {text for text in texts if re.fullmatch(r"ECG_[A-Z0-9_]*[A-Z0-9]", text)}


def echo_codes() -> set[str]:
    sizes = {
        f"{name.rsplit('_', 1)[0].upper()}_{side}_NORMAL"
        for name, side in product(echo_findings._SIZES, ("ABOVE", "BELOW"))
    }
    kinds = [kind.upper() for kind in measures._KINDS.values()]
    walls = {f"{kind}_{segment.name.replace(' ', '_').upper()}" for kind, segment in product(kinds, SCORED)}
    whole = {f"GLOBAL_{kind}" for kind in kinds} | {"WALL_MOTION_NORMAL", "ECHO_HEART_RATE_OUTSIDE"}
    return {g.code for g in EF_GRADES} | sizes | walls | whole | {c for c, _ in echo_findings._RHYTHMS.values()}


def clinical_codes() -> set[str]:
    limited = [(q.name, limits) for q in QUANTITIES for limits in (q.limits, *q.limits_by_sex.values()) if limits]
    return {
        f"clinical.{name}.{side}"
        for name, limits in limited
        for side in ("low", "high")
        if getattr(limits, side) is not None
    }


def fusion_codes() -> set[str]:
    indices = {
        f"{i.name.removesuffix('_ml_m2').upper()}_{side}_NORMAL" for i, side in product(INDICES, ("ABOVE", "BELOW"))
    }
    return (
        indices
        | {f"fusion.conflict.{name}" for name in TOLERANCES}
        | set(MIXED_PATIENTS)
        | {r.code for r in clashes.RULES}
    )


SUBJECTS = sorted(ecg_codes() | echo_codes() | clinical_codes() | fusion_codes() | set(SCORES) | {"summary_tier"})


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_finding_code_and_every_score_has_a_passage(subject):
    assert [p.passage_id for p in PASSAGES if supports(p, subject)]


def test_the_codes_were_found_where_they_are_made():
    assert len(ecg_codes()) > 50
    assert {"ECG_QTC_CRITICAL", "ECG_LEADS_LIMBS", "ECG_LVH_STRAIN", "ECG_DEVICE_DIFFERS"} <= ecg_codes()
    assert {"HYPOKINESIA_APICAL_SEPTUM", "GLOBAL_AKINESIA", "LV_EDV_ABOVE_NORMAL"} <= echo_codes()
    assert {"clinical.sbp_mmhg.high", "clinical.hdl_cholesterol_mmol_l.low"} <= clinical_codes()


def test_no_topic_names_a_finding_that_does_not_exist():
    """A misspelt code would support nothing. Names of measurements and trends are in small letters and not listed here."""
    codes = [t for p in PASSAGES for t in p.topics if t[0].isupper() or t.startswith(("clinical.", "fusion."))]
    assert [t for t in codes if not any(fnmatchcase(s, t) for s in SUBJECTS)] == []


@pytest.mark.parametrize("passage", PASSAGES, ids=lambda p: p.passage_id)
def test_each_passage_is_short_and_each_reference_can_be_looked_up(passage):
    assert 60 <= len(passage.text.split()) <= 150
    assert passage.references
    assert passage.topics
    assert all(IDENTIFIER.search(reference) for reference in passage.references)
    assert passage.text.isascii()


def test_one_work_is_cited_in_one_form():
    works = {r for p in PASSAGES for r in p.references}
    dois = [doi_of(w).lower() for w in works if doi_of(w)]
    assert len(dois) == len(set(dois))
    assert len(dois) >= 40


def test_ids_are_unique_and_ordered_and_name_note_and_section():
    ids = [p.passage_id for p in PASSAGES]
    assert len(set(ids)) == len(ids) >= 60
    assert "chamber-quantification#ejection-fraction" in ids
    assert load_passages() == PASSAGES


def test_a_note_is_read():
    contrast, call = read_note(NOTE, stem="local", prefix="site/")
    assert (contrast.passage_id, contrast.title) == ("site/local#contrast", "Site protocol: Contrast")
    assert call.text == "The cardiologist on duty is told by telephone."
    assert call.topics == ("LVEF_SEVERELY_REDUCED", "ECG_AV_BLOCK_*")
    assert [doi_of(r) for r in call.references] == [None, "10.1016/j.echo.2014.10.003"]


def test_notes_of_a_site_are_added_under_their_own_prefix(tmp_path):
    (tmp_path / "ejection.md").write_text(NOTE)
    (tmp_path / "readme.txt").write_text("no note")
    passages = load_passages(tmp_path)
    assert passages[: len(PASSAGES)] == PASSAGES
    assert [p.passage_id for p in passages[len(PASSAGES) :]] == [
        "site/ejection#contrast",
        "site/ejection#who-is-called",
    ]
    assert corpus_sha256(passages) != corpus_sha256(PASSAGES)


def test_the_sha_of_the_corpus_knows_content_and_not_order():
    one, other = read_note(NOTE, stem="local")
    assert corpus_sha256((one, other)) == corpus_sha256((other, one))
    for old, new in (("telephone", "letter"), ("LVEF_SEVERELY", "LVEF_MILDLY"), ("2024", "2025"), ("Site", "Our")):
        assert corpus_sha256(read_note(NOTE.replace(old, new), stem="local")) != corpus_sha256((one, other))


SECTION = "## Contrast\ntopics: lvef_pct\nreferences: own lang\n\nText.\n"


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("no front matter\n## A\n", "local", "TOML"),
        ("+++\ntitle = \n+++\n", "local", "not TOML"),
        (f"before\n{FRONT}{SECTION}", "local", "begin with TOML"),
        (FRONT.replace("title", "author = 'x'\ntitle") + SECTION, "local", "'author'"),
        (FRONT.replace('title = "Site protocol"', "") + SECTION, "local", "asked are"),
        (FRONT.replace('"Site protocol"', '" "') + SECTION, "local", "no title"),
        ('+++\ntitle = "A"\nreferences = "x"\n+++\n' + SECTION, "local", "table"),
        ('+++\ntitle = "A"\n[references]\nown = " "\n+++\n' + SECTION, "local", "table"),
        (FRONT, "local", "no section"),
        (f"{FRONT}stray text\n{SECTION}", "local", "before its first section"),
        (FRONT + SECTION + SECTION, "local", "two sections with the id local#contrast"),
        (FRONT + SECTION.replace("topics: lvef_pct\n", ""), "local#contrast", "no topics"),
        (FRONT + SECTION.replace("topics: lvef_pct", "topics:"), "local#contrast", "no topics"),
        (FRONT + SECTION.replace("references: own lang\n", ""), "local#contrast", "no references"),
        (FRONT + SECTION.replace("own lang", "own lang other"), "local#contrast", "lacks: other"),
        (FRONT + SECTION.replace("own lang", "own"), "local", "no section names: lang"),
        (FRONT + SECTION.replace("topics:", "grade: x\ntopics:"), "local#contrast", "'grade:'"),
        (FRONT + SECTION.replace("topics:", "topics: x\ntopics:"), "local#contrast", "second line 'topics:'"),
        (FRONT + SECTION.replace("Text.", ""), "local#contrast", "no text"),
        (FRONT + "## Contrast", "local#contrast", "no references"),
    ],
)
def test_a_wrong_note_is_refused_with_its_place(text, where, what):
    with pytest.raises(NoteError, match=re.escape(what)) as caught:
        read_note(text, stem="local")
    assert f"note {where}:" in str(caught.value)


def test_a_wrong_file_name_and_an_absent_folder_are_refused(tmp_path):
    with pytest.raises(NoteError, match="small letters"):
        read_note(NOTE, stem="My Note")
    with pytest.raises(NoteError, match="not there"):
        load_passages(tmp_path / "absent")


def test_a_two_line_head_without_a_blank_line_is_read_too():
    (passage,) = read_note(FRONT + SECTION.replace("\n\nText", "\nText: more."), stem="local")
    assert passage.text == "Text: more.."


def test_the_module_says_what_a_note_looks_like():
    assert "`[references]`" in inspect.getmodule(read_note).__doc__
