"""Who gets in, who does not, and what stays in the ledger of it."""

import socket
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa

from cardio_dagster.gateway.limits import Buckets
from cardio_dagster.gateway.login import _local
from cardio_dagster.stores.access import MAY_SUBMIT, Role

JOB = "/jobs/j-" + "0" * 32


def test_wrong_key_is_refused_and_recorded_without_a_word_of_it(gateway):
    before = len(gateway.accesses())
    for key in (None, "x", "cardio_000000000000_" + "A" * 43, gateway.key(Role.ADMIN)[:-1]):
        with gateway.client(key) as client:
            response = client.get(JOB)
        assert (response.status_code, response.json()["code"]) == (401, "E_ACCESS_001")
        assert response.headers["www-authenticate"].startswith("Bearer")
    assert gateway.accesses()[before:] == [("person:unknown", "GET", "/jobs/{job_id}", "refused")] * 4


def test_unknown_wrong_and_revoked_keys_get_the_same_answer(gateway):
    revoked = gateway.backend.access.add("revoked", Role.ADMIN, days=1)
    gateway.backend.access.revoke("revoked")
    tried = [revoked, gateway.key(Role.ADMIN)[:-2] + "AA", "cardio_000000000000_" + "A" * 43]
    answers = []
    for key in tried:
        with gateway.client(key) as client:
            response = client.get(JOB)
            answers.append(
                (response.status_code, response.json(), {k: v for k, v in response.headers.items() if k != "date"})
            )
    assert answers[0] == answers[1] == answers[2]


def test_expired_key_is_refused(gateway):
    key = gateway.backend.access.add("short", Role.ADMIN, days=1e-8)
    with gateway.client(key) as client:
        assert client.get(JOB).status_code == 401


@pytest.mark.parametrize("role", list(Role))
def test_roles_that_may_send(gateway, role):
    answer = gateway.send({"a.csv": b"1"}, role)
    assert answer.status_code == (202 if role in MAY_SUBMIT else 403)
    if role not in MAY_SUBMIT:
        assert answer.json()["code"] == "E_ACCESS_002"
        assert answer.json()["seen"] == role.value
        assert gateway.accesses()[-1] == (f"person:{role.value}", "POST", "/studies", "refused")


def test_refused_upload_never_reaches_the_disk(gateway):
    gateway.send({"a.csv": b"1"}, Role.AUDITOR)
    assert list(gateway.backend.settings.landing_dir.iterdir()) == []


def test_address_that_tries_many_keys_is_slowed_and_does_not_fill_the_ledger(serve):
    gateway = serve(failures_per_minute=8.0)
    with gateway.client("wrong") as client:
        answers = [client.get(JOB) for _ in range(6)]
    assert [a.status_code for a in answers] == [401, 401, 429, 429, 429, 429]
    assert answers[-1].headers["retry-after"]
    assert len(gateway.accesses()) == 2
    with gateway.client() as client:  # a right key from the same address is not locked out
        assert client.get(JOB).status_code == 404


def test_log_in_look_and_log_out(gateway):
    with gateway.client(None) as browser:
        page = browser.get("/login?next=/worklist")
        assert page.status_code == 200
        entered = browser.post("/login", data={"key": gateway.key(Role.READER), "next": "/jobs"})
        assert (entered.status_code, entered.headers["location"]) == (303, "/jobs")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie  # plain http on this machine
        assert browser.get(JOB).status_code == 404
        assert browser.post("/logout").json()["code"] == "E_ACCESS_003"
        caller = gateway.backend.access.check_session(browser.cookies["cardio_session"])
        assert browser.post("/logout", data={"csrf_token": "x"}).status_code == 403
        assert browser.post("/logout", data={"csrf_token": caller.csrf}).headers["location"] == "/login"
        assert browser.get(JOB).status_code == 401


def test_wrong_key_on_the_page_is_told_without_a_session(gateway):
    with gateway.client(None) as browser:
        answer = browser.post("/login", data={"key": "cardio_x"})
        assert answer.status_code == 401
        assert "not valid" in answer.text
        assert "set-cookie" not in answer.headers
        assert "cardio_x" not in answer.text


def test_mistyped_expired_and_revoked_keys_are_told_alike_in_place(gateway):
    expired = gateway.backend.access.add("lapsed", Role.READER, days=1e-8)
    revoked = gateway.backend.access.add("withdrawn", Role.READER, days=1)
    gateway.backend.access.revoke("withdrawn")
    answers = []
    with gateway.client(None) as browser:
        for key in (gateway.key(Role.READER)[:-1] + "?", expired, revoked, ""):
            answer = browser.post("/login", data={"key": key, "next": "/worklist"}, headers={"Accept": "text/html"})
            answers.append((answer.status_code, answer.headers["content-type"], answer.text))
            assert key == "" or key not in answer.text
    assert len(set(answers)) == 1
    status, kind, page = answers[0]
    assert (status, kind) == (401, "text/html; charset=utf-8")
    assert 'role="alert">This key is not valid: mistyped, expired or revoked.</p>' in page
    assert 'name="next" value="/worklist"' in page
    assert gateway.accesses()[-1] == ("person:unknown", "login", "/login", "refused")


def test_a_key_that_was_pasted_with_blanks_opens(gateway):
    with gateway.client(None) as browser:
        assert browser.post("/login", data={"key": f"  {gateway.key(Role.READER)} \n"}).status_code == 303


def test_login_is_slowed_after_many_wrong_keys(serve):
    gateway = serve(failures_per_minute=8.0)
    with gateway.client(None) as browser:
        answers = [browser.post("/login", data={"key": "x"}) for _ in range(4)]
        assert [a.status_code for a in answers] == [401, 401, 429, 429]
        assert answers[-1].headers["retry-after"]


def test_another_site_can_neither_log_in_nor_change_anything(gateway):
    with gateway.client(None) as browser:
        foreign = browser.post(
            "/login", data={"key": gateway.key(Role.ADMIN)}, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert (foreign.status_code, foreign.headers["content-type"]) == (403, "text/html; charset=utf-8")
        assert "Another site sent this form." in foreign.text
        assert "set-cookie" not in foreign.headers
        browser.post("/login", data={"key": gateway.key(Role.ADMIN)})
        sent = browser.post("/studies", files={"files": ("a.csv", b"1")})
        assert (sent.status_code, sent.json()["code"]) == (403, "E_ACCESS_003")
        caller = gateway.backend.access.check_session(browser.cookies["cardio_session"])
        sent = browser.post("/studies", files={"files": ("a.csv", b"1")}, headers={"X-CSRF-Token": caller.csrf})
        assert sent.status_code == 202


def test_page_without_a_session_leads_to_the_login(gateway):
    with gateway.client(None, follow_redirects=False) as browser:
        answer = browser.get(JOB, headers={"Accept": "text/html,*/*"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/login?next={JOB}")


@pytest.mark.parametrize(
    "to",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        "/a\r\nX: y",
        "\t//evil",
    ],
)
def test_login_leads_nowhere_else(to):
    assert _local(to) == "/worklist"


def test_every_answer_has_the_safe_headers(gateway):
    with gateway.client() as client:
        for path in ("/login", JOB, "/nowhere", "/openapi.json", "/docs", "/assets/gateway.css"):
            headers = client.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"], path
            assert headers["x-content-type-options"] == "nosniff"
            assert "server" not in headers
            assert "access-control-allow-origin" not in headers
        assert client.get(JOB).headers["cache-control"] == "no-store"


def test_forwarded_headers_of_a_stranger_are_not_believed(gateway):
    with gateway.client(None) as browser:
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1"}
        entered = browser.post("/login", data={"key": gateway.key(Role.READER)}, headers=headers)
        assert "Secure" not in entered.headers["set-cookie"]


def test_large_body_of_a_form_is_refused(gateway):
    with gateway.client(None) as browser:
        answer = browser.post("/login", data={"key": "x" * 2_000_000})
        assert (answer.status_code, answer.json()["code"]) == (413, "E_HARD_004")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", JOB, 405), ("TRACE", "/studies", 405)]
)
def test_what_is_not_there_is_told_in_the_same_shape(gateway, method, path, status):
    with gateway.client() as client:
        answer = client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["cure"]


def test_database_that_is_down_is_told_and_comes_back(gateway, monkeypatch):
    def down(*_, **__):
        raise sa.exc.OperationalError("SELECT secret", {}, Exception("password=hunter2"))

    with gateway.client() as client:
        with monkeypatch.context() as broken:
            broken.setattr("cardio_dagster.stores.access.reading", down)
            answer = client.get(JOB)
        assert (answer.status_code, answer.json()["code"]) == (503, "E_GATEWAY_001")
        assert answer.headers["retry-after"]
        assert "secret" not in answer.text
        assert "hunter2" not in answer.text
        assert client.get(JOB).status_code == 404


def test_defect_is_told_by_its_kind_only(gateway, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("MUELLER^HANS.dcm")

    monkeypatch.setattr("cardio_dagster.stores.jobs.JobStore.get", broken)
    with gateway.client() as client:
        answer = client.get(JOB)
    assert (answer.status_code, answer.json()["seen"]) == (500, "RuntimeError")
    assert "MUELLER" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text


def test_gateway_starts_while_its_database_is_down(serve, tmp_path):
    gateway = serve(settings={"database_url": "postgresql://nobody@127.0.0.1:1/none"})
    with httpx.Client(base_url=gateway.url, trust_env=False) as client:
        assert client.get("/login").status_code == 200
        assert client.get(JOB).status_code == 503


def test_buckets_flow_and_forget():
    now = [0.0]
    buckets = Buckets(per_minute=8.0, clock=lambda: now[0])
    assert [buckets.take("a") for _ in range(2)] == [0.0, 0.0]
    assert buckets.take("a") == pytest.approx(7.5)
    assert buckets.take("b") == 0.0
    now[0] = 7.5
    assert buckets.take("a") == 0.0


def test_garbage_on_the_line_does_no_harm(gateway):
    place = urlsplit(gateway.url)
    for garbage in (b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n", b"GET " + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n"):
        with socket.create_connection((place.hostname, place.port), timeout=5) as line:
            line.sendall(garbage)
            assert line.recv(100)[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 404", b""}
