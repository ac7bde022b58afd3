"""The one reading of an ECG on which the report, the tables and the JSON document all rest.

Belongs here: rhythm, measurements, variability, leads and the device's words put side by side. Not here: any of the parts, or how they are shown.
"""

from dataclasses import dataclass, replace

import numpy as np

from cardio_dagster.finding import Finding, Measurement
from cardio_dagster.modalities.ecg.device.comparison import DeviceComparison, compare, differences
from cardio_dagster.modalities.ecg.hrv import hrv_measurements, measure_hrv
from cardio_dagster.modalities.ecg.lead_checks import LeadChecks, check_leads, lead_findings
from cardio_dagster.modalities.ecg.measuring.lead_values import LeadValues
from cardio_dagster.modalities.ecg.measuring.measure import measure_all
from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.rhythm.classify import Rhythm, classify_rhythm
from cardio_dagster.modalities.ecg.signal import EcgStructures
from cardio_dagster.modalities.ecg.trust import distrust

_BY_VOLTAGE = ("ECG_LVH", "ECG_LOW_VOLTAGE", "ECG_P_TALL", "ECG_Q_", "ECG_AXIS", "ECG_ST_", "ECG_NO_QRS")
_VARIABLE = ("sinus", "other")


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What one ECG says: the findings with the rhythm first, then those about the leads and the device."""

    rhythm: Rhythm
    measurements: tuple[Measurement, ...]
    leads: dict[str, LeadValues]
    findings: tuple[Finding, ...]
    lead_checks: LeadChecks
    device: DeviceComparison


def interpret(
    prepared: PreparedEcg, found: EcgStructures, *, recording_id: str, threads: int = 1, every_hrv: bool = False
) -> Interpretation:
    """Return the interpretation; of heart rate variability the core set, or with `every_hrv` all of it."""
    record = prepared.record
    rhythm = classify_rhythm(prepared, found, threads=threads)
    measured = measure_all(prepared, found, rhythm, recording_id=recording_id)
    hrv = measure_hrv(
        found.beat_time_s,
        outside_sinus_untyped(found, rhythm),
        rhythm=rhythm.label,
        refusal=distrust(found),
        duration_s=record.duration_s,
    )
    variability = hrv_measurements(hrv, recording_id=recording_id, is_complete=every_hrv)
    checks = check_leads(prepared)
    device = compare(record, measured.measurements, measured.findings)
    return Interpretation(
        rhythm=rhythm,
        measurements=(*measured.measurements, *variability),
        leads=measured.leads,
        findings=(
            *with_reservation(measured.findings, checks),
            *lead_findings(checks, recording_id=recording_id),
            *differences(device, recording_id=recording_id),
        ),
        lead_checks=checks,
        device=device,
    )


def with_reservation(findings: tuple[Finding, ...], checks: LeadChecks) -> tuple[Finding, ...]:
    """Return the findings; where the leads have no common scale, those that rest on voltages say so and claim no confidence."""
    if not any(p.code == "ECG_LEADS_SCALE" for p in checks.problems):
        return findings
    doubt = "; read with care: the leads have no common scale"
    return tuple(
        replace(f, text=f.text + doubt, confidence=None) if f.code.startswith(_BY_VOLTAGE) else f for f in findings
    )


def outside_sinus_untyped(found: EcgStructures, rhythm: Rhythm) -> tuple[str, ...]:
    """Return the beat types with U for every beat in an episode of another rhythm: its intervals do not speak of the sinus node.

    A recording without episodes keeps its types; "other" counts as conducted from the atria.
    """
    kinds = list(found.beat_types)
    for episode in (e for e in rhythm.episodes if e.label not in _VARIABLE):
        first, last = np.searchsorted(found.beat_time_s, (episode.start_s, episode.end_s))
        kinds[first:last] = ["U"] * (last - first)
    return tuple(kinds)
