"""A study in which everything occurs, and readers of a bundle, for the tests."""

import json
from dataclasses import replace
from typing import Any

from cardio_dagster.finding import Finding, Grade, Score
from cardio_dagster.reporting.fhir import to_fhir
from cardio_dagster.reporting.parts import Flag, Report, ReportedFact, ReportedMeasurement, ReportedModel, Written
from cardio_dagster.statement import Quote, QuoteKind, Reference, Statement
from cardio_dagster_tests.reporting import samples


def pressure(name: str, value: float | None, loinc: str, recording_id: str = "r03") -> ReportedMeasurement:
    return ReportedMeasurement(
        name, name, value, "mm[Hg]", "stated", reference_high=139.0, reference_source="ESC 2024",
        reason=None if value is not None else "not in the document", loinc=loinc, evidence=f"$.{name}",
        recording_id=recording_id, modality="clinical", flag=None if value is None else Flag.WITHIN,
    )  # fmt: skip


def written() -> Written:
    """Return two statements, the first with a citation, markup in both."""
    text = "LV ejection fraction 44.6 %, below 52 % <ASE & EACVI>."
    quote = Quote("44.6", 21, QuoteKind.MEASUREMENT, "lvef_pct", "r02")
    return Written(
        statements=(
            Statement("s01", "echo", text, Grade.ABNORMAL, ("LVEF_MILDLY_REDUCED",), "r02", (quote,), ("chambers#ef",)),
            Statement("s02", "ecg", "Sinus rhythm.", Grade.NORMAL, ("SINUS_RHYTHM",), "r01"),
        ),
        references=(Reference(1, "Lang 2015", "10.1016/j.echo.2014.10.003", ("chambers#ef",)),),
    )


def rich(**changes: Any) -> Report:
    """Return samples.full() with a blood pressure, vital signs, models, device facts, points and written statements."""
    report = samples.full()
    height = ReportedMeasurement("height_cm", "Height", 171.0, "cm", "stated", loinc="8302-2", recording_id="r03", modality="clinical")  # fmt: skip
    more = (pressure("sbp_mmhg", 128.0, "8480-6"), pressure("dbp_mmhg", 81.0, "8462-4"), height)
    device = tuple(ReportedFact("device: hr", v, "bpm", recording_id="r01", modality="ecg") for v in (70.0, 71.0))
    points = Score("cha2ds2_va", "CHA2DS2-VA", 2.0, "{score}", ("age_years = 63 (clinical r03)",), "AF", "ESC 2024")
    note = Finding("TREND", "EF lower than before", Grade.NOTE, "trend.ef", ("lvef_pct",), None, None)
    return replace(
        report,
        **{
            "measurements": (*report.measurements, *more),
            "facts": (*report.facts, *device),
            "scores": (*report.scores, points),
            "findings": (*report.findings, note),
            "models": (ReportedModel("ecg_waves", "2", "ab" * 32), ReportedModel("echo_view", "1", "cd" * 32)),
            "code_versions": {"ANALYSIS": "3-f00", "DETECTION": "2-ba5"},
            "release_status": "released: every gate passed",
            "written": written(),
            **changes,
        },
    )


def bundle(report: Report) -> dict[str, Any]:
    return json.loads(to_fhir(report))


def of(report: Report, kind: str) -> list[dict[str, Any]]:
    return [e["resource"] for e in bundle(report)["entry"] if e["resource"]["resourceType"] == kind]


def head(report: Report) -> dict[str, Any]:
    return of(report, "DiagnosticReport")[0]


def coded(report: Report, code: str, kind: str = "Observation") -> list[dict[str, Any]]:
    """Return the resources of a kind that carry `code` as code or as value."""
    return [
        r
        for r in of(report, kind)
        if code in {c["code"] for part in ("code", "valueCodeableConcept") for c in r.get(part, {}).get("coding", ())}
    ]
