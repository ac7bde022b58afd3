"""What is recognised as patient metadata by content, and what is not."""

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.clinical import BRANCH
from cardio_dagster_tests.modalities.clinical import documents as d

ECG_CSV = "time,I,II,V1\n" + "".join(f"{i / 500},{i},{i},{i}\n" for i in range(9000))
CLINICAL = {
    "study.json with a patient": (json.dumps(d.PERSON), "json"),
    "flat": (json.dumps({"age": 60, "sex": "F"}), "json"),
    "with byte-order mark": ("\ufeff" + json.dumps({"age": 60, "sex": "F"}), "json"),
    "Bundle": (json.dumps(d.bundle(d.patient())), "fhir-r4"),
    "one row": ("age,sex,height_cm\n60,F,165\n", "csv"),
    "semicolons": ("age;sex\n60;F\n", "csv"),
    "name, value, unit": ("name,value,unit\nsbp,120,mmHg\n", "csv"),
    "cohort, to be refused with a reason": ("age,sex\n" + "60,F\n" * 30, "csv"),
}
OTHER = {
    "ECG table": ECG_CSV,
    "ECG table with a heart rate": "time,heart_rate,age,II\n0,60,60,1\n",
    "ECG in JSON": json.dumps({"age": 60, "sex": "F", "signals": {"II": [1, 2]}}),
    "manifest": json.dumps({"expects": ["a.dcm", "b.hea"], "priority": "stat", "patient": {"name": "X"}}),
    "manifest with empty values": json.dumps({"patient": {"age": None, "sex": ""}}),
    "prose": "The patient is 60 years of age, sex female, and complains.\n",
    "prose called echo.dcm": "hello",
    "configuration": json.dumps({"age": 3, "ttl": 60}),
    "list": "[1, 2]",
    "half a document": json.dumps(d.PERSON)[:-20],
    "deep nesting": '{"a":' * 100_000,
    "Bundle of something else": json.dumps(d.bundle({"resourceType": "Claim"})),
    "Bundle of nothing": json.dumps({"resourceType": "Bundle", "entry": [None, 3]}),
    "empty": "",
}


@pytest.mark.parametrize("name", CLINICAL)
def test_metadata_is_recognised_by_content(tmp_path, name):
    text, expected = CLINICAL[name]
    sniffed = BRANCH.sniff(d.write_text(tmp_path, text))
    assert sniffed is not None
    assert sniffed.format == expected


@pytest.mark.parametrize("name", OTHER)
def test_everything_else_is_not_claimed(tmp_path, name):
    assert BRANCH.sniff(d.write_text(tmp_path, OTHER[name])) is None


def test_folder_missing_file_and_dicom_are_not_claimed(tmp_path):
    (tmp_path / "x.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"age,sex\n1,F")
    for path in (tmp_path, tmp_path / "none", tmp_path / "x.dcm"):
        assert BRANCH.sniff(path) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda s: ("{" + s).encode("utf-8", "ignore")))
)
def test_sniff_never_raises(tmp_path, data):
    path = tmp_path / "fuzz"
    path.write_bytes(data)
    BRANCH.sniff(path)


LARGE = {
    "many keys": '{"patient":{"age":5,"sex":"M",' + ",".join(f'"k{n}":1' for n in range(100_000)) + "}}",
    "many objects": '{"patient":{"age":5,"sex":"M"},' + ",".join(f'"k{n}":{{}}' for n in range(100_000)) + "}",
    "many items": '{"patient":{"age":5,"sex":"M","x":[' + "1," * 100_000 + "1]}}",
    "many resources": json.dumps(d.bundle(d.patient(), *[{"resourceType": "Observation"}] * 30_000)),
    "many bytes": '{"patient":{"age":5,"sex":"M","x":"' + "x" * 4_100_000 + '"}}',
    "many bytes of a Bundle": json.dumps(d.bundle(d.patient())) + " " * 4_100_000,
    "many rows": "name,value,unit\n" + "sbp,120,mmHg\n" * 30_000,
}


@pytest.mark.parametrize("name", LARGE)
def test_a_document_beyond_its_limits_is_claimed_and_refused_at_once(tmp_path, name):
    path = d.write_text(tmp_path, LARGE[name])
    start_s = time.process_time()
    assert BRANCH.sniff(path) is not None
    with pytest.raises(StudyError, match="E_HARD_004"):
        d.validated(path)
    assert time.process_time() - start_s < 4
