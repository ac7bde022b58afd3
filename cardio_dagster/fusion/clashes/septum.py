"""Left bundle branch block and pacing against the motion of the septum.

Belongs here: that an abnormal septum is expected in them, and that one which moves well is worth a word. Not here: judging
either. Neither is a contradiction: in isolated block the septum ejects 40 +- 16 % of its region and 67 +- 7 % in the healthy
(Grines 1989), so that a good part looks normal; the abnormal motion that all of 17 patients had (Dillon 1974) is early in
systole, and excursion at end-systole may miss it.
"""

from cardio_dagster.finding import Analysis, Finding, Grade
from cardio_dagster.fusion.clashes.readings import ECG, ECHO, codes, of, value, where
from cardio_dagster.fusion.clashes.rule import Rule

SEPTUM = ("basal inferoseptum", "mid inferoseptum", "apical septum")
_KINDS = ("HYPOKINESIA", "AKINESIA", "DYSKINESIA")
_ABNORMAL = frozenset(f"{kind}_{name.replace(' ', '_').upper()}" for kind in _KINDS for name in SEPTUM)
_EXCURSIONS = tuple(f"excursion_{name.replace(' ', '_')}_pct" for name in SEPTUM)
_GLOBAL = frozenset(f"GLOBAL_{kind}" for kind in _KINDS)
_INDEX = "wall_motion_score_index"
_SOURCE = "Grines 1989, doi:10.1161/01.CIR.79.4.845; Dillon 1974, doi:10.1161/01.CIR.49.5.876"
EXPLAINED = Rule(
    "fusion.septum_explained",
    Grade.NOTE,
    "left bundle branch block or a paced rhythm in the ECG, and a septal segment scored above 1 in the echo",
    _SOURCE,
)
MOVES = Rule(
    "fusion.septum_moves_in_lbbb",
    Grade.NOTE,
    f"left bundle branch block in the ECG, and all {len(SEPTUM)} septal segments scored 1 in the echo",
    _SOURCE,
)
RULES = (EXPLAINED, MOVES)


def explained_by_conduction(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State that abnormal septal motion is expected with the conduction of the ECG; None without both."""
    found = [(ecg, cause) for ecg in of(analyses, ECG) if (cause := _cause(ecg))]
    weak = [echo for echo in of(analyses, ECHO) if codes(echo) & _ABNORMAL]
    if not found or not weak:
        return None
    ecg, cause = found[0]
    named = [n for n in SEPTUM if any(f"_{n.replace(' ', '_').upper()}" in c for e in weak for c in codes(e))]
    others = any(_is_weak_elsewhere(echo) for echo in weak)
    rest = " What is abnormal outside the septum is not explained by it." if others else ""
    text = f"Abnormal motion of the {', '.join(named)} is expected with {cause} and is no sign of ischaemia by itself.{rest}"
    names = (_INDEX, *(f"excursion_{n.replace(' ', '_')}_pct" for n in named), *_width(ecg))
    return EXPLAINED.finding(text, names, where(ecg, *weak))


def moves_in_left_bundle_block(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State that no septal segment is abnormal in left bundle branch block; None where one is or any was not scored."""
    blocked = [ecg for ecg in of(analyses, ECG) if "ECG_LBBB" in codes(ecg)]
    scored = [e for e in of(analyses, ECHO) if all(value(e, name) is not None for name in _EXCURSIONS)]
    if not blocked or not scored or any(codes(e) & (_ABNORMAL | _GLOBAL) for e in of(analyses, ECHO)):
        return None
    text = "Left bundle branch block, but no septal segment is scored abnormal: early motion of the septum may have been missed."
    return MOVES.finding(text, (_INDEX, *_EXCURSIONS, *_width(blocked[0])), where(blocked[0], *scored))


def _width(ecg: Analysis) -> tuple[str, ...]:
    return () if value(ecg, "qrs_ms") is None else ("qrs_ms",)


def _cause(ecg: Analysis) -> str | None:
    if "ECG_LBBB" in codes(ecg):
        return "left bundle branch block"
    return "a paced rhythm" if "ECG_PACED" in codes(ecg) else None


def _is_weak_elsewhere(echo: Analysis) -> bool:
    """Return whether a segment outside the septum was scored above 1."""
    return any(code.startswith(tuple(f"{kind}_" for kind in _KINDS)) for code in codes(echo) - _ABNORMAL)
