"""Whatever a text of a record holds, each format stays readable and loses no word that it can carry."""

import json
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster import audit_contents as c
from cardio_dagster.audit.export.atna import to_atna
from cardio_dagster.audit.export.fhir import to_fhir
from cardio_dagster.audit.export.prov_json import to_prov
from cardio_dagster.audit.export.told import Told
from cardio_dagster.audit_record import Kind, Record
from cardio_dagster_tests.audit.test_export_formats import schema

AT = "2026-11-22T13:00:00.000+00:00"
ANY = st.text(max_size=30)


def told(kind, content, actor="person:mk", role=None, study_id="s-1"):
    return Told(
        Record(1, AT, AT, kind, actor, role, study_id, 1, None, "0" * 64, "0" * 64, "1" * 64, "{}"), content, None
    )


ITEMS = st.one_of(
    st.builds(c.BreakerMoved, ANY, st.sampled_from(["open", "closed"]), st.integers(0, 9), ANY).map(
        lambda content: told(Kind.BREAKER_MOVED, content)
    ),
    st.builds(c.AccessMade, ANY, ANY, ANY).map(lambda content: told(Kind.ACCESS_MADE, content)),
    st.builds(c.HoldMoved, ANY).map(lambda content: told(Kind.HOLD_PLACED, content)),
    st.builds(told, st.just(Kind.ERROR_MET), st.none(), ANY, ANY, ANY),
)


@settings(max_examples=100, deadline=None)
@given(ITEMS)
def test_dicom_audit_messages_keep_to_the_schema(item):
    etree, rules = schema()
    assert rules.validate(etree.fromstring(b"".join(to_atna([item], "site")))), rules.error_log


@settings(max_examples=100, deadline=None)
@given(ITEMS)
def test_fhir_keeps_to_its_models(item):
    models = pytest.importorskip("fhir.resources.R4B.bundle")
    models.Bundle.model_validate_json(b"".join(to_fhir([item], "site")))


@settings(max_examples=100, deadline=None)
@given(ITEMS)
def test_prov_is_read(item):
    model = pytest.importorskip("prov.model")
    read = model.ProvDocument.deserialize(content=b"".join(to_prov([item], "site")).decode())
    assert len(list(read.bundles)) == 1
    read.flattened().unified()


@pytest.mark.parametrize("text", ["Ärzte & <b>", "a\u0001b", 'quo"te', "日本", "line\nbreak"])
def test_words_are_kept(text):
    item = told(Kind.HOLD_PLACED, c.HoldMoved(text))
    (event,) = (e["resource"] for e in json.loads(b"".join(to_fhir([item], "x")))["entry"])
    details = {d["type"]: d["valueString"] for d in event["entity"][0]["detail"]}
    assert details["reason"] == text.replace("\u0001", "\N{REPLACEMENT CHARACTER}")
    (message,) = ET.fromstring(b"".join(to_atna([item], "x")))
    assert message.find("ActiveParticipant").get("UserName") == "mk"
