"""The key numbers: found by name or LOINC, and never silently absent."""

from cardio_dagster.finding import Analysis, Fact, Finding, Grade, Measurement
from cardio_dagster.reporting import summary
from cardio_dagster.reporting.parts import Flag
from cardio_dagster_tests.reporting import samples
from cardio_dagster_tests.reporting.samples import bare


def test_key_numbers_of_the_full_study():
    found = {key.label: (key.text, key.unit, key.flag) for key in summary.key_numbers(samples.full())}
    assert found == {
        "LVEF": ("44.6", "%", Flag.LOW),
        "Heart rate": ("72.4", "/min", Flag.WITHIN),
        "Rhythm": ("Sinus rhythm", "", None),
        "QTc": ("486", "ms", Flag.HIGH),
    }


def test_what_was_not_sent_is_told_from_what_could_not_be_measured():
    assert summary.lvef(samples.ecg_only()).detail == "no echo clip in this study"
    assert summary.lvef(bare("echo")).detail == "not measured, see problems"
    unread = Measurement("lvef_pct", "LVEF", None, "%", "discs", reason="no end-systole was found")
    assert summary.lvef(bare("echo", analyses=(Analysis("echo", "r01", (unread,)),))).detail == unread.reason


def test_a_key_number_is_known_by_its_loinc_whatever_its_name():
    measured = Measurement("ef_biplane_pct", "EF", 60.0, "%", "discs", loinc="8806-2")
    assert summary.lvef(bare("echo", analyses=(Analysis("echo", "r01", (measured,)),))).text == "60"


def test_further_recordings_are_named_beside_the_first():
    def clip(recording_id: str, value: float | None) -> Analysis:
        reason = "blurred" if value is None else None
        return Analysis("echo", recording_id, (Measurement("lvef_pct", "LVEF", value, "%", "discs", reason=reason, recording_id=recording_id),))  # fmt: skip

    key = summary.lvef(bare("echo", "echo", "echo", analyses=(clip("r01", None), clip("r02", 55.0), clip("r03", 48.0))))
    assert (key.text, key.detail) == ("55", "discs; also 48 (r03)")


def test_a_value_that_was_only_sent_names_its_source():
    sent = Measurement("heart_rate_bpm", "Heart rate", 80.0, "/min", "as sent")
    assert (
        summary.heart_rate(bare("clinical", analyses=(Analysis("clinical", "r01", (sent,)),))).detail
        == "as sent, from clinical"
    )


def test_the_rhythm_is_the_fact_or_else_the_finding_of_a_rhythm_rule():
    finding = Finding("AF", "Atrial fibrillation", Grade.ABNORMAL, "rhythm.af", modality="ecg")
    assert summary.rhythm(bare("ecg", fusion_findings=(finding,))).text == "Atrial fibrillation"
    fact = Analysis("ecg", "r01", facts=(Fact("rhythm", "sinus"),))
    assert summary.rhythm(bare("ecg", analyses=(fact,), fusion_findings=(finding,))).text == "sinus"


def test_the_gravest_finding_comes_first_and_normal_ones_are_not_key():
    grades = [finding.grade for finding in summary.findings_by_weight(samples.full())]
    assert grades == [Grade.CRITICAL, Grade.ABNORMAL, Grade.ABNORMAL, Grade.NORMAL]
    assert len(summary.key_findings(samples.full())) == 3


def test_formulas_of_one_recording_are_not_taken_for_further_recordings():
    def qtc(formula: str, value: float) -> Measurement:
        return Measurement(f"qtc_{formula}_ms", formula, value, "ms", formula, recording_id="r01")

    analysis = Analysis("ecg", "r01", (qtc("bazett", 440.0), qtc("fridericia", 430.0)))
    key = summary.qtc(bare("ecg", analyses=(analysis,)))
    assert (key.text, key.detail) == ("430", "fridericia")


def test_what_was_not_measured_or_computed_is_missing_and_says_why():
    notes = summary.missing(samples.full())
    assert notes[0] == samples.full().coverage_notes[0]
    assert any("Left atrial volume (the atrium is cut off" in note for note in notes)
    assert notes[-1] == "Not computed, for the reasons beside each: SCORE2"
    assert summary.missing(bare()) == ()
