"""What a decision makes of a report: pure, the same bytes each time, told in every format."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO

import msgspec
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.finding import Grade
from cardio_dagster.pipeline.dossier import ReleaseStatus
from cardio_dagster.pipeline.reported import as_report
from cardio_dagster.pipeline.reviewed import reviewed, reviewed_files, reviewed_report
from cardio_dagster.reporting.cohort import cohort_row, read_study, row_of
from cardio_dagster.reporting.cohort.study import Decided
from cardio_dagster.reporting.dicom_sr import to_ecg_sr
from cardio_dagster.reporting.fhir import to_fhir
from cardio_dagster.reporting.html_report import to_html
from cardio_dagster.reporting.json_report import from_json, to_json, without_drawings
from cardio_dagster.reporting.pdf import to_pdf
from cardio_dagster.stores.review_words import Action, Amendment, Choice, ReviewDecision
from cardio_dagster_tests.reporting.dicom_sr.test_validators import UNCHECKED, _run
from cardio_dagster_tests.reporting.fhir.test_bundle import schema_errors
from cardio_dagster_tests.reporting.pdf.reading import pages, squashed
from cardio_dagster_tests.review.reviewed_studies import AT, processed

NEW, MORE = "Rhythm not to be judged: <pacing> artefact.", "Compare with the tracing of last year."
AMENDMENTS = (
    Amendment(Action.WITHDRAW, "s01", None, "The weight was a slip of the pen."),
    Amendment(Action.REPLACE, "s02", NEW, "Read by eye.", grade=Grade.ABNORMAL),
    Amendment(Action.ADD, "a01", MORE, "Read by eye.", "ecg"),
)


def start(status="held"):
    dossier = processed()
    return replace(dossier, release=replace(dossier.release, status=ReleaseStatus(status)))


def decision(choice=Choice.AMEND, **changes):
    plain = {"reason": "Read by eye.", "by": "M. Keller", "role": "senior_reader", "at": AT, "makes": 2}
    amendments = AMENDMENTS if choice is Choice.AMEND else ()
    study_id = processed().study.study_id
    return ReviewDecision(study_id, 1, 1, "3f" * 32, choice, **{"amendments": amendments, **plain, **changes})


@pytest.fixture(scope="module")
def amended():
    return reviewed(start(), decision())


@pytest.fixture(scope="module")
def report(amended):
    return reviewed_report(amended)


def test_sentences_are_withdrawn_replaced_and_added_and_nothing_else_moves(amended):
    before, after = start().written, amended.written
    assert [s.statement_id for s in after.statements] == [*(s.statement_id for s in before.statements[1:]), "a01"]
    told = {s.statement_id: s for s in after.statements}
    assert (told["s02"].text, told["s02"].grade, told["s02"].section) == (NEW, Grade.ABNORMAL, "ecg")
    assert (told["s02"].findings, told["s02"].citations, told["s02"].quotes) == ((), (), ())
    assert (told["a01"].text, told["a01"].section, told["a01"].grade) == (MORE, "ecg", Grade.NOTE)
    assert after.statements[1:-1] == before.statements[2:]
    assert replace(amended, written=before, review=None, version=1, release=None, report_path=None) == replace(
        start(), release=None, report_path=None
    )


def test_what_no_sentence_cites_any_more_is_left_out_and_numbers_stay(amended):
    cited = {c for s in amended.written.statements for c in s.citations}
    assert {p.passage_id for p in amended.written.passages} == cited
    assert {p for r in amended.written.references for p in r.passages} == cited
    numbers = {r.text: r.number for r in start().written.references}
    assert all(numbers[r.text] == r.number for r in amended.written.references)
    assert len(amended.written.references) < len(numbers)


def test_the_report_tells_who_did_what_on_which_version(report):
    (step,) = report.review.steps
    assert (step.version, step.makes, step.by, step.role_title, step.former_status) == (
        1,
        2,
        "M. Keller",
        "senior reader",
        "held",
    )
    assert [(c.statement_id, c.action, c.before is None, c.after is None) for c in step.changes] == [
        ("s01", Action.WITHDRAW, False, True),
        ("s02", Action.REPLACE, False, False),
        ("a01", Action.ADD, True, False),
    ]
    assert report.release_status.startswith(
        "released after review: amended by M. Keller, senior reader, 2026-11-22 14:05 UTC; "
    )
    assert from_json(to_json(report)) == without_drawings(report)


def test_the_same_dossier_and_decision_give_the_same_bytes_in_every_format(amended):
    stored = msgspec.json.decode(msgspec.json.encode(start()), type=type(start()))
    first = reviewed_files(amended)
    assert first == reviewed_files(reviewed(stored, decision()))
    assert {"report.json", "report.html", "report.pdf", "report.fhir.json", "report.ecg.dcm", "features.json"} <= set(
        first
    )


def test_another_process_with_another_hash_seed_gives_the_same_bytes(amended, tmp_path):
    (tmp_path / "dossier.json").write_bytes(msgspec.json.encode(amended))
    code = (
        "import sys, hashlib, msgspec; from pathlib import Path\n"
        "from cardio_dagster.pipeline.dossier import Dossier\n"
        "from cardio_dagster.pipeline.reviewed import reviewed_files\n"
        "files = reviewed_files(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Dossier))\n"
        "print(*(f'{n} {hashlib.sha256(c).hexdigest()}' for n, c in sorted(files.items())), sep='\\n')"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "dossier.json")]
    env = {**os.environ, "PYTHONHASHSEED": "4321", "TZ": "Asia/Tokyo"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=env)
    import hashlib

    own = {name: hashlib.sha256(content).hexdigest() for name, content in reviewed_files(amended).items()}
    assert dict(line.split() for line in done.stdout.splitlines()) == own


def test_the_page_strikes_the_old_text_through_and_escapes_the_new(report):
    page = to_html(report)
    old = {s.statement_id: s.text for s in start().written.statements}
    for text in (old["s01"], old["s02"]):
        assert page.count(f"<del>{text.replace('&', '&amp;')}</del>") == 2  # in its place, and in the review
    assert NEW not in page
    assert "&lt;pacing&gt;" in page
    assert "revision 1, version 2" in page
    assert "not checked" in page
    links, ids = set(re.findall(r'href="#([\w-]+)"', page)), set(re.findall(r'id="([\w-]+)"', page))
    assert links <= ids


@pytest.mark.parametrize(
    ("choice", "head"), [(Choice.AMEND, "RELEASED AFTER REVIEW"), (Choice.REJECT, "! REJECTED, NOT FOR USE")]
)
def test_every_page_of_the_pdf_says_where_the_report_stands(choice, head):
    told = pages(to_pdf(reviewed_report(reviewed(start(), decision(choice)))))
    assert len(told) > 2
    assert all(
        squashed(head) in squashed(page) and squashed("revision 1, version 2") in squashed(page) for page in told
    )


def test_a_rejected_page_says_so_in_its_banner_and_at_every_foot():
    page = to_html(reviewed_report(reviewed(start("released"), decision(Choice.REJECT))))
    assert '<aside class="banner banner-rejected"' in page
    assert '@bottom-left { content: "Study' in page
    assert "version 2. Rejected, not for use." in page


@pytest.mark.parametrize(
    ("former", "choice", "status", "of_results"),
    [
        ("held", Choice.ACCEPT, "final", "final"),
        ("held", Choice.AMEND, "final", "final"),  # R4: amended is said of what was final before
        ("released", Choice.AMEND, "amended", "final"),
        ("released", Choice.REJECT, "entered-in-error", "entered-in-error"),
        ("held", Choice.REJECT, "entered-in-error", "entered-in-error"),
    ],
)
def test_fhir_says_where_the_report_stands_and_is_valid(former, choice, status, of_results):
    bundle = json.loads(to_fhir(reviewed_report(reviewed(start(former), decision(choice)))))
    assert schema_errors(bundle) == []
    head, *others = [entry["resource"] for entry in bundle["entry"]]
    assert head["status"] == status
    assert head["resultsInterpreter"] == [{"display": "M. Keller, senior reader"}]
    assert head["issued"] == AT
    results = {n["status"] for n in others if n["resourceType"] == "Observation"}
    assert results == {of_results} | ({"entered-in-error"} if choice is Choice.AMEND else set())
    assert bundle["identifier"]["value"].endswith("/r1.v2")


def test_fhir_no_longer_concludes_what_a_person_took_back(report):
    codes = {f for s in start().written.statements[:1] for f in s.findings}
    bundle = json.loads(to_fhir(report))
    concluded = {c["code"] for n in bundle["entry"][0]["resource"].get("conclusionCode", ()) for c in n["coding"]}
    assert codes
    assert not codes & concluded
    before = json.loads(to_fhir(as_report(start())))["entry"][0]["resource"]
    assert codes <= {c["code"] for n in before["conclusionCode"] for c in n["coding"]}
    assert NEW in bundle["entry"][0]["resource"]["conclusion"]


@pytest.mark.parametrize(
    ("choice", "role", "flags"),
    [
        (Choice.ACCEPT, "reader", ("COMPLETE", "VERIFIED")),
        (Choice.AMEND, "head", ("COMPLETE", "VERIFIED")),
        (Choice.ACCEPT, "admin", ("COMPLETE", "UNVERIFIED")),
        (Choice.REJECT, "head", ("PARTIAL", "UNVERIFIED")),
    ],
)
def test_dicom_is_verified_by_readers_only(choice, role, flags, tmp_path):
    content = to_ecg_sr(reviewed_report(reviewed(start(), decision(choice, role=role))))
    dataset = pydicom.dcmread(BytesIO(content))
    assert (dataset.CompletionFlag, dataset.VerificationFlag) == flags
    assert ("VerifyingObserverSequence" in dataset) == (flags[1] == "VERIFIED")
    if flags[1] == "VERIFIED":
        (observer,) = dataset.VerifyingObserverSequence
        assert (observer.VerifyingObserverName, observer.VerificationDateTime) == ("M. Keller^", "20261122140500")
        assert observer.VerifyingObserverIdentificationCodeSequence[0].CodeValue == role
    run = _run("dsrdump", content, tmp_path, "--print-template-id")
    assert [line for line in run.stderr.splitlines() if UNCHECKED not in line] == []


def test_the_document_of_another_version_is_another_document(report):
    uids = {pydicom.dcmread(BytesIO(to_ecg_sr(r))).SOPInstanceUID for r in (as_report(start()), report)}
    assert len(uids) == 2


@pytest.mark.parametrize(
    ("choice", "status", "measured"), [(Choice.ACCEPT, "released", True), (Choice.AMEND, "released", True), (Choice.REJECT, "rejected", False)]
)  # fmt: skip
def test_the_row_of_the_cohort_follows_the_decision(choice, status, measured):
    made = cohort_row(reviewed_report(reviewed(start(), decision(choice))))
    names, cells = (line.split(",") for line in made.decode().splitlines())
    row = dict(zip(names, cells, strict=True))
    assert (row["release_status"], row["is_measured"], row["report_version"]) == (status, str(measured).lower(), "2")
    assert bool(row["qrs_ms"]) == measured


def test_a_finding_that_a_person_took_back_is_neither_yes_nor_no_in_the_cohort(report):
    study = read_study(to_json(report))
    decided = Decided(study.study_id, 1, 1, "released", "COMPLETE", study.coverage, version=2)
    (column,) = (c for c in _columns() if c.report_name == "ECG_SINUS")
    assert row_of(decided, study)[column.column] is None
    assert row_of(decided, read_study(to_json(as_report(start()))))[column.column] is True


def _columns():
    from cardio_dagster.reporting.cohort.dictionary import by_group

    return by_group("finding")


def test_without_a_decision_there_is_no_reviewed_report():
    with pytest.raises(ValueError, match="nobody decided"):
        reviewed_report(start())


def test_a_sentence_that_is_not_there_is_refused():
    with pytest.raises(KeyError):
        reviewed(start(), decision(amendments=(Amendment(Action.WITHDRAW, "s99", None, "x"),)))


@given(
    texts=st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=40),
        min_size=1,
        max_size=3,
    )
)
@settings(max_examples=20, deadline=None)
def test_any_text_of_a_person_survives_in_json_page_and_fhir(texts):
    added = tuple(Amendment(Action.ADD, f"a{n:02d}", text, "x") for n, text in enumerate(texts, start=1))
    report = reviewed_report(reviewed(start(), decision(amendments=added)))
    assert [s.text for s in from_json(to_json(report)).written.statements][-len(texts) :] == texts
    assert to_html(report)
    assert all(text.strip() in json.loads(to_fhir(report))["entry"][0]["resource"]["conclusion"] for text in texts)
