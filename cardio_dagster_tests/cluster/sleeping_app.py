"""A worker with our broker settings and a task that only sleeps: for the order on a real queue.

`run_id` is "name:milliseconds", or "gate", which holds the worker until somebody pushes to the list `open` of the broker.
Each start is noted in its list `started`.
"""

import os
import time

from cardio_dagster.orchestration.broker import TASK, celery_app
from cardio_dagster.stores.workers import open_broker

GATE = "gate"
URL = os.environ.get("CARDIO_BROKER_URL", "memory://")  # doctest imports every module
app = celery_app(URL)


@app.task(name=TASK)
def sleep(run_id: str) -> None:
    broker = open_broker(URL)
    broker.rpush("started", run_id)
    if run_id == GATE:
        while broker.lpop("open") is None:
            time.sleep(0.02)
        return
    time.sleep(int(run_id.rsplit(":", 1)[1]) / 1000)
