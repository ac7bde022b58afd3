"""Made-up studies for the tests of the report: a full one, one with an ECG only, one in ERROR.

No patient is behind them. Every file name carries a surname, so that a test can see it leak.
The drawings stand in for those of the modalities.
"""

import hashlib
import math
from typing import Any

from cardio_dagster.errors import problem
from cardio_dagster.finding import Analysis, Fact, Figure, Finding, Grade, Measurement, Score
from cardio_dagster.outcome import Gate, Outcome, Problem, State, Status
from cardio_dagster.reporting.parts import ReportedModel, Written
from cardio_dagster.reporting.report import Report, StageEntry, build_report
from cardio_dagster.statement import (
    Passage,
    Quality,
    QualityItem,
    Quote,
    QuoteKind,
    Reference,
    Statement,
    Suggestion,
    Trend,
    TrendPoint,
    Verification,
)
from cardio_dagster.study import Priority, Recording, Study

SURNAME = "Featherstonehaugh"
_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
_BEAT = ((0.17, 0.025, 0.13), (0.288, 0.008, -0.09), (0.31, 0.010, 1.05), (0.335, 0.010, -0.22), (0.56, 0.045, 0.28))
_ASE = "ASE/EACVI 2015"
_AHA = "AHA/ACCF/HRS 2009"


def study(*modalities: str | None, study_id: str = "st-7f3a91c0") -> Study:
    """Return a study with one recording for each given modality; None is an unrecognised file."""
    kinds = {"ecg": "dicom-waveform", "echo": "dicom-cine", "clinical": "json", None: None}
    recordings = tuple(
        Recording(
            recording_id=f"r{n:02d}",
            path=f"drop/{SURNAME}_{n}.dcm",
            sha256=f"{n:x}" * 8 + "c0ffee" * 9 + "ab",
            size_bytes=(2_412_874, 48_311, 1_204)[n % 3],
            modality=modality,
            format=kinds[modality],
            companions=(f"drop/{SURNAME}_{n}.hea",),
        )
        for n, modality in enumerate(modalities, start=1)
    )
    return Study(study_id, 1, "5b" * 32, "2026-11-22T08:15:01Z", Priority.URGENT, recordings)


def bare(*modalities: str | None, **changes: Any) -> Report:
    """Return a report of a study that yielded nothing but what `changes` say."""
    nothing: dict[str, Any] = {
        "coverage": "NONE",
        "error": None,
        "checkpoints_saved": 0,
        **dict.fromkeys(("trail", "outcomes", "analyses", "coverage_notes", "scores", "fusion_findings"), ()),
    }
    return build_report(study(*modalities), **(nothing | changes))


def ecg_svg() -> str:
    """Return twelve leads on paper, one column each of 2.5 s."""
    leads = "".join(_lead(name, column=n // 3, row=n % 3, seed=n) for n, name in enumerate(_LEADS))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="420" viewBox="0 0 1000 420">'
        '<defs><pattern id="grid" width="20" height="20" patternUnits="userSpaceOnUse">'
        '<path d="M20 0H0V20" fill="none" stroke="#f1c3c3" stroke-width="1"/></pattern></defs>'
        "<style>.trace{fill:none;stroke:#14202b;stroke-width:1.3}</style>"
        f'<rect width="1000" height="420" fill="#fffafa"/><rect width="1000" height="420" fill="url(#grid)"/>{leads}</svg>'
    )


def _lead(name: str, *, column: int, row: int, seed: int) -> str:
    gain = (70, 95, 40, -75, 25, 60, -55, -30, 35, 90, 100, 80)[seed]
    x0, y0 = column * 250, 80 + row * 130
    points = " ".join(
        f"{x0 + x},{y0 - gain * sum(a * math.exp(-(((x / 100) % 0.83 - m) ** 2) / (2 * s * s)) for m, s, a in _BEAT):.1f}"
        for x in range(0, 250, 2)
    )
    return f'<text x="{x0 + 6}" y="{y0 - 52}" font-size="14" font-weight="bold">{name}</text><polyline class="trace" points="{points}"/>'


def echo_svg() -> str:
    """Return end-diastole and end-systole side by side, each with the contour of the ventricle."""

    def sector(x: int, scale: float, label: str) -> str:
        return (
            f'<g transform="translate({x} 0)"><path d="M240 20 L60 400 Q240 470 420 400 Z" fill="#2b2f33"/>'
            f'<path d="M240 90 C{240 - 80 * scale:.0f} 130 {240 - 95 * scale:.0f} 250 {240 - 60 * scale:.0f} 300 '
            f'L{240 + 60 * scale:.0f} 300 C{240 + 95 * scale:.0f} 250 {240 + 80 * scale:.0f} 130 240 90Z"'
            f' fill="#57b7ff" fill-opacity=".25" stroke="#57b7ff" stroke-width="3"/>'
            f'<text x="30" y="40" fill="#ffffff" font-size="18">{label}</text></g>'
        )

    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 480"><rect width="960" height="480" fill="#0b0d0f"/>'
        + sector(0, 1.0, "End-diastole, frame 3")
        + sector(480, 0.72, "End-systole, frame 17")
        + "</svg>"
    )


def curve_svg() -> str:
    """Return the volume of the ventricle over time; its ids collide with those of the ECG on purpose."""
    points = " ".join(f"{60 + 7 * n},{200 - 60 * math.cos(n / 120 * 6 * math.pi):.1f}" for n in range(121))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 300"><defs><clipPath id="grid"><rect x="60" y="0"'
        ' width="860" height="300"/></clipPath></defs><path d="M60 20V270H920" fill="none" stroke="#55616c"/>'
        f'<polyline class="trace" clip-path="url(#grid)" points="{points}" fill="none" stroke="#0b5a86" stroke-width="3"/>'
        '<text x="64" y="34" font-size="16">Volume, mL</text><text x="850" y="292" font-size="16">Time, s</text></svg>'
    )


def ecg_analysis(recording_id: str = "r01") -> Analysis:
    """Return a sinus rhythm with a long QTc and no measurable atrial wave in V1."""

    def value(
        name: str, label: str, number: float | None, unit: str, high: float | None = None, **more: Any
    ) -> Measurement:
        evidence = None if number is None else "lead II 1.24 s"
        source = _AHA if high else None
        more = {"method": "median beat, all leads", "recording_id": recording_id, "evidence": evidence, **more}
        return Measurement(name, label, number, unit, reference_high=high, reference_source=source, **more)

    measurements = (
        value(
            "heart_rate_per_min",
            "Heart rate",
            72.4,
            "/min",
            100.0,
            reference_low=60.0,
            loinc="8867-4",
            method="60000 / median RR",
        ),
        value("pr_ms", "PR interval", 164.0, "ms", 200.0, reference_low=120.0, loinc="8625-6"),
        value("qrs_ms", "QRS duration", 96.0, "ms", 110.0, loinc="8633-0"),
        value("qt_ms", "QT interval", 442.0, "ms", loinc="8634-8"),
        value("qtc_ms", "QTc", 486.3, "ms", 450.0, loinc="8636-3", method="Fridericia"),
        value(
            "p_terminal_force_mv_ms",
            "P terminal force in V1",
            None,
            "mV.ms",
            reason="no P wave was found in V1",
        ),
        value("rmssd_ms", "RMSSD", 31.0, "ms", method="successive differences of normal beats"),
    )
    findings = (
        Finding(
            "SINUS_RHYTHM",
            "Sinus rhythm",
            Grade.NORMAL,
            "rhythm.sinus",
            ("heart_rate_per_min",),
            "ecg",
            recording_id,
            0.97,
        ),
        Finding(
            "QTC_PROLONGED",
            "QTc prolonged, 486 ms (Fridericia)",
            Grade.ABNORMAL,
            "interval.qtc",
            ("qtc_ms",),
            "ecg",
            recording_id,
        ),
    )
    facts = (
        Fact("rhythm", "Sinus rhythm", recording_id=recording_id),
        Fact("device_statement", None, reason="the device wrote none"),
    )
    figures = (
        Figure(
            "ecg", "12-lead ECG", ecg_svg(), "Twelve leads, 25 mm/s, 10 mm/mV; regular narrow complexes.", recording_id
        ),
    )
    return Analysis("ecg", recording_id, measurements, findings, facts, figures)


def echo_analysis(recording_id: str = "r02") -> Analysis:
    """Return a mildly reduced ejection fraction, a low one at that, and an unreadable atrium."""
    measurements = (
        Measurement("lvef_pct", "LV ejection fraction", 44.6, "%", "method of discs, single plane A4C", 52.0, 72.0, _ASE, None, "8806-2", "frames 3 and 17", 0.91, recording_id),
        Measurement("lvedv_ml", "LV end-diastolic volume", 118.2, "mL", "method of discs, single plane A4C", 62.0, 150.0, _ASE, evidence="frame 3", recording_id=recording_id),
        Measurement("lvesv_ml", "LV end-systolic volume", 65.5, "mL", "method of discs, single plane A4C", 21.0, 61.0, _ASE, evidence="frame 17", recording_id=recording_id),
        Measurement("la_volume_ml", "Left atrial volume", None, "mL", "method of discs, single plane A4C", reason="the atrium is cut off by the sector's edge in 92 of 120 frames", recording_id=recording_id),
    )  # fmt: skip
    findings = (
        Finding("LVEF_MILDLY_REDUCED", "LV ejection fraction mildly reduced, 44.6 %", Grade.ABNORMAL, "echo.lvef ASE/EACVI 2015", ("lvef_pct",), "echo", recording_id, 0.91, "frames 3 and 17"),
    )  # fmt: skip
    figures = (
        Figure("ed_es", "Left ventricle at end-diastole and end-systole", echo_svg(), "Contours of the left ventricle on frames 3 and 17.", recording_id),
        Figure("volume", "Volume of the left ventricle", curve_svg(), "Volume over four seconds; three beats.", recording_id),
    )  # fmt: skip
    return Analysis("echo", recording_id, measurements, findings, (), figures)


def clinical_analysis(recording_id: str = "r03") -> Analysis:
    """Return a patient's numbers and facts, one of them absent."""
    return Analysis(
        "clinical",
        recording_id,
        (
            Measurement("systolic_bp_mmhg", "Systolic blood pressure", 148.0, "mm[Hg]", "as sent", 90.0, 140.0, "ESC/ESH 2018", recording_id=recording_id),
            Measurement("body_surface_area_m2", "Body surface area", 1.87, "m2", "Du Bois 1916", recording_id=recording_id),
        ),
        (),
        (
            Fact("sex", "female", recording_id=recording_id),
            Fact("age_years", 63.0, "a", recording_id=recording_id),
            Fact("diabetes", True, recording_id=recording_id),
            Fact("smoking", None, reason="not in the document", recording_id=recording_id),
        ),
    )  # fmt: skip


def scores() -> tuple[Score, ...]:
    """Return a computed score and a refused one."""
    return (
        Score("prevent_cvd_10y", "PREVENT, 10-year cardiovascular disease", 14.7, "%", ("age_years = 63 (clinical r03)", "systolic_bp_mmhg = 148 (clinical r03)", "diabetes = yes (clinical r03)"), "30 to 79 years, no known cardiovascular disease", "Khan et al. 2024, doi:10.1161/CIRCULATIONAHA.123.067626", interpretation="intermediate risk"),
        Score("score2", "SCORE2", None, "%", ("age_years = 63 (clinical r03)",), "40 to 69 years, without diabetes", "SCORE2 working group 2021, doi:10.1093/eurheartj/ehab309", "not indicated in diabetes; smoking is unknown", ("smoking",)),
    )  # fmt: skip


def statement(
    number: int, section: str, text: str, grade: Grade, quotes: tuple[tuple[str, QuoteKind, str], ...] = (), **more: Any
) -> Statement:
    """Return a sentence; `quotes` are its numbers as (text, kind, name), placed where they first stand."""
    placed = tuple(
        Quote(shown, text.index(shown), kind, name, more.get("recording_id")) for shown, kind, name in quotes
    )
    return Statement(f"s{number:02d}", section, text, grade, quotes=placed, **more)  # fmt: skip


def statements() -> tuple[Statement, ...]:
    """Return a sentence for each finding and for the score; the one about the volumes rests on no finding."""
    value, bound, score = QuoteKind.MEASUREMENT, QuoteKind.REFERENCE, QuoteKind.SCORE
    ef, qtc = "chamber-quantification#ejection-fraction", "qt-interval#long-qtc"
    return (
        statement(1, "fusion", "Reduced ejection fraction (44.6 %) with a long QTc (486 ms): the two raise each other's weight.", Grade.CRITICAL, (("44.6", value, "lvef_pct"), ("486", value, "qtc_ms")), findings=("LOW_EF_LONG_QTC",), citations=(ef, qtc)),
        statement(2, "ecg", "QTc (Fridericia) 486 ms, prolonged by the 450 ms limit.", Grade.ABNORMAL, (("486", value, "qtc_ms"), ("450", bound, "qtc_ms")), findings=("QTC_PROLONGED",), recording_id="r01", citations=(qtc,)),
        statement(3, "echo", "Left ventricular ejection fraction 44.6 %, mildly reduced, below 52 to 72 %.", Grade.ABNORMAL, (("44.6", value, "lvef_pct"), ("52", bound, "lvef_pct"), ("72", bound, "lvef_pct")), findings=("LVEF_MILDLY_REDUCED",), recording_id="r02", citations=(ef,)),
        statement(4, "ecg", "Sinus rhythm; heart rate 72.4 /min.", Grade.NORMAL, (("72.4", value, "heart_rate_per_min"),), findings=("SINUS_RHYTHM",), recording_id="r01"),
        statement(5, "echo", "LV end-diastolic volume 118 mL, end-systolic volume 65.5 mL.", Grade.NORMAL, (("118", value, "lvedv_ml"), ("65.5", value, "lvesv_ml")), recording_id="r02"),
        statement(6, "scores", "PREVENT 10-year risk of cardiovascular disease 14.7 %: intermediate risk.", Grade.NORMAL, (("14.7", score, "prevent_cvd_10y"),), citations=("risk-scores#prevent",)),
    )  # fmt: skip


def _passage(passage_id: str, title: str, text: str, reference: str, *topics: str) -> Passage:
    return Passage(passage_id, title, text, (reference,), topics, hashlib.sha256(text.encode()).hexdigest())


def written() -> Written:
    """Return the written part of the full study: cited, verified but for one rule, with trends and suggestions."""
    works = (
        "Lang RM, et al. Recommendations for cardiac chamber quantification. J Am Soc Echocardiogr 2015;28:1-39. doi:10.1016/j.echo.2014.10.003",
        "Rautaharju PM, et al. Recommendations for the electrocardiogram, part IV. Circulation 2009;119:e241-e250. doi:10.1161/CIRCULATIONAHA.108.191096",
        "Protocol of this laboratory for long QT intervals, without a DOI.",
        "Khan SS, et al. The PREVENT equations. Circulation 2024;149:430-449. doi:10.1161/CIRCULATIONAHA.123.067626",
    )
    ef, qtc, risk = "chamber-quantification#ejection-fraction", "qt-interval#long-qtc", "risk-scores#prevent"
    earlier = (
        ("st-00000a01", "2024-05-02T09:00:00Z"),
        ("st-00000a02", "2025-06-11T10:30:00Z"),
        ("st-7f3a91c0", "2026-11-22T08:15:01Z"),
    )
    return Written(
        statements=statements(),
        passages=(
            _passage(ef, "Ejection fraction", "From 41 % to the lower limit of normal it is mildly reduced.", works[0], "LVEF_*"),
            _passage(qtc, "Long QTc", "A QTc from 450 ms in men and 460 ms in women is prolonged.", works[1], "QTC_*"),
            _passage(risk, "PREVENT", "The equations give a risk over 10 and over 30 years.", works[3], "prevent_*"),
        ),
        references=(
            Reference(1, works[0], "10.1016/j.echo.2014.10.003", (ef,)),
            Reference(2, works[1], "10.1161/CIRCULATIONAHA.108.191096", (qtc,)),
            Reference(3, works[2], None, (qtc,)),
            Reference(4, works[3], "10.1161/CIRCULATIONAHA.123.067626", (risk,)),
        ),
        trends=(
            Trend("lvef_pct", "LV ejection fraction", "%", tuple(TrendPoint(s, at, v) for (s, at), v in zip(earlier, (58.1, 51.9, 44.6), strict=True)), "Ejection fraction fell by 13.5 points since the first of 2 earlier studies, more than the 10 points between studies."),
            Trend("rhythm", "Rhythm", "", tuple(TrendPoint(s, at, None, "sinus rhythm") for s, at in earlier), "Sinus rhythm in all 3 studies."),
        ),
        suggestions=(
            Suggestion("maggic", "MAGGIC", "the ejection fraction is reduced", ("nyha_class", "creatinine_umol_l")),
            Suggestion("gls_pct", "Global longitudinal strain", "it may show early change where the ejection fraction is borderline"),
        ),
        verification=Verification(11, 5, 4, ("LOW_EF_LONG_QTC",), ()),
        quality=Quality(91.5, (QualityItem("key_measurements", 0.75, ("la_volume_ml",)), QualityItem("citations", 1.0), QualityItem("gates", 0.5, ("frames_with_ventricle_pct",)))),
        notes=("Only released studies are compared.",),
    )  # fmt: skip


def _outcomes(modalities: tuple[str, ...], *, problems: dict[str, tuple[Problem, ...]]) -> tuple[Outcome, ...]:
    snr = Gate("signal_to_noise_db", "1", "Signal over noise", "dB", minimum=10.0)
    valid = Gate("frames_with_ventricle_pct", "2", "Frames that show the ventricle", "%", minimum=60.0)
    verdicts = {
        "ecg": (snr.judge(21.4, modality="ecg", recording_id="r01"),),
        "echo": (valid.judge(52.5, recording_id="r02"),),
    }
    return tuple(
        Outcome(
            state,
            modality,
            Status.DEGRADED if state is State.DETECTION and problems.get(modality) else Status.OK,
            problems.get(modality, ()) if state is State.DETECTION else (),
            verdicts.get(modality, ()) if state is State.PREPROCESSING else (),
            12.5 * state + 3,
            180.0 + 31 * state,
            reused=state is State.VALIDATION,
        )
        for state in (State.VALIDATION, State.PREPROCESSING, State.DETECTION, State.ANALYSIS)
        for modality in modalities
    )


def _trail(last: State = State.FORMATTING, *, status: Status = Status.OK) -> tuple[StageEntry, ...]:
    passed = [s for s in State if State.INIT <= s <= last]
    return tuple(StageEntry(s, status if s is last else Status.OK, 20.31 * (s + 1), 210.0 + 40 * s) for s in passed)


def full() -> Report:
    """Return a complete study with all three modalities."""
    blurred = problem("E_QUALITY_002", "fewer frames show the ventricle than wanted", seen="52.5 %", allowed="60 % or more", modality="echo", recording_id="r02")  # fmt: skip
    return build_report(
        study("ecg", "echo", "clinical"),
        trail=_trail(),
        outcomes=_outcomes(("ecg", "echo", "clinical"), problems={"echo": (blurred,)}),
        analyses=(ecg_analysis(), echo_analysis(), clinical_analysis()),
        coverage="FULL",
        coverage_notes=("Left atrial volume could not be measured: diastolic function is not graded.",),
        scores=scores(),
        fusion_findings=(
            Finding("LOW_EF_LONG_QTC", "Reduced ejection fraction with a long QTc: the two raise each other's weight", Grade.CRITICAL, "fusion.ef_qtc", ("lvef_pct", "qtc_ms")),
        ),
        error=None,
        checkpoints_saved=4,
        code_versions={"DETECTION": "1 ecg-4 echo-3", "SCORING": "2"},
        models=(ReportedModel("ecg_beats", "1", "a1" * 32), ReportedModel("echo_segmentation", "2", "b2" * 32)),
        written=written(),
    )  # fmt: skip


def ecg_only() -> Report:
    """Return a complete study whose echo was never sent."""
    return build_report(
        study("ecg", study_id="st-0e11aa42"),
        trail=_trail(),
        outcomes=_outcomes(("ecg",), problems={}),
        analyses=(ecg_analysis(),),
        coverage="ECG_ONLY",
        coverage_notes=("No echo clip was sent: there is no ejection fraction.", "No metadata was sent: no risk score can be computed."),
        scores=(scores()[1],),
        fusion_findings=(),
        error=None,
        checkpoints_saved=4,
    )  # fmt: skip


def failed() -> Report:
    """Return a study that ended at RECEIPT: its one file is of no known format."""
    unknown = problem(
        "E_FORMAT_001",
        "the content is of no known format",
        seen="plain text, 1204 bytes",
        modality=None,
        recording_id="r01",
    )
    return build_report(
        study(None, study_id="st-dead0001"),
        trail=_trail(State.RECEIPT, status=Status.FAILED),
        outcomes=(Outcome(State.RECEIPT, "", Status.FAILED, (unknown,), (), 4.0, 120.0),),
        analyses=(),
        coverage="NONE",
        coverage_notes=("Nothing could be read: there are no results.",),
        scores=(),
        fusion_findings=(),
        error=("E_HARD_001", State.RECEIPT),
        checkpoints_saved=0,
    )
