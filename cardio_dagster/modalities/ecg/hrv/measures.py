"""Every measure of heart rate variability: its name, unit, method and what it needs at the least.

Belongs here: the table. Not here: any calculation (time.py, frequency.py, nonlinear.py).
"""

from dataclasses import dataclass

TASK_FORCE = "Task Force 1996 (10.1161/01.CIR.93.5.1043)"
_T, _MUNOZ, _RICHMAN = "Task Force 1996", "Munoz 2015", "Richman 2000"  # Munoz: 10.1371/journal.pone.0138921
LONG_TERM_S = 18 * 3600.0  # the Task Force asks for 18 h of analysable ECG in a 24 h recording
MIN_NN = 5  # fewer intervals make no spread; own limit


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with its needs; `min_s` is the length of the recording, `min_nn` the number of NN intervals.

    `is_dense`: four intervals in five must be normal, because a gap is bridged or closed up. `is_core`: shown in the report.
    """

    name: str
    label: str
    unit: str
    method: str
    needs: str  # where the limit is from
    min_s: float = 0.0
    min_nn: int = MIN_NN
    is_dense: bool = False
    is_core: bool = False


_OWN = "own limit"
_TEN_WAVES = f"ten periods of the slowest wave, {_T}"
_TIME, _WELCH = TASK_FORCE, f"{TASK_FORCE}; Welch, 5 min, 4 Hz"
_WHOLE = f"{TASK_FORCE}; one spectrum of the whole recording, 4 Hz"
_POINCARE = "Poincare plot, Brennan 2001 (10.1109/10.959330)"
_DFA = "detrended fluctuation analysis, Peng 1995 (10.1063/1.166141)"
_ENTROPY = "Richman 2000 (10.1152/ajpheart.2000.278.6.H2039)"
_GEOMETRIC_S = 1200.0  # the Task Force: at least 20 min

MEASURES = (
    Measure("nn_count", "NN intervals", "1", "normal beats on both sides", "none", min_nn=0),
    Measure("nn_share_pct", "Share of NN intervals", "%", "NN intervals over all intervals", "none", min_nn=0),
    Measure("ectopy_pct", "Share of ectopic beats", "%", "V and S over all beats", "none", min_nn=0),
    Measure("mean_nn_ms", "Mean NN interval", "ms", _TIME, _OWN, is_core=True),
    Measure("sdnn_ms", "SDNN", "ms", _TIME, _MUNOZ, 30.0, is_core=True),
    Measure("sdann_ms", "SDANN", "ms", f"{_TIME}; 5 min means", _T, LONG_TERM_S),
    Measure("sdnn_index_ms", "SDNN index", "ms", f"{_TIME}; mean of the SDNN of 5 min", _T, LONG_TERM_S),
    Measure("rmssd_ms", "RMSSD", "ms", _TIME, _OWN, is_core=True),
    Measure("sdsd_ms", "SDSD", "ms", _TIME, _OWN),
    Measure("nn50", "NN50", "1", _TIME, _OWN),
    Measure("pnn50_pct", "pNN50", "%", _TIME, _OWN, is_core=True),
    Measure("triangular_index", "HRV triangular index", "1", f"{_TIME}; bins of 1/128 s", _T, _GEOMETRIC_S),
    Measure("tinn_ms", "TINN", "ms", f"{_TIME}; bins of 1/128 s", _T, _GEOMETRIC_S),
    Measure("ulf_ms2", "ULF power", "ms2", f"{_WHOLE}, up to 0.003 Hz", _T, LONG_TERM_S, is_dense=True),
    Measure("vlf_ms2", "VLF power", "ms2", f"{_WHOLE}, 0.003 to 0.04 Hz", _TEN_WAVES, 3600.0, is_dense=True),
    Measure("lf_ms2", "LF power", "ms2", f"{_WELCH}, 0.04 to 0.15 Hz", _T, 120.0, is_dense=True, is_core=True),
    Measure("hf_ms2", "HF power", "ms2", f"{_WELCH}, 0.15 to 0.40 Hz", _T, 60.0, is_dense=True, is_core=True),
    Measure("total_power_ms2", "Total power", "ms2", f"{_WHOLE}, up to 0.40 Hz", _T, 300.0, is_dense=True),
    Measure("lf_nu", "LF, normalised", "%", f"{TASK_FORCE}; LF over LF + HF", _T, 120.0, is_dense=True),
    Measure("hf_nu", "HF, normalised", "%", f"{TASK_FORCE}; HF over LF + HF", _T, 120.0, is_dense=True),
    Measure("lf_hf", "LF/HF", "{ratio}", TASK_FORCE, _T, 120.0, is_dense=True, is_core=True),
    Measure("sd1_ms", "SD1", "ms", _POINCARE, _OWN),
    Measure("sd2_ms", "SD2", "ms", _POINCARE, f"as SDNN, {_MUNOZ}", 30.0),
    Measure("sd1_sd2", "SD1/SD2", "{ratio}", _POINCARE, f"as SDNN, {_MUNOZ}", 30.0),
    Measure(
        "dfa_alpha1", "DFA alpha 1", "1", f"{_DFA}, 4 to 16 beats", f"{_OWN}: ten windows", min_nn=160, is_dense=True
    ),
    Measure(
        "dfa_alpha2", "DFA alpha 2", "1", f"{_DFA}, 16 to 64 beats", f"{_OWN}: ten windows", min_nn=640, is_dense=True
    ),
    Measure("sample_entropy", "Sample entropy", "1", f"{_ENTROPY}; m 2, r 0.2 SD", _RICHMAN, min_nn=200, is_dense=True),
)
HRV_NAMES = tuple(measure.name for measure in MEASURES)
