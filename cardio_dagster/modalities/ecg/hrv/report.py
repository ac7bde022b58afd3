"""Heart rate variability as Measurements.

Belongs here: what of it is reported, with method and reason. Not here: computing it. No LOINC code is given: none was confirmed.
"""

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.ecg.hrv.measure import Hrv
from cardio_dagster.modalities.ecg.hrv.measures import LONG_TERM_S, MEASURES, Measure

_DECIMALS = {"1": 2, "{ratio}": 2}


def hrv_measurements(hrv: Hrv, *, recording_id: str, is_complete: bool = False) -> tuple[Measurement, ...]:
    """Return the core set for a report, or with `is_complete` every measure; refused ones carry the reason.

    The core set is mean NN, SDNN, RMSSD, pNN50, LF, HF and LF/HF, and where 18 h can be read also those that only then exist.
    """
    shown = [m for m in MEASURES if is_complete or m.is_core or (m.min_s >= LONG_TERM_S and m.name in hrv.values)]
    return tuple(_measurement(m, hrv, recording_id) for m in shown)


def _measurement(measure: Measure, hrv: Hrv, recording_id: str) -> Measurement:
    value = hrv.values.get(measure.name)
    evidence = f"{hrv.n_nn} NN intervals in {hrv.duration_s:.0f} s; compare only equal lengths"
    return Measurement(
        name=measure.name,
        label=measure.label,
        value=None if value is None else round(value, _DECIMALS.get(measure.unit, 1)),
        unit=measure.unit,
        method=measure.method,
        reason=None if value is not None else hrv.reasons[measure.name],
        evidence=None if value is None else evidence,
        recording_id=recording_id,
    )
