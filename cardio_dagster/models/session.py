"""TimedSession: an ONNX session whose runs end with the deadline of the work that they belong to.

Belongs here: telling onnxruntime to stop. Not here: loading and verifying models (catalogue.py).
"""

from collections.abc import Callable, Sequence
from typing import Any

import onnxruntime

from cardio_dagster import deadline


class TimedSession(onnxruntime.InferenceSession):  # type: ignore[misc]
    """A session that asks for the deadline before each run, and stops a running one when it ends."""

    def run(self, output_names: Sequence[str] | None, input_feed: dict[str, Any], run_options: Any = None) -> Any:
        """Run the model; StageTimeoutError where the deadline has passed before.

        One that passes meanwhile makes onnxruntime give up after the operator at hand (RunOptions.terminate).
        """
        deadline.check()
        until = deadline.current()
        if until is None:
            return super().run(output_names, input_feed, run_options)
        options = run_options or onnxruntime.RunOptions()
        with until.stopping(_terminating(options)):
            return super().run(output_names, input_feed, options)


def _terminating(options: "onnxruntime.RunOptions") -> Callable[[], None]:
    def stop() -> None:
        options.terminate = True

    return stop
