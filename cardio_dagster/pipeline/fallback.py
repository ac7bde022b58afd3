"""What is left where a stage that joins the modalities failed for good: each modality by itself, no score, a bare response.

Belongs here: values that need nothing of what may be broken. Not here: when they are used (settled.py).
"""

import html
import json
from dataclasses import replace

from cardio_dagster.finding import Analysis, Score
from cardio_dagster.fusion import Fusion, Missing
from cardio_dagster.fusion.fused import Coverage, Feature
from cardio_dagster.fusion.select import CLINICAL, candidates, choose, in_order
from cardio_dagster.outcome import Problem
from cardio_dagster.reporting.parts import INTENDED_USE
from cardio_dagster.scoring import SCORES, summarise
from cardio_dagster.study import Study

FUSION = "fusion"
_EFFECT = (
    "the modalities stand each by itself: nothing was chosen among them, nothing compared, no contradiction looked for, "
    "and every score is refused"
)
_SIGNALS = {frozenset({"ecg", "echo"}): Coverage.FULL, frozenset({"ecg"}): Coverage.ECG_ONLY,
            frozenset({"echo"}): Coverage.ECHO_ONLY}  # fmt: skip
_NOTHING = Fusion(Coverage.NONE, False, (), (), (), (), (), ())


def unfused(analyses: tuple[Analysis, ...], lost: tuple[str, ...]) -> Fusion:
    """Return the features and findings of each modality by itself, in the order of their names, and the note that says so.

    A name that two modalities know stands there twice, told apart by its source. Nothing is indexed by body surface.
    """
    present = tuple(sorted({a.modality for a in analyses}))
    signals = frozenset(present) & {"ecg", "echo"}
    coverage = _SIGNALS.get(signals, Coverage.CLINICAL_ONLY if CLINICAL in present else Coverage.NONE)
    return Fusion(
        coverage=coverage,
        has_clinical=CLINICAL in present,
        modalities=present,
        failed=tuple(sorted(lost)),
        features=tuple(f for m in present for f in _features(tuple(a for a in analyses if a.modality == m))),
        findings=tuple(f for a in in_order(analyses) for f in a.findings),
        consistency=(),
        missing=(*(Missing(m, "failed", f"the results of {m} are missing") for m in sorted(lost)), _missing()),
    )


def _missing() -> Missing:
    return Missing(FUSION, "failed", _EFFECT)


def _features(analyses: tuple[Analysis, ...]) -> tuple[Feature, ...]:
    offered = list(candidates(in_order(analyses)))
    names = dict.fromkeys(c.feature.name for c in offered)
    return tuple(choose([c for c in offered if c.feature.name == name]) for name in names)


def was_not_fused(fusion: Fusion) -> bool:
    """Return whether a fusion is one of `unfused`."""
    return _missing() in fusion.missing


def refused_scores(reason: str) -> tuple[Score, ...]:
    """Return every registered score and the summary tier, refused for one reason."""
    bare = (*(_bare(name) for name in SCORES), summarise((), ()))
    return tuple(replace(s, value=None, reason=reason, inputs=(), missing=(), interpretation=None) for s in bare)


def _bare(name: str) -> Score:
    """Return a score with its own label, unit and source; by its name alone where even that cannot be had."""
    try:
        return SCORES[name](_NOTHING)
    except MemoryError:
        raise
    except Exception:  # the score may be what is broken
        return Score(name, name, None, "1", (), "", "", reason="not computed")


def bare_json(study: Study, met: Problem) -> bytes:
    """Return the least that an error response says, where the report's own writer breaks."""
    return json.dumps({**_told(study, met), "intended_use": INTENDED_USE}, indent=2).encode() + b"\n"


def bare_html(study: Study, met: Problem) -> bytes:
    """Return the least that an error response says as a page, where the report's own writer breaks."""
    rows = "".join(
        f"<tr><th scope='row'>{html.escape(name.replace('_', ' '))}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in _told(study, met).items()
    )
    style = (
        "body{font:1rem/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
        "th{text-align:left;vertical-align:top;padding:.3rem 1rem .3rem 0;font-weight:600;white-space:nowrap}"
        "td{overflow-wrap:anywhere}h1{font-size:1.4rem}p{border-left:4px solid #b3261e;padding-left:.8rem}"
    )
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>Error response</title><style>{style}</style></head><body><h1>Error response</h1>"
        "<p>The report of this study could not be written. No result of it is shown here.</p>"
        f"<table>{rows}</table><p>{html.escape(INTENDED_USE)}</p></body></html>\n"
    ).encode()


def _told(study: Study, met: Problem) -> dict[str, str | int]:
    return {
        "study_id": study.study_id, "revision": study.revision, "final_state": "ERROR", "code": met.code,
        "message": met.message, "seen": met.seen or "", "cure": met.cure or "",
    }  # fmt: skip
