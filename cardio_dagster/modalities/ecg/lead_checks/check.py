"""All checks of the leads of one recording.

Belongs here: choosing the signal and running the checks. Not here: any of them.
"""

from dataclasses import dataclass

import numpy as np

from cardio_dagster.finding import Finding, Grade
from cardio_dagster.modalities.ecg.lead_checks.chest import chest_problems
from cardio_dagster.modalities.ecg.lead_checks.electrodes import electrode_problems
from cardio_dagster.modalities.ecg.lead_checks.limb import FROM_I_AND_II, limb_problems, limb_residual, limb_residuals
from cardio_dagster.modalities.ecg.lead_checks.problem import LeadProblem
from cardio_dagster.modalities.ecg.prepared import PreparedEcg

_MOST_S = 60  # of a longer recording the minute with the most usable seconds
_LEAST_S = 2
_STEP_S = 0.008  # changes over this time stand for the QRS
_SAME = 1e-3
_CHEST_NAMES = frozenset({"V1", "V2", "V3", "V4", "V5", "V6"})


@dataclass(frozen=True, slots=True)
class LeadChecks:
    """What is wrong with the leads; `limb_residual` is the part of the limb leads that contradicts Einthoven and Goldberger.

    0 to 1, None with fewer than three of them. `residual_by_second` is float32 (n,), of the seconds looked at that begin at
    `start_s`; NaN where a limb lead was not usable.
    """

    problems: tuple[LeadProblem, ...]
    limb_residual: float | None
    residual_by_second: np.ndarray
    start_s: float


def check_leads(prepared: PreparedEcg) -> LeadChecks:
    """Return lead names, signs, scales and electrodes that do not fit, from the usable seconds of the usable leads.

    At most one minute is looked at, the one with the most usable seconds. Nothing is found with less than two usable seconds.
    """
    start, leads_mv, names, usable = _signal(prepared)
    limbs = tuple(lead for lead in FROM_I_AND_II if lead in names)
    per_second = _products(leads_mv[:, :, [names.index(lead) for lead in limbs]])
    residual, by_second = _residuals(per_second, limbs, usable[:, [names.index(lead) for lead in limbs]])
    kept = usable.all(axis=1)
    problems: tuple[LeadProblem, ...] = ()
    if kept.sum() >= _LEAST_S:
        signal_mv = leads_mv if kept.all() else leads_mv[kept]
        likeness = _likeness(signal_mv, prepared.record.sampling_rate_hz)
        problems = (
            *_same(likeness, signal_mv, names),
            *limb_problems(per_second[kept].sum(axis=0), limbs),
            *electrode_problems(likeness, _span_mv(signal_mv), names),
            *chest_problems(likeness, names),
        )
    return LeadChecks(_without_consequences(problems), residual, by_second, start * prepared.quality.second_s)


def lead_findings(checks: LeadChecks, *, recording_id: str) -> tuple[Finding, ...]:
    """Return the problems as findings of the grade NOTE: they are about the recording, not about the heart."""
    return tuple(
        Finding(
            p.code,
            p.text,
            Grade.NOTE,
            f"leads against each other: {', '.join(p.leads)}",
            (),
            "ecg",
            recording_id,
            p.confidence,
        )
        for p in checks.problems
    )


def _signal(prepared: PreparedEcg) -> tuple[int, np.ndarray, tuple[str, ...], np.ndarray]:
    """Return the first second, the signal (n_seconds, samples, n_leads), the names of usable leads, and usable seconds."""
    record, quality = prepared.record, prepared.quality
    usable = quality.usable()
    names = tuple(lead for lead, is_usable in zip(record.leads, usable, strict=True) if is_usable)
    good = quality.usable_seconds()[:, usable]
    start = _best_start(good)
    good = good[start : start + _MOST_S]
    width = round(quality.second_s * record.sampling_rate_hz)
    block_mv = prepared.block_mv(start * width, (start + len(good)) * width)[:, usable]
    return start, block_mv[: len(good) * width].reshape(len(good), width, len(names)), names, good


def _best_start(good: np.ndarray) -> int:
    if len(good) <= _MOST_S:
        return 0
    total = np.concatenate(([0], np.cumsum(good.all(axis=1))))
    return int((total[_MOST_S:] - total[:-_MOST_S]).argmax())


def _products(leads_mv: np.ndarray) -> np.ndarray:
    return np.asarray(np.matmul(leads_mv.transpose(0, 2, 1), leads_mv), dtype=np.float64)


def _residuals(per_second: np.ndarray, limbs: tuple[str, ...], usable: np.ndarray) -> tuple[float | None, np.ndarray]:
    by_second = np.full(len(per_second), np.nan, np.float32)
    kept = usable.all(axis=1)
    if len(limbs) < 3 or not kept.any():
        return None, by_second
    by_second[kept] = limb_residuals(per_second[kept], limbs)
    return round(limb_residual(per_second[kept].sum(axis=0), limbs), 4), by_second


def _span_mv(signal_mv: np.ndarray) -> np.ndarray:
    """Return the usual peak to peak of a second, (n_leads,)."""
    leads_mv = np.ascontiguousarray(signal_mv.transpose(0, 2, 1))  # several times quicker than along a middle axis
    return np.asarray(np.median(leads_mv.max(axis=2) - leads_mv.min(axis=2), axis=0))


def _likeness(signal_mv: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the correlation of each two leads, as they are and of their changes over 8 ms, (2, n_leads, n_leads)."""
    step = max(1, round(_STEP_S * rate_hz))
    change = np.diff(signal_mv[:, ::step], axis=1)
    plain = signal_mv[:, :: max(1, round(_STEP_S * rate_hz / 2))]
    return np.stack([_correlation(x.reshape(-1, x.shape[2]).astype(np.float64)) for x in (plain, change)])


def _correlation(x: np.ndarray) -> np.ndarray:
    total = np.ones(len(x)) @ x  # a product of matrices is several times quicker than a mean down short rows
    products = x.T @ x - np.outer(total, total) / len(x)
    sizes = np.sqrt(np.maximum(np.diag(products), 1e-12))
    return np.asarray(np.clip(products / np.outer(sizes, sizes), -1.0, 1.0))


def _same(likeness: np.ndarray, signal_mv: np.ndarray, names: tuple[str, ...]) -> tuple[LeadProblem, ...]:
    """Return leads that are copies of another one."""
    alike = np.argwhere(np.triu(likeness.min(axis=0) > 1.0 - _SAME, 1))
    copies = [(names[i], names[j]) for i, j in alike.tolist() if _is_copy(signal_mv[..., i], signal_mv[..., j])]
    return tuple(LeadProblem("ECG_LEADS_DUPLICATE", f"Leads {a} and {b} are the same", (a, b), 0.95) for a, b in copies)


def _is_copy(one: np.ndarray, other: np.ndarray) -> bool:
    return float(np.abs(one - other).mean()) < _SAME * float(np.abs(one).mean())


def _without_consequences(problems: tuple[LeadProblem, ...]) -> tuple[LeadProblem, ...]:
    """Return the problems without those that another one explains.

    A copy or a lead upside down upsets the order of the chest leads, a misnamed limb lead the search for electrodes; an electrode
    on the right leg makes limb leads alike.
    """
    limbs = set(FROM_I_AND_II)
    misnamed = [p.leads for p in problems if p.code in {"ECG_LEADS_INVERTED", "ECG_LEADS_EXCHANGED"}]
    spoiled = {lead for p in problems if p.code in {"ECG_LEADS_DUPLICATE", "ECG_LEADS_INVERTED"} for lead in p.leads}
    explained = set()
    if spoiled & _CHEST_NAMES:
        explained.add("ECG_LEADS_CHEST")
    if any(set(leads) <= limbs for leads in misnamed):
        explained.add("ECG_LEADS_LIMBS")
    elif any(p.code == "ECG_LEADS_LIMBS" for p in problems):
        problems = tuple(p for p in problems if p.code != "ECG_LEADS_DUPLICATE" or not set(p.leads) <= limbs)
    return tuple(p for p in problems if p.code not in explained)
