"""A small report: one ECG with fibrillation, one echo, a score, and the passages that they cite."""

from cardio_dagster.finding import Analysis, Grade, Measurement
from cardio_dagster.outcome import Gate
from cardio_dagster.statement import Context, Passage, Quote, QuoteKind, Statement

AF = Passage(
    "af#stroke", "AF", "On stroke.", ("ESC 2024. doi:10.1093/eurheartj/ehae176.",), ("ECG_AFIB", "cha2ds2_*"), "a" * 64
)
EF = Passage(
    "chambers#ef",
    "EF",
    "On EF.",
    ("ASE 2015. doi:10.1016/j.echo.2014.10.003.", "A book of 1998, chapter 3."),
    ("LVEF_*", "lvef_pct"),
    "b" * 64,
)
CORPUS = (AF, EF)
CONTEXT = Context(CORPUS)


def measurement(name, value=1.0, *, confidence=None):
    return Measurement(name, name, value, "1", "test", reason=None if value is not None else "n", confidence=confidence)


def analysis(modality, *measurements):
    return Analysis(modality, "r01", tuple(measurements))


def statement(number, *, findings=(), citations=(), grade=Grade.ABNORMAL, quotes=()):
    return Statement(f"s{number:02d}", "ecg", "A sentence.", grade, findings, None, quotes, citations)


def quote(kind, name):
    return Quote("2", 0, kind, name)


AF_SENTENCE = statement(1, findings=("ECG_AFIB",), citations=("af#stroke",))
EF_SENTENCE = statement(2, findings=("LVEF_MILDLY_REDUCED",), citations=("chambers#ef",))
SCORE_SENTENCE = statement(
    3, citations=("af#stroke",), grade=Grade.NORMAL, quotes=(quote(QuoteKind.SCORE, "cha2ds2_va"),)
)
PLAIN_SENTENCE = statement(4, grade=Grade.NORMAL, quotes=(quote(QuoteKind.MEASUREMENT, "qrs_ms"),))
STATEMENTS = (AF_SENTENCE, EF_SENTENCE, SCORE_SENTENCE, PLAIN_SENTENCE)

ECG = analysis(
    "ecg", *(measurement(n) for n in ("heart_rate_bpm", "qrs_ms", "qrs_axis_deg", "qt_ms", "qtc_fridericia_ms"))
)
ECHO = analysis(
    "echo",
    measurement("lvef_pct", confidence=0.9),
    measurement("lv_edv_ml", confidence=0.7),
    measurement("lv_esv_ml"),
    measurement("la_volume_ml"),
    measurement("wall_motion_score_index"),
)
GATE = Gate("duration", "1", "long enough", "s", minimum=2.0)
PASSED, NOT_PASSED = GATE.judge(10.0, recording_id="r01"), GATE.judge(1.0, recording_id="r02")
