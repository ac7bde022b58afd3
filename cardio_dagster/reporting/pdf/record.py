"""How the report came about: checks, gates, problems, steps, recordings, models, references.

Belongs here: what an auditor asks for. Not here: what was learnt (details.py).
"""

from reportlab.platypus import Flowable, Paragraph

from cardio_dagster.outcome import Status
from cardio_dagster.reporting.html_report import title_of
from cardio_dagster.reporting.parts import Report, ReportedRecording, StageRow
from cardio_dagster.reporting.pdf.fonts import markup
from cardio_dagster.reporting.pdf.front import problem_text
from cardio_dagster.reporting.pdf.headings import Heading, bullets, where
from cardio_dagster.reporting.pdf.look import BODY, NOTE
from cardio_dagster.reporting.pdf.tables import pairs, table
from cardio_dagster.reporting.wording import ABSENT, between, plain, size, unit, verdict_value

_STATUS = {Status.OK: "✓ done", Status.DEGRADED: "<b>! degraded</b>", Status.FAILED: "<b>✕ failed</b>", Status.SKIPPED: "\N{EN DASH} skipped", None: "not reached"}  # fmt: skip


def record(report: Report) -> list[Flowable]:
    """Return the sections for those who check the report."""
    return [*_checks(report), *_gates(report), *_problems(report), *_steps(report), *_recordings(report), *_references(report), *_origin(report)]  # fmt: skip


def _checks(report: Report) -> list[Flowable]:
    found, quality = report.written.verification, report.written.quality
    story: list[Flowable] = []
    if found is not None:
        verdict = "passed" if found.passed else f"<b>did not pass</b>, {len(found.faults)} faults"
        counted = f"{found.numbers_checked} numbers, {found.citations_checked} citations and {found.rules_checked} rules were checked"
        unchecked = f" Findings without a machine rule: {markup(', '.join(found.rules_unchecked))}." if found.rules_unchecked else ""  # fmt: skip
        story += [Paragraph(f"Verification {verdict}: {counted}.{unchecked}", BODY)]
        story += bullets([markup(f"{fault.statement_id or 'report'}, {fault.kind}: {fault.message}") for fault in found.faults])  # fmt: skip
    if quality is not None:
        scored = "not known" if quality.score_pct is None else f"{plain(quality.score_pct)} of 100"
        rows = [(markup(q.name), f"{plain(100 * q.share)} %", markup(", ".join(q.lacking) or ABSENT)) for q in quality.items]  # fmt: skip
        story += [Paragraph(f"Quality of the report: {scored}.", BODY)]
        story += [table(("Property", "Holds for", "Lacking"), rows, (4, 1.5, 6))] if rows else []
    return [Heading("Checks of the written report"), *story] if story else []


def _gates(report: Report) -> list[Flowable]:
    rows = [
        (
            markup(v.gate.replace("_", " ")), "✓ passed" if v.passed else "<b>✕ not passed</b>", markup(verdict_value(v)),
            f"{between(v.minimum, v.maximum)} {markup(unit(v.unit))}", markup(v.version), markup(where(v.modality, v.recording_id)),
        )
        for v in report.verdicts
    ]  # fmt: skip
    head = ("Gate", "Verdict", "Value", "Allowed", "Version", "Source")
    return [Heading("Quality gates"), table(head, rows, (28, 16, 14, 17, 9, 22))] if rows else []


def _problems(report: Report) -> list[Flowable]:
    told = report.error.problems if report.error else ()
    others = [part for p in report.problems if p not in told for part in problem_text(p)]
    return [Heading("Problems"), *others] if others else []


def _steps(report: Report) -> list[Flowable]:
    run = report.pipeline_execution
    rows = [(f"{stage.state_id} {markup(stage.state.capitalize())}", _result(stage, report), _by_modality(stage)) for stage in report.stages]  # fmt: skip
    passed = f"{run.checkpoints_saved} checkpoints saved. States: {' → '.join(map(markup, run.states_traversed))}."
    return [Heading("Steps"), table(("State", "Result", "By modality"), rows, (3, 3, 8)), Paragraph(passed, NOTE)]


def _result(stage: StageRow, report: Report) -> str:
    here = stage.state == "FORMATTING" and stage.status is None and not report.error
    return "this report" if here else _STATUS[stage.status]


def _by_modality(stage: StageRow) -> str:
    return (
        ", ".join(f"{markup(step.modality or 'study')} {_STATUS[step.status]}" for step in stage.modalities) or ABSENT
    )


def _recordings(report: Report) -> list[Flowable]:
    if not report.recordings:
        return [Heading("Recordings"), Paragraph("No recording was found in this study.", BODY)]
    rows = [(markup(r.recording_id), _kind(r), size(r.size_bytes), markup(r.sha256)) for r in report.recordings]
    head = ("Recording", "Modality, format", "Size", "SHA-256 of the file")
    return [Heading("Recordings"), table(head, rows, (9, 20, 9, 59))]


def _kind(recording: ReportedRecording) -> str:
    modality = title_of(recording.modality) if recording.modality else "not recognised"
    return markup(", ".join(filter(None, (modality, recording.format))))


def _references(report: Report) -> list[Flowable]:
    lines = [f"[{r.number}] {_work(r.text, r.doi)}" for r in report.written.references]
    return [Heading("References"), *(Paragraph(line, NOTE) for line in lines)] if lines else []


def _work(text: str, doi: str | None) -> str:
    return markup(text if doi is None or doi in text else f"{text} doi:{doi}")


def _origin(report: Report) -> list[Flowable]:
    versions = ", ".join(f"{state} {version}" for state, version in report.code_versions.items())
    rows = [
        ("Software", markup(f"cardio_dagster {report.software_version}, report schema {report.schema_version}")),
        ("Content", markup(report.content_sha256)),
        *([("Code versions", markup(versions))] if versions else []),
        *(("Model", markup(f"{m.name} {m.version}, {m.sha256}")) for m in report.models),
    ]
    last = f"{report.intended_use}. Values are measured by software and must be confirmed by a qualified reader."
    return [Heading("Origin"), pairs(rows), Paragraph(markup(last), NOTE)]
