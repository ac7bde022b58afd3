"""The metrics: what is measured on which truth, which way is better, and how much worse is too much.

Belongs here: the two tables. Not here: filling them (truth/) or judging a change (compare.py).

A margin is the change that a reader would not act on: half a point of ejection fraction against the five points between two
readers (doi:10.1016/j.echo.2014.10.003), half a percent of the waves, two points of Dice in a thousand to a hundred.
A primary metric decides on promotion; how much is refused is primary, because a model that refuses the hard cases is
better at all the others.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from cardio_dagster.evaluation.forms import Form


class Better(StrEnum):
    """Which way a metric is better."""

    HIGHER = "higher"
    LOWER = "lower"
    NEAR_ZERO = "near zero"


@dataclass(frozen=True, slots=True)
class CaseSet:
    """A set of cases with a known truth; `trained_on` where the shipped models have seen the very records."""

    name: str
    title: str
    is_synthetic: bool
    trained_on: bool
    source: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure; `margin` is in its unit, how much worse is still the same."""

    name: str
    label: str
    unit: str
    case_set: str
    form: Form
    better: Better
    margin: float
    is_primary: bool = False

    def loss(self, value: np.ndarray) -> np.ndarray:
        """Return the value turned so that more is worse."""
        if self.better is Better.NEAR_ZERO:
            return np.asarray(np.abs(value))
        return -value if self.better is Better.HIGHER else value


CASE_SETS = (
    CaseSet("camus", "CAMUS four-chamber stills, held-out patients", False, False, "doi:10.1109/TMI.2019.2900516"),
    CaseSet("ludb", "LUDB 12-lead ECGs", False, True, "doi:10.1109/ACCESS.2020.3029211"),
    CaseSet("cinc2017", "CinC 2017 single-lead ECGs", False, True, "doi:10.22489/CinC.2017.065-469"),
    CaseSet("mitdb", "MIT-BIH arrhythmia ECGs of 30 min", False, True, "doi:10.1109/51.932724"),
    CaseSet("sim_echo", "Simulated four-chamber clips", True, False, "demo/simulated_echo"),
    CaseSet("sim_ecg", "Synthetic 12-lead ECGs", True, False, "demo/synthetic_ecg"),
)
BY_SET = {case_set.name: case_set for case_set in CASE_SETS}

_UP, _DOWN, _ZERO = Better.HIGHER, Better.LOWER, Better.NEAR_ZERO
METRICS = (
    Metric("camus_lv_dice_ed", "Ventricle, Dice at end-diastole", "1", "camus", Form.MEAN, _UP, 0.005, True),
    Metric("camus_lv_dice_es", "Ventricle, Dice at end-systole", "1", "camus", Form.MEAN, _UP, 0.005, True),
    Metric("camus_myocardium_dice", "Myocardium, Dice", "1", "camus", Form.MEAN, _UP, 0.01),
    Metric("camus_atrium_dice", "Left atrium, Dice", "1", "camus", Form.MEAN, _UP, 0.01),
    Metric("camus_lvef_mae_pct", "Ejection fraction, mean absolute error", "%", "camus", Form.MEAN, _DOWN, 0.5, True),
    Metric("camus_lvef_bias_pct", "Ejection fraction, bias", "%", "camus", Form.MEAN, _ZERO, 1.0),
    Metric("camus_refused_pct", "Contours refused", "%", "camus", Form.MEAN, _DOWN, 3.0, True),
    Metric("ludb_p_f1_pct", "P waves, F1 of their edges", "%", "ludb", Form.F1, _UP, 0.5, True),
    Metric("ludb_qrs_f1_pct", "QRS, F1 of their edges", "%", "ludb", Form.F1, _UP, 0.3, True),
    Metric("ludb_t_f1_pct", "T waves, F1 of their edges", "%", "ludb", Form.F1, _UP, 0.5, True),
    Metric("ludb_qrs_onset_sd_ms", "QRS onset, spread of the error", "ms", "ludb", Form.SPREAD, _DOWN, 1.0, True),
    Metric("ludb_qrs_offset_sd_ms", "QRS offset, spread of the error", "ms", "ludb", Form.SPREAD, _DOWN, 1.0, True),
    Metric("ludb_t_offset_sd_ms", "T offset, spread of the error", "ms", "ludb", Form.SPREAD, _DOWN, 2.0, True),
    Metric("ludb_af_sensitivity_pct", "Fibrillation or flutter, sensitivity", "%", "ludb", Form.MEAN, _UP, 5.0),
    Metric("ludb_af_specificity_pct", "Fibrillation or flutter, specificity", "%", "ludb", Form.MEAN, _UP, 2.0),
    Metric("ludb_refused_pct", "ECGs refused", "%", "ludb", Form.MEAN, _DOWN, 2.0, True),
    Metric("cinc2017_af_f1_pct", "Atrial fibrillation, F1", "%", "cinc2017", Form.F1, _UP, 2.0, True),
    Metric("cinc2017_af_right_pct", "Fibrillation or not, right", "%", "cinc2017", Form.MEAN, _UP, 1.0),
    Metric("cinc2017_refused_pct", "ECGs refused or not classified", "%", "cinc2017", Form.MEAN, _DOWN, 3.0, True),
    Metric("mitdb_qrs_sensitivity_pct", "Beats, sensitivity", "%", "mitdb", Form.MEAN, _UP, 0.1, True),
    Metric("mitdb_qrs_predictive_pct", "Beats, positive predictive value", "%", "mitdb", Form.MEAN, _UP, 0.1, True),
    Metric("mitdb_pvc_f1_pct", "Ventricular beats, F1", "%", "mitdb", Form.F1, _UP, 1.0, True),
    Metric("sim_echo_lvef_mae_pct", "Ejection fraction, mean absolute error", "%", "sim_echo", Form.MEAN, _DOWN, 0.5, True),
    Metric("sim_echo_lvef_bias_pct", "Ejection fraction, bias", "%", "sim_echo", Form.MEAN, _ZERO, 1.0),
    Metric("sim_echo_edv_bias_pct", "End-diastolic volume, bias", "%", "sim_echo", Form.MEAN, _ZERO, 3.0),
    Metric("sim_echo_refused_pct", "Clips without an ejection fraction", "%", "sim_echo", Form.MEAN, _DOWN, 3.0, True),
    Metric("sim_ecg_qrs_f1_pct", "Beats, F1", "%", "sim_ecg", Form.F1, _UP, 0.3, True),
    Metric("sim_ecg_heart_rate_mae_bpm", "Heart rate, mean absolute error", "/min", "sim_ecg", Form.MEAN, _DOWN, 0.5, True),
    Metric("sim_ecg_rhythm_right_pct", "Sinus rhythm or fibrillation (flutter), right", "%", "sim_ecg", Form.MEAN, _UP, 2.0, True),
    Metric("sim_ecg_refused_pct", "ECGs refused", "%", "sim_ecg", Form.MEAN, _DOWN, 2.0, True),
)  # fmt: skip
BY_NAME = {metric.name: metric for metric in METRICS}
