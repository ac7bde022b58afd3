"""Conduction from atria to ventricles: the PR interval, and what its course over the beats says of a block.

Belongs here: PR and AV block. Not here: blocks within the ventricles (conduction.py).

P waves are known before beats only. A second-degree block is therefore stated from the course of PR around a long interval, a third-degree
block from a PR that changes beat by beat under regular beats; where the beats are slow or pause without either, that nothing is known is stated.
"""

from collections.abc import Iterator

import numpy as np

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.modalities.ecg.statements.case import Case, beyond
from cardio_dagster.modalities.ecg.trust import intact_rr_s

_LONG_RR, _SHORTER_MS = 1.3, 40.0  # a long interval over the median; how much PR must shorten after it
_SPREAD_MS, _REGULAR, _SLOW_BPM = 100.0, 0.08, 60.0
_WITH_P = ("sinus", "other", "not_classified")


def av_block(case: Case) -> Iterator[Finding]:
    """State a long or short PR, and signs of second- and third-degree block."""
    pr_ms = case.value("pr_ms")
    if pr_ms is not None and pr_ms > 200:
        text = "PR interval prolonged (first-degree AV block)"
        yield case.finding(
            "ECG_PR_LONG", text, Grade.ABNORMAL, "PR > 200 ms", "pr_ms", confidence=beyond(pr_ms, 200, kind="pr")
        )
    if pr_ms is not None and pr_ms < 120:
        yield case.finding(
            "ECG_PR_SHORT",
            "PR interval short",
            Grade.NOTE,
            "PR < 120 ms",
            "pr_ms",
            confidence=beyond(pr_ms, 120, kind="pr"),
        )
    if case.rhythm.label in _WITH_P and case.intervals is not None and case.is_trusted:
        yield from _higher_degree(case)


def _higher_degree(case: Case) -> Iterator[Finding]:
    dissociated = _dissociated(case)
    wenckebach = None if dissociated else _wenckebach(case)
    if dissociated:
        text = "P waves not tied to the QRS: complete AV block or AV dissociation possible"
        rule = "PR over 100 ms apart between beats (the shortest and longest left out), regular RR, heart rate < 60/min"
        yield case.finding("ECG_AV_BLOCK_3", text, Grade.CRITICAL, rule, confidence=0.6, evidence=dissociated)
    elif wenckebach:
        text = "Second-degree AV block, Wenckebach, possible"
        rule = "PR at least 40 ms shorter after an interval over 1.3 times the median than before it"
        yield case.finding("ECG_AV_BLOCK_2", text, Grade.ABNORMAL, rule, confidence=0.6, evidence=wenckebach)
    elif _may_hide_a_block(case):
        text = "Second- and third-degree AV block not assessed: P waves without a QRS are not looked for"
        rule = "heart rate < 50/min, or an interval over 1.8 times the median"
        yield case.finding("ECG_AV_BLOCK_NOT_ASSESSED", text, Grade.NOTE, rule)


def _dissociated(case: Case) -> str | None:
    """Return the evidence for P waves that march through regular, slow beats."""
    of = case.intervals
    rate_bpm, rr_s = case.value("heart_rate_bpm"), _rr_s(case)
    if of is None or of.pr_spread_ms is None or rate_bpm is None or len(rr_s) < 3:
        return None
    is_regular = float(np.std(rr_s) / np.mean(rr_s)) < _REGULAR
    if rate_bpm >= _SLOW_BPM or not is_regular or of.pr_spread_ms < _SPREAD_MS:
        return None
    return f"PR differs by {of.pr_spread_ms:.0f} ms between beats, RR is regular"


def _wenckebach(case: Case) -> str | None:
    """Return the evidence for a PR that is short again after a long interval; ectopic beats take no part."""
    of = case.intervals
    if of is None or of.rr_ms is None or "V" in case.beat_types or "S" in case.beat_types:
        return None
    pr_ms, rr_ms = of.beat_pr_ms, of.beat_rr_ms
    shorter = np.full(len(pr_ms), np.nan)
    shorter[1:] = pr_ms[:-1] - pr_ms[1:]
    found = np.flatnonzero((rr_ms > _LONG_RR * of.rr_ms) & (shorter >= _SHORTER_MS))
    if not len(found):
        return None
    return f"PR {pr_ms[found[0] - 1]:.0f} ms before and {pr_ms[found[0]]:.0f} ms after an interval of {rr_ms[found[0]]:.0f} ms"


def _may_hide_a_block(case: Case) -> bool:
    rate_bpm, rr_s = case.value("heart_rate_bpm"), _rr_s(case)
    if rate_bpm is None or not len(rr_s):
        return False
    return rate_bpm < 50 or bool((rr_s > 1.8 * np.median(rr_s)).any())


def _rr_s(case: Case) -> np.ndarray:
    """Return the intervals in which the signal was not lost, (n,): a gap is neither a pause nor irregular."""
    rr_s = intact_rr_s(case.beat_time_s, case.lost_s)
    return np.asarray(rr_s[np.isfinite(rr_s)])
