"""The tables of a report: measurements, findings, scores, facts.

Belongs here: what was learnt, in full. Not here: how it came about (record.py) or the first page (front.py).
"""

from reportlab.platypus import Flowable, Paragraph

from cardio_dagster.finding import Score
from cardio_dagster.reporting import summary
from cardio_dagster.reporting.html_report import title_of
from cardio_dagster.reporting.parts import Report, ReportedFact, ReportedMeasurement
from cardio_dagster.reporting.pdf.fonts import markup
from cardio_dagster.reporting.pdf.front import FLAGS, GRADES
from cardio_dagster.reporting.pdf.headings import Heading, where
from cardio_dagster.reporting.pdf.look import NOTE
from cardio_dagster.reporting.pdf.reviewed import contested
from cardio_dagster.reporting.pdf.tables import pairs, table
from cardio_dagster.reporting.wording import ABSENT, between, number, plain, unit


def details(report: Report) -> list[Flowable]:
    """Return the tables; those without rows are left out."""
    return [*_measurements(report), *_findings(report), *_scores(report), *_trends(report), *_suggestions(report), *_facts(report)]  # fmt: skip


def _measurements(report: Report) -> list[Flowable]:
    story: list[Flowable] = [Heading("Measurements")] if report.measurements else []
    for modality in dict.fromkeys(m.modality for m in report.measurements):
        rows = [_measurement(m) for m in report.measurements if m.modality == modality]
        head = ("Measurement", "Value", "Reference range", "Method", "Evidence")
        story += [Heading(title_of(modality), level=1), table(head, rows, (22, 15, 24, 25, 21))]
    return story


def _measurement(m: ReportedMeasurement) -> tuple[str | None, ...]:
    confidence = "" if m.confidence is None else f"; confidence {plain(m.confidence)}"
    evidence = ", ".join(text for text in (m.evidence, m.recording_id) if text) or ABSENT
    tail = (markup(m.method + confidence), markup(evidence))
    if m.value is None:
        return markup(m.label), f"not measured: {markup(m.reason)}", None, *tail
    flag = f" {FLAGS[m.flag]}" if m.flag in FLAGS else ""
    source = f", {markup(m.reference_source)}" if m.reference_source else ""
    value = f"<b>{number(m)}</b> {markup(unit(m.unit))}{flag}"
    return markup(m.label), value, between(m.reference_low, m.reference_high) + source, *tail


def _findings(report: Report) -> list[Flowable]:
    rows = [
        (f"{markup(f.text)} ({markup(f.code)}){contested(report, f)}", GRADES[f.grade], markup(f.rule), markup(", ".join(f.measurements) or ABSENT), markup(f.evidence or ABSENT))
        for f in summary.findings_by_weight(report)
    ]  # fmt: skip
    head = ("Finding", "Grade", "Rule", "Rests on", "Evidence")
    return [Heading("Findings and the rules behind them"), table(head, rows, (27, 13, 23, 20, 17))] if rows else []


def _scores(report: Report) -> list[Flowable]:
    story: list[Flowable] = [Heading("Risk scores")] if report.scores else []
    for score in report.scores:
        story += [Heading(score.label, level=1), pairs(_score(score))]
    return story


def _score(score: Score) -> list[tuple[str, str]]:
    if score.value is None:
        result = f"<b>Not computed:</b> {markup(score.reason or 'no reason was recorded')}"
    else:
        meaning = f" {markup(score.interpretation)}" if score.interpretation else ""
        result = f"<b>{plain(score.value)} {markup(unit(score.unit))}</b>{meaning}"
    missing = [("Missing", markup(", ".join(score.missing)))] if score.missing else []
    inputs = [("Inputs", markup("; ".join(score.inputs)))] if score.inputs else []
    return [("Result", result), *missing, *inputs, ("Indications", markup(score.indications)), ("Source", markup(score.source))]  # fmt: skip


def _trends(report: Report) -> list[Flowable]:
    story: list[Flowable] = [Heading("Trends")] if report.written.trends else []
    for trend in report.written.trends:
        rows = [
            (markup(p.received_at), markup(p.study_id), f"{plain(p.value)} {markup(unit(trend.unit))}" if p.value is not None else markup(p.text or ABSENT))
            for p in trend.points
        ]  # fmt: skip
        story += [Heading(trend.label, level=1), Paragraph(markup(trend.text), NOTE), table(("Received", "Study", "Value"), rows, (2, 2, 1))]  # fmt: skip
    return story


def _suggestions(report: Report) -> list[Flowable]:
    rows = [(markup(s.label), markup(s.why), markup(", ".join(s.needs) or ABSENT)) for s in report.written.suggestions]
    return [Heading("What further would apply"), table(("Score or measurement", "Why", "Still needs"), rows, (3, 5, 3))] if rows else []  # fmt: skip


def _facts(report: Report) -> list[Flowable]:
    rows = [(markup(f.name.replace("_", " ")), _fact(f), markup(where(f.modality, f.recording_id))) for f in report.facts]  # fmt: skip
    return [Heading("Facts of the input"), table(("Fact", "As sent", "Source"), rows, (3, 5, 3))] if rows else []


def _fact(fact: ReportedFact) -> str:
    if fact.value is None:
        return f"absent: {markup(fact.reason or 'not sent')}"
    if isinstance(fact.value, bool):
        return "yes" if fact.value else "no"
    value = f"{fact.value:g}" if isinstance(fact.value, float | int) else str(fact.value)
    return markup(f"{value} {unit(fact.unit or '')}".strip())
