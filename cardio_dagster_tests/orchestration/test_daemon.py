"""The daemon looks at the sensors each second, by the number that Dagster itself uses for its wait."""

from types import SimpleNamespace

import pytest
from dagster._daemon import sensor

from cardio_dagster.orchestration import daemon


class WaitedError(Exception):
    """The loop waits."""


def test_the_loop_of_the_sensors_waits_a_second_at_most(monkeypatch):
    monkeypatch.setattr(sensor, "MIN_INTERVAL_LOOP_TIME", sensor.MIN_INTERVAL_LOOP_TIME)  # put back afterwards
    monkeypatch.setattr(sensor, "execute_sensor_iteration", lambda *_, **__: iter(()))
    waits = []

    def wait(seconds):
        waits.append(seconds)
        raise WaitedError

    daemon.look_often()
    with pytest.raises(WaitedError):
        list(sensor.execute_sensor_iteration_loop(None, None, SimpleNamespace(wait=wait)))
    assert 0 < waits[0] <= daemon.LOOK_EVERY_S


def test_a_release_of_dagster_without_that_number_keeps_its_own_way(monkeypatch, caplog):
    monkeypatch.delattr(sensor, "MIN_INTERVAL_LOOP_TIME")
    daemon.look_often()
    assert not hasattr(sensor, "MIN_INTERVAL_LOOP_TIME")
    assert "its own stays" in caplog.text
