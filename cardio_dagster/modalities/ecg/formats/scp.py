"""SCP-ECG files (EN 1064, ISO 11073-91064) to EcgRecord.

Belongs here: putting together what the sections say. Not here: any section (scp_*.py).

Own code: the one library that reads the format (biosig) is GPL and needs a compiler.
"""

from pathlib import Path

import numpy as np

from cardio_dagster.modalities.ecg.formats import scp_device
from cardio_dagster.modalities.ecg.formats.device_words import sorted_statements
from cardio_dagster.modalities.ecg.formats.limb_leads import with_limb_leads
from cardio_dagster.modalities.ecg.formats.scp_container import read_sections
from cardio_dagster.modalities.ecg.formats.scp_signal import read_signal
from cardio_dagster.modalities.ecg.signal import EcgRecord


def read_scp(path: Path) -> EcgRecord:
    """Return an SCP-ECG recording in mV, uncompressed or in any of the standard's compressions.

    III, aVR, aVL and aVF are calculated where the file leaves them out, with a note.

    Raises StudyError: E_CORRUPT_001 for a damaged file, E_FORMAT_002 without rhythm data, E_VALID_001/2 for the sampling rate or step,
    E_HARD_002/4 beyond the limits of size.
    """
    sections = read_sections(path)
    stored, stored_mv, rate_hz = read_signal(sections)
    leads, signal_mv, note = with_limb_leads(stored, stored_mv, np.ones(len(stored)))
    sex, age_years, started_at = scp_device.patient(sections.get(1, b""))
    statements, n_left_out = sorted_statements(scp_device.texts(sections.get(8, b"")))
    return EcgRecord(
        format="scp",
        leads=leads,
        signal_mv=signal_mv,
        sampling_rate_hz=rate_hz,
        started_at=started_at,
        device_statements=statements,
        device_values=scp_device.measurements(sections.get(7, b"")),
        patient_sex=sex,
        age_years=age_years,
        n_device_texts_left_out=n_left_out,
        notes=(note,) if note else (),
    )
