"""A worker with our broker settings and a task that only sleeps: for the order on a real queue.

`run_id` is "name:milliseconds". Each start is noted in the list `started` of the broker.
"""

import os
import time

from cardio_dagster.orchestration.broker import TASK, celery_app
from cardio_dagster.stores.workers import open_broker

URL = os.environ.get("CARDIO_BROKER_URL", "memory://")  # doctest imports every module
app = celery_app(URL)


@app.task(name=TASK)
def sleep(run_id: str) -> None:
    open_broker(URL).rpush("started", run_id)
    time.sleep(int(run_id.rsplit(":", 1)[1]) / 1000)
