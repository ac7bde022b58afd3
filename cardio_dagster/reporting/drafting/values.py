"""Sentences on values that no finding speaks of: the key values, those out of range, those not measured.

Belongs here: which values are named, and in which order. Not here: findings (slots.py) or scores (scores.py).
"""

from collections.abc import Iterator

from cardio_dagster.finding import Analysis, Grade, Measurement
from cardio_dagster.reporting.drafting.sentence import Line, Piece, listed, plain
from cardio_dagster.reporting.drafting.slots import label, place, value
from cardio_dagster.reporting.drafting.subject import recording_of

# What a reader looks for first; by modality, in the order of the sentence.
KEY_VALUES: dict[str, tuple[str, ...]] = {
    "ecg": ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtc_fridericia_ms", "qrs_axis_deg"),
    "echo": (
        "lvef_pct",
        "lv_edv_ml",
        "lv_esv_ml",
        "lv_stroke_volume_ml",
        "la_volume_ml",
        "echo_heart_rate_bpm",
        "wall_motion_score_index",
    ),
    "clinical": ("sbp_mmhg", "dbp_mmhg", "heart_rate_bpm", "bmi_kg_m2", "egfr_ml_min_1_73m2", "e_over_e_prime"),
    "fusion": ("lv_edv_index_ml_m2", "lv_esv_index_ml_m2", "la_volume_index_ml_m2"),
}
_OPTIONAL = ("clinical",)  # what a document does not state was not failed to be measured


def value_lines(analysis: Analysis, said: set[tuple[str, str | None]]) -> Iterator[Line]:
    """Give the sentences of one analysis; `said` are name and recording of the values that other sentences gave.

    A value outside its range of which no finding speaks has a sentence of its own.
    """
    spoken_of = {name for finding in analysis.findings for name in finding.measurements}
    rest = [m for m in analysis.measurements if (m.name, recording_of(m, analysis)) not in said]
    apart = [m for m in rest if m.within_reference is False and m.name not in spoken_of]
    yield from (_out_of_range(m, analysis) for m in apart)
    yield from _key_values(analysis, [m for m in rest if m not in apart])
    yield from _not_measured(analysis)


def _out_of_range(m: Measurement, analysis: Analysis) -> Line:
    recording_id = recording_of(m, analysis)
    where = place(m, recording_id) or ()
    return _line(analysis, (Piece(f"{label(m)} "), *value(m, recording_id), Piece(", "), *where))


def _key_values(analysis: Analysis, rest: list[Measurement]) -> Iterator[Line]:
    known = {m.name: m for m in rest if m.value is not None}
    named = [known[n] for n in KEY_VALUES.get(analysis.modality, ()) if n in known]
    if named:
        parts = [(Piece(f"{label(m)} "), *value(m, recording_of(m, analysis))) for m in named]
        yield _line(analysis, listed(parts))


def _not_measured(analysis: Analysis) -> Iterator[Line]:
    wanted = () if analysis.modality in _OPTIONAL else KEY_VALUES.get(analysis.modality, ())
    absent = [label(m) for m in analysis.measurements if m.name in wanted and m.value is None]
    if absent:
        yield _line(analysis, plain(f"Not measured, for the reasons in the table: {', '.join(absent)}"))


def _line(analysis: Analysis, pieces: tuple[Piece, ...]) -> Line:
    recording_id = None if analysis.recording_id == analysis.modality else analysis.recording_id
    return Line(analysis.modality, Grade.NORMAL, pieces, (), recording_id)
