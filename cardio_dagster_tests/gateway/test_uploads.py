"""Limits of an upload: each with its answer, and nothing left on disk."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import pytest

from cardio_dagster.gateway import receiving
from cardio_dagster.stores.access import Role


def left(gateway) -> list[str]:
    return sorted(p.name for p in gateway.backend.settings.landing_dir.iterdir())


def refused(response, status, code):
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert (response.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["cure"]
    return body


def test_too_large_a_file_is_refused_while_it_comes(serve):
    gateway = serve(settings={"max_file_mb": 0.5})
    body = refused(gateway.send({"MUELLER.csv": b"x" * 600_000}), 413, "E_HARD_004")
    assert body["allowed"] == "0.5 MB"
    assert left(gateway) == []


def test_too_large_a_study_of_small_files_is_refused(serve):
    gateway = serve(settings={"max_study_mb": 0.5})
    refused(gateway.send({f"{n}.csv": b"x" * 200_000 for n in range(3)}), 413, "E_HARD_004")
    assert left(gateway) == []


def test_endless_body_is_ended_early(serve):
    gateway = serve(settings={"max_file_mb": 1})
    sent = 0

    def endless():
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\n'
        while True:
            sent += 65_536
            yield b"x" * 65_536

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with gateway.client() as client:
        refused(client.post("/studies", content=endless(), headers=headers), 413, "E_HARD_004")
    assert sent < 20 * 1024 * 1024
    assert left(gateway) == []


def test_announced_size_is_refused_before_a_byte_is_read(serve):
    gateway = serve(settings={"max_study_mb": 1})
    place = urlsplit(gateway.url)
    with socket.create_connection((place.hostname, place.port), timeout=5) as line:
        head = f"POST /studies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.key(Role.ADMIN)}\r\n"
        kind = "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 99999999999\r\n\r\n"
        line.sendall((head + kind).encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 413")
    assert left(gateway) == []


def test_too_many_files_are_refused(serve):
    gateway = serve(max_files=3)
    refused(gateway.send({f"{n}.csv": b"1" for n in range(4)}), 413, "E_HARD_004")
    assert gateway.send({f"{n}.csv": b"1" for n in range(3)}).status_code == 202


def test_slow_upload_is_ended(serve):
    gateway = serve(idle_s=0.2)
    place = urlsplit(gateway.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as line:
        head = f"POST /studies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.key(Role.ADMIN)}\r\n"
        line.sendall(f"{head}Content-Type: application/zip\r\nContent-Length: 1000\r\n\r\nPK".encode())
        answer = line.recv(4096)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"E_UPLOAD_001" in answer
    assert left(gateway) == []


def test_trickling_upload_is_ended_although_it_is_never_silent(serve):
    gateway = serve(idle_s=0.3, min_bytes_s=1000)

    def trickle():
        while True:
            time.sleep(0.05)
            yield b"x"

    with gateway.client() as client:
        began_s = time.monotonic()
        response = client.post("/studies", content=trickle(), headers={"Content-Type": "application/zip"})
    refused(response, 408, "E_UPLOAD_001")
    assert time.monotonic() - began_s < 10


def test_broken_line_leaves_nothing(gateway):
    place = urlsplit(gateway.url)
    with socket.create_connection((place.hostname, place.port), timeout=5) as line:
        head = f"POST /studies HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.key(Role.ADMIN)}\r\n"
        line.sendall(f"{head}Content-Type: application/zip\r\nContent-Length: 1000\r\n\r\nPK".encode())
        until = time.monotonic() + 5
        while not left(gateway) and time.monotonic() < until:
            time.sleep(0.01)
        assert left(gateway)
    until = time.monotonic() + 30
    while (left(gateway) or gateway.backend.uploads) and time.monotonic() < until:
        time.sleep(0.01)
    assert left(gateway) == []
    assert gateway.backend.uploads == 0


def test_full_disk_is_told(serve):
    gateway = serve(disk_reserve_mb=1e9)
    refused(gateway.send({"a.csv": b"1"}), 507, "E_UPLOAD_002")
    assert left(gateway) == []


def test_disk_that_fills_up_while_bytes_come_is_told(gateway, monkeypatch):
    monkeypatch.setattr(receiving, "_LOOK_AT_DISK_EVERY", 100_000)
    looks = []

    def filling(folder, reserve_bytes, coming_bytes=0):
        looks.append(folder)
        if len(looks) > 2:
            raise receiving.GatewayError("E_UPLOAD_002", "full")

    monkeypatch.setattr(receiving, "look_at_disk", filling)
    refused(gateway.send({"a.csv": b"1" * 5_000_000}), 507, "E_UPLOAD_002")
    assert left(gateway) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../MUELLER.csv", "E_INTAKE_001"),
        ("/etc/MUELLER.csv", "E_INTAKE_001"),
        ("C:/MUELLER.csv", "E_INTAKE_001"),
        ("a//MUELLER.csv", "E_INTAKE_001"),
        ("MUELLER\u202e.csv", "E_INTAKE_004"),
        (".complete", "E_VALID_002"),
        ("a/.MUELLER", "E_VALID_002"),
        ("study.json", "E_VALID_002"),
        ("", "E_INTAKE_001"),
    ],
)
def test_refused_names_are_not_repeated(gateway, name, code, caplog):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="files"; filename="' + name.encode() + b'"\r\n\r\n1\r\n--b--\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with gateway.client() as client:
        response = client.post("/studies", content=body, headers=headers)
    refused(response, 422, code)
    assert "MUELLER" not in response.text + caplog.text
    assert left(gateway) == []


@pytest.mark.parametrize("pair", [("a.csv", "a.csv"), ("a", "a/b"), ("a/b", "a"), ("a/b/c", "a/b")])
def test_two_files_of_one_path_are_refused(gateway, pair):
    with gateway.client() as client:
        response = client.post("/studies", files=[("files", (name, b"1")) for name in pair])
    refused(response, 422, "E_VALID_002")
    assert left(gateway) == []


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("text/plain", b"1", 415, "E_HTTP_415"),
        ("", b"1", 415, "E_HTTP_415"),
        ("multipart/form-data", b"1", 400, "E_HTTP_400"),
        ("multipart/form-data; boundary=b", b"1", 400, "E_HTTP_400"),
        ("multipart/form-data; boundary=b", b"", 400, "E_HTTP_400"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n1', 400, "E_HTTP_400"),
        ("multipart/form-data; boundary=b", b"--b\r\nX: y\r\n\r\n1\r\n--b--\r\n", 400, "E_HTTP_400"),
        ("multipart/form-data; boundary=b", b"--b--\r\n", 422, "E_VALID_001"),
        ("application/zip", b"", 422, "E_VALID_001"),
    ],
)  # fmt: skip
def test_body_that_is_no_upload(gateway, kind, body, status, code):
    with gateway.client() as client:
        refused(client.post("/studies", content=body, headers={"Content-Type": kind}), status, code)
    assert left(gateway) == []


def test_priority_of_form_and_address(gateway):
    with gateway.client() as client:

        def post(params, data):
            return client.post("/studies", files={"files": ("a.csv", b"1")}, params=params, data=data)

        assert post({}, {"priority": "stat"}).json()["priority"] == "stat"
        assert post({"priority": "stat"}, {"priority": "stat"}).json()["priority"] == "stat"
        assert post({}, {}).json()["priority"] is None
        refused(post({"priority": "stat"}, {"priority": "urgent"}), 422, "E_VALID_002")
        refused(post({}, {"priority": "now"}), 422, "E_VALID_002")
        refused(post({"priority": "now"}, {}), 422, "E_VALID_002")


def test_same_request_key_same_job_other_content_refused(gateway):
    headers = {"Idempotency-Key": "a-1"}
    first = gateway.send({"a.csv": b"1"}, headers=headers)
    again = gateway.send({"other.csv": b"1"}, headers=headers)
    assert again.json()["job_id"] == first.json()["job_id"]
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    refused(gateway.send({"a.csv": b"2"}, headers=headers), 422, "E_UPLOAD_004")
    assert left(gateway) == [first.json()["job_id"]]


def test_key_that_asks_too_often_is_told_when(serve):
    gateway = serve(requests_per_minute=8.0)
    answers = [gateway.send({"a.csv": b"1"}) for _ in range(3)]
    assert [a.status_code for a in answers] == [202, 202, 429]
    refused(answers[-1], 429, "E_ACCESS_004")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 8
    assert gateway.send({"a.csv": b"1"}, Role.READER).status_code == 202


def test_more_uploads_at_once_than_allowed_are_put_off(serve):
    gateway = serve(uploads_at_once=1)
    begun, end = threading.Event(), threading.Event()

    def slowly():
        yield b"PK"
        begun.set()
        end.wait(10)

    def first():
        with gateway.client() as client:
            return client.post("/studies", content=slowly(), headers={"Content-Type": "application/zip"})

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first)
        begun.wait(10)
        while not gateway.backend.uploads:
            time.sleep(0.01)
        second = gateway.send({"a.csv": b"1"})
        end.set()
        assert running.result().status_code == 202
    refused(second, 503, "E_UPLOAD_003")
    assert second.headers["retry-after"]


@pytest.mark.slow
def test_hundred_uploads_at_once_all_arrive(gateway):
    with gateway.client(limits=httpx.Limits(max_connections=100)) as client, ThreadPoolExecutor(100) as pool:
        sending = [
            pool.submit(client.post, "/studies", files={"f": ("a.csv", b"%d," % n * 20_000)}) for n in range(100)
        ]
        answers = [one.result() for one in sending]
    assert [a.status_code for a in answers] == [202] * 100
    assert left(gateway) == sorted(a.json()["job_id"] for a in answers)


def test_memory_stays_flat_while_an_upload_streams_to_disk(gateway, monkeypatch):
    import tracemalloc

    size = 64 * 1024 * 1024

    def body():
        for _ in range(size // 65_536):
            yield bytes(65_536)

    with gateway.client() as client:
        tracemalloc.start()
        response = client.post("/studies", content=body(), headers={"Content-Type": "application/zip"})
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert response.status_code == 202
    assert response.json()["size_bytes"] == size
    assert peak < 6 * 1024 * 1024
