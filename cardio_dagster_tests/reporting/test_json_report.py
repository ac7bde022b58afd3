"""report.json: its keys, its way back, its schema, and what it does not hold."""

import json

import msgspec
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.reporting.execution import Execution, PipelineRun, execution_json
from cardio_dagster.reporting.json_report import from_json, to_json, without_drawings
from cardio_dagster.reporting.schema import SCHEMA_PATH, schema, schema_bytes
from cardio_dagster_tests.reporting import samples

STUDIES = pytest.mark.parametrize(
    "report", [samples.full(), samples.ecg_only(), samples.failed()], ids=["full", "ecg", "error"]
)
KEYS = [
    "schema_version", "study_id", "revision", "content_sha256", "priority", "received_at",
    "software_version", "intended_use", "final_state", "coverage", "coverage_notes", "release_status", "error",
    "pipeline_execution", "code_versions", "models", "stages", "recordings", "measurements", "findings", "facts", "scores",
    "verdicts", "problems", "figures", "written", "version", "review",
]  # fmt: skip


@STUDIES
def test_the_keys_and_their_order_are_fixed(report):
    assert list(json.loads(to_json(report))) == KEYS


def test_the_execution_has_exactly_the_keys_of_the_specification():
    run = PipelineRun(("RECEIPT",), ("ecg",), 4, 0, 12.5)
    document = json.loads(execution_json(Execution("s", 1, "2026-11-22T08:15:04Z", run, {"RECEIPT": 1.5}, ())))
    assert list(document["pipeline_execution"]) == [
        "states_traversed", "branches_executed", "checkpoints_saved", "retries_performed", "total_time_ms",
    ]  # fmt: skip
    assert document["stage_timings"] == {"RECEIPT": 1.5}


@STUDIES
def test_what_was_written_reads_back_equal(report):
    assert from_json(to_json(report)) == without_drawings(report)


@STUDIES
def test_the_same_report_gives_the_same_bytes(report):
    assert to_json(report) == to_json(from_json(to_json(report)))


@STUDIES
def test_neither_file_names_nor_drawings_are_in_it(report):
    text = to_json(report).decode()
    assert samples.SURNAME not in text
    assert "<svg" not in text


def test_a_null_measurement_carries_its_reason():
    measurements = {m["name"]: m for m in json.loads(to_json(samples.full()))["measurements"]}
    assert measurements["la_volume_ml"]["value"] is None
    assert "cut off" in measurements["la_volume_ml"]["reason"]
    assert measurements["lvef_pct"]["flag"] == "low"


def test_the_published_schema_is_that_of_the_code():
    assert SCHEMA_PATH.read_bytes() == schema_bytes(), "run python -m cardio_dagster.reporting.schema"


@STUDIES
def test_reports_fit_the_published_schema(report):
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    validator.check_schema(schema())
    assert list(validator(schema()).iter_errors(json.loads(to_json(report)))) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [({"revision": "one"}, "$.revision"), ({"findings": [{"code": 1}]}, "$.findings"), ({"error": {}}, "$.error")],
)
def test_schema_and_decoder_refuse_the_same(change, place):
    document = json.loads(to_json(samples.full())) | change
    with pytest.raises(StudyError) as refused:
        from_json(msgspec.json.encode(document))
    assert refused.value.problem.code == "E_CORRUPT_001"
    assert place in (refused.value.problem.seen or "")
    validator = pytest.importorskip("jsonschema").Draft202012Validator(schema())
    assert not validator.is_valid(document)


def test_a_measurement_with_neither_value_nor_reason_is_refused():
    document = json.loads(to_json(samples.full()))
    document["measurements"][0]["value"] = None
    with pytest.raises(StudyError, match="exactly one of value and reason"):
        from_json(msgspec.json.encode(document))
