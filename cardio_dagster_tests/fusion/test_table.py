"""The feature table: one row a name, with method and source, what was not chosen, and the reason where there is nothing."""

import msgspec
import pyarrow as pa

from cardio_dagster.finding import Analysis, Measurement
from cardio_dagster.fusion import FeatureRow, feature_table, fuse
from cardio_dagster_tests.fusion.analyses import DEMO, analysis, clip, ecg


def table(*analyses):
    return {row.name: row for row in feature_table(fuse(analyses, ()), analyses)}


def test_a_row_says_where_a_value_comes_from_and_what_was_not_taken():
    rows = table(ecg(rate=61), clip(rate=64.8), analysis("clinical", "r01", numbers={"heart_rate_bpm": 72}))
    row = rows["heart_rate_bpm"]
    assert (row.value, row.unit, row.source, row.recording_id) == (61.0, "/min", "ecg", "r02")
    assert (row.method, row.rule) == ("test", "ecg is preferred for this value")
    assert row.not_chosen == ("72 /min (clinical r01)", "64.8 /min (echo r03)")


def test_method_label_loinc_and_confidence_are_those_of_the_chosen_measurement():
    def echo(recording_id, value, confidence):
        m = Measurement(
            "lvef_pct", f"EF {recording_id}", value, "%", f"by {recording_id}", loinc="8806-2", confidence=confidence
        )
        return Analysis("echo", recording_id, (m,))

    row = table(echo("r01", 50.0, 0.8), echo("r02", 60.0, 0.9))["lvef_pct"]
    assert (row.label, row.method, row.confidence, row.loinc) == ("EF r02", "by r02", 0.9, "8806-2")
    assert row.not_chosen == ("50 % (echo r01)",)


def test_one_row_a_name_sorted():
    rows = feature_table(fuse(DEMO, ()), DEMO)
    names = [row.name for row in rows]
    assert names == sorted(set(names))
    assert set(names) == {f.name for f in fuse(DEMO, ()).features}


def test_absent_is_null_with_its_reason():
    row = table(analysis("echo", absent=("lvef_pct",)))["lvef_pct"]
    assert (row.value, row.text, row.reason, row.rule, row.not_chosen) == (None, None, "not seen", "", ())


def test_facts_and_equal_offers():
    rows = table(
        analysis("clinical", "r01", facts={"sex": "female"}),
        ecg("r02"),
        analysis("ecg", "r03", facts={"sex": "F"}),
        analysis("ecg", "r04", facts={"sex": "F"}),
    )
    assert (rows["sex"].text, rows["sex"].method, rows["sex"].label) == ("female", "stated in the file", None)
    assert rows["sex"].not_chosen == ("female (ecg r03)", "female (ecg r04)")


def test_an_index_is_a_row_of_the_fusion():
    body = analysis("clinical", "r02", numbers={"height_cm": 170, "weight_kg": 70}, facts={"sex": "F"})
    given = (analysis("echo", numbers={"lv_edv_ml": 120.0}), body)
    fusion = fuse(given, ())
    row = {r.name: r for r in feature_table(fusion, given)}["lv_edv_index_ml_m2"]
    assert (row.source, row.recording_id, row.unit) == ("fusion", "r01", "mL/m2")
    assert row.label == "LV end-diastolic volume index"
    assert row.not_chosen == ()
    assert feature_table(fusion, (*given, *fusion.indexed)) == feature_table(fusion, given)


def test_rows_go_to_json_and_to_arrow():
    rows = feature_table(fuse(DEMO, ()), DEMO)
    assert msgspec.json.decode(msgspec.json.encode(rows), type=tuple[FeatureRow, ...]) == rows
    assert pa.Table.from_pylist(msgspec.to_builtins(rows)).num_rows == len(rows)
