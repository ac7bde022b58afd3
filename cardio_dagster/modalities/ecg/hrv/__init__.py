"""Heart rate variability from normal-to-normal intervals, after the Task Force of ESC and NASPE 1996.

Belongs here: what the other parts of the branch may use. Not here: finding or typing beats.
"""

from cardio_dagster.modalities.ecg.hrv.measure import Hrv, measure_hrv
from cardio_dagster.modalities.ecg.hrv.measures import HRV_NAMES
from cardio_dagster.modalities.ecg.hrv.report import hrv_measurements

__all__ = ["HRV_NAMES", "Hrv", "hrv_measurements", "measure_hrv"]
