"""Small analyses that the fusion and scoring tests are built from, and the real demo study in brief."""

from dataclasses import replace

from cardio_dagster.finding import Analysis, Fact, Finding, Grade, Measurement

UNITS = {"heart_rate_bpm": "/min", "echo_heart_rate_bpm": "/min", "lvef_pct": "%", "age_years": "a"}


def analysis(modality, recording_id="r01", *, numbers=None, facts=None, codes=(), confidence=None, absent=()):
    """Return an Analysis of the given values; `codes` become findings, `absent` measurements without value."""
    measured = tuple(
        Measurement(n, n, float(v), UNITS.get(n, "1"), "test", confidence=confidence, recording_id=recording_id)
        for n, v in (numbers or {}).items()
    )
    lacking = tuple(Measurement(n, n, None, UNITS.get(n, "1"), "test", reason="not seen") for n in absent)
    return Analysis(
        modality,
        recording_id,
        (*measured, *lacking),
        tuple(Finding(c, c, Grade.ABNORMAL, "test", modality=modality, recording_id=recording_id) for c in codes),
        tuple(Fact(n, v, reason=None if v is not None else "not stated") for n, v in (facts or {}).items()),
    )


def ecg(recording_id="r02", *, rhythm="sinus", rate=None, codes=(), numbers=None):
    """Return an ECG with its rhythm as the branch tells it."""
    beats = {} if rate is None else {"heart_rate_bpm": rate}
    return analysis("ecg", recording_id, numbers={**beats, **(numbers or {})}, facts={"rhythm": rhythm}, codes=codes)


def clip(recording_id="r03", *, beats=5, rhythm="regular", rate=70.0, numbers=None, codes=()):
    """Return an echo clip with the beats as the branch tells them: in the evidence of the heart rate."""
    echo = analysis("echo", recording_id, numbers={"echo_heart_rate_bpm": rate, **(numbers or {})}, codes=codes)
    told, *others = echo.measurements
    return replace(echo, measurements=(replace(told, evidence=f"{beats} beats, rhythm {rhythm}"), *others))


SEPTUM = {f"excursion_{n}_pct": 25.0 for n in ("basal_inferoseptum", "mid_inferoseptum", "apical_septum")}
LATERAL = {
    f"excursion_{n}_pct": 30.0 for n in ("apical_lateral_wall", "mid_anterolateral_wall", "basal_anterolateral_wall")
}
SEGMENTS = {**SEPTUM, **LATERAL}
# the released demo study: the values of its report.json that a check may look at
DEMO = (
    analysis("clinical", "r01", numbers={"heart_rate_bpm": 72, "age_years": 42}, facts={"sex": "female"}),
    replace(
        ecg("r02", rate=61, codes=("ECG_SINUS", "ECG_QTC_SHORT", "ECG_P_TALL"), numbers={"qrs_ms": 86.3}),
        facts=(Fact("rhythm", "sinus"), Fact("sex", "F"), Fact("age_years", 42.0, "a")),
    ),
    clip(
        "r03",
        beats=4,
        rate=64.8,
        numbers={
            "lvef_pct": 62.9,
            "lvef_sd_pct": 2.5,
            "wall_motion_score_index": 1.0,
            "septal_thickness_a4c_mm": 11.68,
            "lateral_thickness_a4c_mm": 13.29,
            **SEGMENTS,
        },
        codes=("LVEF_NORMAL", "WALL_MOTION_NORMAL"),
    ),
)
