"""Bundle branch and fascicular blocks, and the QRS axis.

Belongs here: text and grade of conduction within the ventricles. Not here: the criteria of shape (measuring/conduction.py).
"""

from collections.abc import Iterator

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.modalities.ecg.measuring.conduction import (
    COMPLETE_MS,
    INCOMPLETE_MS,
    Shape,
    left_anterior,
    left_bundle,
    left_posterior,
    right_bundle,
    small_r_prime,
)
from cardio_dagster.modalities.ecg.statements.case import Case, beyond

_SHAPES = "shape by AHA/ACCF/HRS 2009"


def intraventricular(case: Case) -> Iterator[Finding]:
    """State the block of a wide QRS by its shape, incomplete blocks from 110 ms, and fascicular blocks of a QRS below 120 ms."""
    qrs_ms = case.value("qrs_ms")
    if qrs_ms is None:
        return
    if qrs_ms >= COMPLETE_MS:
        yield _wide(case, qrs_ms)
        if case.block is not None and case.block.name == "right":
            yield from _fascicular(case)
    elif not case.is_paced:
        yield from _narrow(case, qrs_ms)


def _wide(case: Case, qrs_ms: float) -> Finding:
    shape, rule = case.block, f"QRS >= 120 ms, {_SHAPES}"
    sure = beyond(qrs_ms, COMPLETE_MS, kind="qrs")
    if case.is_paced:
        return case.finding(
            "ECG_QRS_WIDE", "QRS wide, as paced beats are", Grade.NOTE, "QRS >= 120 ms", "qrs_ms", confidence=sure
        )
    if shape is None:
        text = "QRS wide: intraventricular conduction delay without the shape of a bundle branch block"
        why = "" if {"V1", "V6"} <= set(case.leads) else "; V1 and V6 are not both there, so the shape was not judged"
        return case.finding("ECG_QRS_WIDE", text, Grade.ABNORMAL, f"QRS >= 120 ms{why}", "qrs_ms", confidence=sure)
    code, text = (
        ("ECG_RBBB", "Right bundle branch block") if shape.name == "right" else ("ECG_LBBB", "Left bundle branch block")
    )
    return case.finding(
        code,
        text,
        Grade.ABNORMAL,
        f"{rule}: {shape.shown}",
        "qrs_ms",
        confidence=sure,
        evidence=case.where(shape.leads),
    )


def _narrow(case: Case, qrs_ms: float) -> Iterator[Finding]:
    right, left = right_bundle(case.leads), left_bundle(case.leads)
    prime = small_r_prime(case.leads)
    if qrs_ms > INCOMPLETE_MS:
        yield _incomplete(case, qrs_ms, right or left)
    if prime is not None and (right is None or qrs_ms <= INCOMPLETE_MS):
        text = "rSr' in V1 or V2, QRS below 120 ms"
        yield case.finding(
            "ECG_RSR", text, Grade.NOTE, f"QRS < 120 ms, {prime.shown}", evidence=case.where(prime.leads)
        )
    yield from _fascicular(case)


def _fascicular(case: Case) -> Iterator[Finding]:
    """State a fascicular block where the QRS is narrow, or beside a right bundle branch block, which leaves the axis to the left bundle."""
    axis_deg = case.value("qrs_axis_deg")
    for shape, code in (
        (left_anterior(case.leads, axis_deg=axis_deg), "ECG_LAFB"),
        (left_posterior(case.leads, axis_deg=axis_deg), "ECG_LPFB"),
    ):
        if shape is not None:
            text = f"{shape.name.capitalize()} fascicular block"
            rule = f"QRS < 120 ms or right bundle branch block, {_SHAPES}: {shape.shown}"
            yield case.finding(code, text, Grade.NOTE, rule, "qrs_axis_deg", evidence=case.where(shape.leads))


def _incomplete(case: Case, qrs_ms: float, shape: Shape | None) -> Finding:
    sure = beyond(qrs_ms, INCOMPLETE_MS, kind="qrs")
    if shape is None:
        return case.finding(
            "ECG_QRS_BORDERLINE", "QRS slightly wide", Grade.NOTE, "QRS 111 to 119 ms", "qrs_ms", confidence=sure
        )
    code = "ECG_IRBBB" if shape.name == "right" else "ECG_ILBBB"
    text = f"Incomplete {shape.name} bundle branch block"
    rule = f"QRS 111 to 119 ms, {_SHAPES}: {shape.shown}"
    return case.finding(code, text, Grade.NOTE, rule, "qrs_ms", confidence=sure, evidence=case.where(shape.leads))


def axis(case: Case) -> Iterator[Finding]:
    """State a QRS axis outside -30 to 90 degrees."""
    deg = case.value("qrs_axis_deg")
    if deg is None or -30 <= deg <= 90:
        return
    if deg < -90:
        code, text, limit = "ECG_AXIS_EXTREME", "Extreme axis deviation", -90.0
    elif deg < -30:
        code, text, limit = "ECG_AXIS_LEFT", "Left axis deviation", -30.0
    else:
        code, text, limit = "ECG_AXIS_RIGHT", "Right axis deviation", 90.0
    sure = beyond(deg, limit, kind="deg")
    yield case.finding(code, text, Grade.NOTE, "QRS axis outside -30 to 90 degrees", "qrs_axis_deg", confidence=sure)
