"""What a reader sees first: identity, release, key numbers, the written report, findings, what is missing.

Belongs here: the first page. Not here: tables and figures (details.py, figures.py), or choosing (summary.py).
"""

from reportlab.platypus import Flowable, Paragraph, Table

from cardio_dagster.finding import Grade
from cardio_dagster.outcome import Problem
from cardio_dagster.reporting import summary
from cardio_dagster.reporting.parts import Flag, Report
from cardio_dagster.reporting.pdf.fonts import markup
from cardio_dagster.reporting.pdf.headings import Heading, bullets, where
from cardio_dagster.reporting.pdf.look import BODY, GROUND, KEY, KEY_WORDS, LABEL, TEXT_WIDTH, TITLE
from cardio_dagster.reporting.pdf.reviewed import contested, review, withdrawn, withdrawn_sections
from cardio_dagster.reporting.pdf.tables import Style, pairs
from cardio_dagster.reporting.wording import ABSENT
from cardio_dagster.statement import Statement

FLAGS = {Flag.LOW: "<b>▼\N{NO-BREAK SPACE}low</b>", Flag.HIGH: "<b>▲\N{NO-BREAK SPACE}high</b>"}
GRADES = {Grade.CRITICAL: "<b>‼ critical</b>", Grade.ABNORMAL: "<b>! abnormal</b>", Grade.NOTE: "i note", Grade.NORMAL: "✓ normal"}  # fmt: skip
_SECTIONS = {"ecg": "Electrocardiogram", "echo": "Echocardiography", "clinical": "Clinical data", "fusion": "Across modalities", "scores": "Risk scores"}  # fmt: skip


def front(report: Report) -> list[Flowable]:
    """Return the first page, which may run on."""
    return [*_identity(report), *review(report), *_error(report), *_numbers(report), *_written(report), *_key_findings(report), *_missing(report)]  # fmt: skip


def _identity(report: Report) -> list[Flowable]:
    rows = [
        (
            "Study",
            f"<b>{markup(report.study_id)}</b>, revision {report.revision}{f', version {report.version}' if report.version > 1 else ''}, {markup(report.priority)}",
        ),
        ("Received", markup(report.received_at)),
        ("State, coverage", f"{markup(report.final_state)}, {markup(report.coverage.replace('_', ' '))}"),
        ("Release", f"<b>{markup(report.release_status)}</b>"),
    ]
    return [Paragraph("Cardiology report", TITLE), pairs(rows)]


def _error(report: Report) -> list[Flowable]:
    if report.error is None:
        return []
    error = report.error
    lead = f"<b>{markup(error.code)}</b> {markup(error.message)}"
    told = [part for problem in error.problems for part in problem_text(problem)]
    return [Heading(f"This study ended in ERROR at {error.state_reached}"), Paragraph(lead, BODY), *told]


def problem_text(problem: Problem) -> list[Flowable]:
    """Return a problem with what was seen, what is allowed and what to do."""
    head = f"<b>{markup(problem.code)}</b> ({markup(problem.severity)}, {markup(where(problem.modality, problem.recording_id))}): {markup(problem.message)}"
    facts = (("Seen", problem.seen), ("Allowed", problem.allowed), ("What to do", problem.cure))
    told = "; ".join(f"{name}: {markup(text)}" for name, text in facts if text)
    return bullets([f"{head}. {told}" if told else head])


def _numbers(report: Report) -> list[Flowable]:
    keys = summary.key_numbers(report)
    cells = [[_key(key) for key in keys]]
    style: Style = [("BACKGROUND", (0, 0), (-1, -1), GROUND), ("INNERGRID", (0, 0), (-1, -1), 3, "#ffffff"), ("VALIGN", (0, 0), (-1, -1), "TOP")]  # fmt: skip
    return [Heading("Summary"), Table(cells, colWidths=[TEXT_WIDTH / len(keys)] * len(keys), style=style, splitInRow=1)]


def _key(key: summary.KeyNumber) -> list[Flowable]:
    flag = FLAGS.get(key.flag, "") if key.flag else ""
    if key.text is None:
        value = Paragraph(ABSENT, KEY)
    else:
        value = Paragraph(f"{markup(key.text)} {markup(key.unit)}", KEY if key.unit else KEY_WORDS)
    return [Paragraph(f"{markup(key.label)} {flag}", LABEL), value, Paragraph(markup(key.detail), LABEL)]


def _written(report: Report) -> list[Flowable]:
    written = report.written
    sections = dict.fromkeys((*(s.section for s in written.statements), *withdrawn_sections(report)))
    story: list[Flowable] = [Heading("Report")] if sections else []
    for section in sections:
        story.append(Heading(_SECTIONS.get(section, section.capitalize()), level=1))
        told = [_sentence(s, report) for s in written.statements if s.section == section]
        told += withdrawn(report, section)
        story += [Paragraph(" ".join(told), BODY)]
    return [*story, *bullets([markup(note) for note in written.notes])]


def _sentence(statement: Statement, report: Report) -> str:
    numbers = [r.number for r in report.written.references if set(r.passages) & set(statement.citations)]
    cited = f" [{', '.join(map(str, numbers))}]" if numbers else ""
    text = f"{markup(statement.text)}{cited}"
    return f"<b>{text}</b>" if statement.grade in {Grade.CRITICAL, Grade.ABNORMAL} else text


def _key_findings(report: Report) -> list[Flowable]:
    found = summary.key_findings(report)
    lines = [f"{GRADES[f.grade]}: {markup(f.text)} ({markup(where(f.modality, f.recording_id))}){contested(report, f)}" for f in found]  # fmt: skip
    none = "No finding beyond normal." if report.findings else "No findings: nothing could be judged."
    return [Heading("Key findings"), *(bullets(lines) if lines else [Paragraph(none, BODY)])]


def _missing(report: Report) -> list[Flowable]:
    lacking = [markup(note) for note in summary.missing(report)]
    none = "Everything: nothing of this study was measured." if report.error else "Nothing is missing."
    return [Heading("What is missing, and what that does"), *(bullets(lacking) if lacking else [Paragraph(none, BODY)])]
