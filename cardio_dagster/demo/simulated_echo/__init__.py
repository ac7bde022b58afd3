"""A simulator of a beating heart in B-mode ultrasound, with its truth. Nothing here is a patient."""

from cardio_dagster.demo.simulated_echo.clip import SimulatedClip, simulate_clip
from cardio_dagster.demo.simulated_echo.other_views import OTHER_VIEWS, simulate_other_view
from cardio_dagster.demo.simulated_echo.still import SimulatedStill, simulate_still
from cardio_dagster.demo.simulated_echo.truth import SimulatedTruth, simulate_truth

__all__ = [
    "OTHER_VIEWS",
    "SimulatedClip",
    "SimulatedStill",
    "SimulatedTruth",
    "simulate_clip",
    "simulate_other_view",
    "simulate_still",
    "simulate_truth",
]
