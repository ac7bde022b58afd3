"""Small analyses that the fusion and scoring tests are built from."""

from cardio_dagster.finding import Analysis, Fact, Finding, Grade, Measurement

UNITS = {"heart_rate_bpm": "/min", "lvef_pct": "%", "age_years": "a"}


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
