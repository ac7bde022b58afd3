"""What a person reads of one clip: everything on one screen, at 80 and at 120 columns, and nothing made up."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from cardio_dagster.commands.echo_summary import show_echo
from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.modalities.echo.document import EchoDocument, SegmentEntry, WallMotionEntry
from cardio_dagster.modalities.echo.measuring.beats import BeatResult
from cardio_dagster.outcome import Gate, Problem, Severity

FRAMES = "frames 21 (ED) and 33 (ES), 50 (ED) and 60 (ES), 76 (ED) and 87 (ES); 3 beats: 56.0, 60.1, 41.0 %"
RANGE = {"reference_low": 52.0, "reference_high": 74.0, "reference_source": "ASE/EACVI 2015"}
EF = Measurement("lvef_pct", "LV ejection fraction", 48.84, "%", "discs", **RANGE, evidence=FRAMES)
EDV = Measurement("lv_edv_ml", "LV end-diastolic volume", 107.25, "mL", "discs", evidence="frames 21, 50; 2 of 3 beats")
LA = Measurement("la_volume_ml", "LA volume", None, "mL", "discs", reason="the chamber was not found")
RATE = Measurement("echo_heart_rate_bpm", "Heart rate", 66.4, "/min", "images")
CONTRAST = Gate("echo_contrast", "1", "", "1", minimum=44).judge(30.126)
SHARP = Gate("echo_sharpness", "1", "", "1", minimum=0.05).judge(0.17)
SIZE = Gate("echo_plausible_size", "1", "", "cm", 4, 14).judge(16.0)
BEATS = tuple(BeatResult(21, 33, None, 900.0, ef, 107.0, 44.0, 0.9, ef > 50) for ef in (56.0, 60.1, 41.0))
SEGMENTS = tuple(
    SegmentEntry(number, name, score, 20.0, None, None if score else "the tip")
    for number, name, score in ((3, "basal inferoseptum", 1), (9, "mid inferoseptum", 2), (17, "apical cap", None))
)
DOCUMENT = EchoDocument(
    format="dicom", view="A4C", view_probability=0.95, is_cardiac=True, mode="b_mode", frames=120, frame_rate_hz=30.0003,
    pixel_spacing_mm=0.5105, quality=0.875, lvef_pct=48.8, lv_edv_ml=107.25, lv_esv_ml=None, la_volume_ml=None,
    beats=BEATS, wall_motion=WallMotionEntry(1.5, -20.0, SEGMENTS), confidence=0.902, model_sha256="a" * 64, device={},
    measurements=(EF, EDV, LA, RATE),
    findings=(
        Finding("A", "Ejection fraction normal", Grade.NORMAL, "rule"),
        Finding("B", "Hypokinesia of the [mid] inferoseptum", Grade.ABNORMAL, "rule"),
    ),
    verdicts=(CONTRAST, SHARP, SIZE), problems=(Problem("E_VALID_004", Severity.INFO, "no spacing", "none"),), reasons={},
)  # fmt: skip


def shown(document: EchoDocument, width: int = 120) -> str:
    out = io.StringIO()
    show_echo(document, Console(file=out, width=width))
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    "told",
    [
        "dicom, 120 frames at 30 Hz (4.0 s), 0.51 mm a pixel, B-mode", "A4C (probability of A4C 0.95)",
        "1 of 3 gates passed; failed: contrast 30.1 (44 or more)", "expected Dice of the ventricle 0.90",
        "3, 66/min; ejection fraction 56, 60, 41 (not averaged) %", "normal: basal inferoseptum",
        "hypokinetic: mid inferoseptum", "not scored: apical cap", "48.8  %     52-74   frames 21 (ED) and 33 (ES), ...",
        "Not measured: left atrial volume (the chamber was not found)", "E_VALID_004: no spacing (none)",
        "Hypokinesia of the [mid] inferoseptum", "not a medical device",
    ],
)  # fmt: skip
def test_all_that_matters_is_told(width, told):
    text = shown(DOCUMENT, width)
    assert told in text or told in " ".join(text.split())
    assert max(len(line) for line in text.splitlines()) <= width
    assert len(text.splitlines()) <= 30


def test_the_gravest_statement_comes_first():
    text = shown(DOCUMENT)
    assert text.index("Hypokinesia") < text.index("Ejection fraction normal")


def test_every_failed_gate_is_told_with_its_limits():
    text = " ".join(shown(DOCUMENT).split())
    assert "plausible size 16 (4 to 14 cm)" in text
    assert "sharpness" not in text


def test_where_nothing_was_measured_the_reason_is_told_once():
    reason = "the view is not apical four-chamber"
    none = tuple(replace(m, value=None, reason=reason) for m in (EF, EDV, LA))
    text = shown(replace(DOCUMENT, measurements=none, findings=(), beats=(), wall_motion=None, view="other"))
    assert f"Nothing was measured: {reason}" in text
    assert text.count(reason) == 1
    assert "statement" not in text


def test_what_the_file_does_not_say_is_not_made_up():
    unsaid = replace(DOCUMENT, frame_rate_hz=None, pixel_spacing_mm=None, mode="unknown", beats=(), confidence=None)
    text = shown(unsaid)
    assert "120 frames at an unknown rate, no pixel spacing, mode unknown" in text
    assert "Dice" not in text
    assert "one frame, no pixel spacing" in shown(replace(unsaid, frames=1))


def test_a_clip_without_contours_shows_how_far_it_came():
    text = shown(replace(DOCUMENT, view=None, view_probability=None, confidence=None, measurements=(), findings=(),
                         beats=(), wall_motion=None))  # fmt: skip
    assert "view       not reached" in text
    assert "Nothing was measured" not in text
