"""What the gateway says of the installation, and to whom."""

import time

import pytest

from cardio_dagster.orchestration.queues import QUEUES
from cardio_dagster.settings import forget_settings
from cardio_dagster.stores.access import MAY_WATCH, Role
from cardio_dagster.stores.workers import WorkerBeat, write_beat
from cardio_dagster.watch.health import Watch
from cardio_dagster.watch.place import place_of
from cardio_dagster.watch.words import CHECKS
from cardio_dagster_tests.cluster.harness import RedisServer

WATCHED = ("/metrics", "/workers/health", "/workers/stats")


def test_a_stranger_gets_one_word_and_no_daemon_is_503(gateway):
    with gateway.client(None) as client:
        answer = client.get("/health")
    assert answer.status_code == 503  # nothing of Dagster runs behind this gateway
    assert answer.json() == {"status": "dead"}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("role", list(Role))
def test_details_are_for_auditors_and_administrators(gateway, role):
    with gateway.client(role) as client:
        found = client.get("/health").json()
        others = [client.get(path) for path in WATCHED]
    if role not in MAY_WATCH:
        assert found == {"status": "dead"}
        assert [(a.status_code, a.json()["code"]) for a in others] == [(403, "E_ACCESS_002")] * 3
        return
    checks = {c["name"]: c for c in found["checks"]}
    assert checks["daemon"]["status"] == "dead"
    assert checks["daemon"]["cure"] == CHECKS["daemon"].cure
    assert checks["database"]["status"] == "ok"
    assert {a.status_code for a in others} == {200}


def test_wrong_key_is_refused_on_health_too(gateway):
    with gateway.client("cardio_x") as client:
        assert client.get("/health").status_code == 401


def test_without_a_key_nothing_else_is_told(gateway):
    with gateway.client(None) as client:
        assert [client.get(path).status_code for path in WATCHED] == [401] * 3


def test_profile_without_workers(gateway):
    with gateway.client(Role.AUDITOR) as client:
        assert client.get("/workers/health").json() == {"status": "unused", "workers_online": 0, "workers": []}


def test_metrics_are_text_for_prometheus(gateway):
    with gateway.client(Role.AUDITOR) as client:
        answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'cardio_health{check="daemon"} 2.0' in answer.text


def test_health_is_answered_although_the_database_is_gone(serve):
    gateway = serve()
    key = gateway.key(Role.ADMIN)
    gateway.backend.engine.dispose()
    for path in gateway.backend.settings.store_dir.glob("cardio.db*"):
        path.unlink()
    with gateway.client(key) as client:
        answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "dead"})


def test_workers_have_the_shape_of_the_specification(serve, tmp_path, monkeypatch):
    redis = RedisServer(tmp_path / "redis", kept=False).start()
    try:
        monkeypatch.setenv("CARDIO_BROKER_URL", redis.url)
        forget_settings()
        gateway = serve()
        with gateway.client(Role.ADMIN) as client:
            nobody = {"status": "unhealthy", "workers_online": 0, "workers": []}
            assert client.get("/workers/health").json() == nobody
            for name, queues in (("worker2@host", ("backfill",)), ("worker1@host", QUEUES)):
                write_beat(redis.client(), WorkerBeat(name, name, queues, 2, "elsewhere", 1, time.time(), ("r",)))
            redis.client().rpush("backfill", "x")
            both = {"status": "healthy", "workers_online": 2, "workers": ["worker1@host", "worker2@host"]}
            assert client.get("/workers/health").json() == both
            stats = client.get("/workers/stats").json()
            assert stats["queues"][-1] == {"name": "backfill", "waiting": 1, "workers": 2, "slots": 4}
            assert stats["details"][0]["active"] == 1
            assert 'cardio_queue_waiting_runs{queue="backfill"} 1.0' in client.get("/metrics").text
            redis.stop()
            gone = client.get("/workers/health")
            assert (gone.status_code, gone.json()["code"]) == (503, "E_GATEWAY_001")
    finally:
        redis.stop()


def test_hundred_questions_are_one_look(gateway, monkeypatch):
    looks = []
    watch = Watch(place_of(gateway.backend.settings, queues=QUEUES))
    real = watch._look
    monkeypatch.setattr(watch, "_look", lambda: looks.append(1) or real())
    for _ in range(100):
        watch.health()
    assert len(looks) <= 2
