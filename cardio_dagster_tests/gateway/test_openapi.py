"""The description of the gateway: whole, and true under many made-up requests."""

import json
import os

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cardio_dagster.gateway.errors import HTTP_CODES, ProblemDetails
from cardio_dagster.stores.access import Role

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MINE = ("/studies", "/jobs")


@pytest.fixture(scope="module")
def document(plain):
    with plain.client() as client:
        return client.get("/openapi.json").json()


def operations(document):
    return [(p, m, o) for p, of in document["paths"].items() if p.startswith(MINE) for m, o in of.items()]


def test_every_route_is_described_with_words_refusals_and_security(document):
    assert len(operations(document)) == 5
    for path, _, operation in operations(document):
        assert operation["summary"]
        assert operation["description"], path
        assert {"401", "403", "422", "429", "503"} <= operation["responses"].keys(), path
        assert {"key": []} in operation["security"]
        assert {"session": []} in operation["security"]


def test_every_refusal_is_problem_json_with_its_schema(document):
    for path, _, operation in operations(document):
        for status, told in operation["responses"].items():
            if int(status) >= 400:
                (kind,) = told["content"]
                assert kind == "application/problem+json", (path, status)
                assert told["content"][kind]["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}


def test_every_reference_leads_somewhere_and_examples_fit(document):
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"]
    schema = document["components"]["schemas"]["JobAnswer"]
    whole = {**schema, "components": document["components"]}
    Draft202012Validator(whole).validate(schema["example"])


def test_every_code_fits_the_schema_of_refusals():
    for code, known in HTTP_CODES.items():
        ProblemDetails(title=known.title, status=known.status, detail="x", code=code)


def test_documentation_needs_nothing_from_elsewhere(plain):
    with plain.client(None) as client:
        page = client.get("/docs").text
    assert "POST</span> <code>/studies</code>" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://127.0.0.1", "")
    assert "https://" not in page


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUBMITTER])
def test_made_up_requests_meet_no_500_and_nothing_undescribed(plain, document, role, mode):
    schema = schemathesis.openapi.from_dict(document).include(path_regex="^/(studies|jobs)")
    schema.config.update(base_url=plain.url)
    headers = {"Authorization": f"Bearer {plain.key(role)}"}
    known = plain.send({"a.csv": b"1"}, role).json()["job_id"]
    jobs = plain.backend.jobs
    jobs.settle(jobs.get(known), fate="quarantined", study_id=None, revision=None)  # so that its events end
    examples = int(os.environ.get("CARDIO_FUZZ_EXAMPLES", "12"))

    chosen = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    for found in schema.get_all_operations():
        chosen(given(data=st.data())(checker(found.ok().as_strategy(generation_mode=mode), known, headers)))()


def checker(strategy, known, headers):
    """Return a check of one operation, which also asks after a job that there is."""

    def check(data):
        case = data.draw(strategy)
        if case.path_parameters and data.draw(st.booleans()):
            case.path_parameters["job_id"] = known
        case.call_and_validate(checks=CHECKS, headers=headers, timeout=20)

    return check
