"""What each lead is worth, second by second and on the whole.

Belongs here: what the other parts of the branch may use. Not here: mending the signal (preprocess.py).
"""

from cardio_dagster.modalities.ecg.quality.assess import assess
from cardio_dagster.modalities.ecg.quality.judge import judge_seconds
from cardio_dagster.modalities.ecg.quality.seconds import SecondFigures, measure_seconds

__all__ = ["SecondFigures", "assess", "judge_seconds", "measure_seconds"]
