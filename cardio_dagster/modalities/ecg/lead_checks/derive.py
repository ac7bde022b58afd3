"""Limb leads that a file left out, computed from two of I, II and III.

Belongs here: the sums. Not here: deciding to use them (preprocess.py) or saying so in a report.
"""

from dataclasses import replace

import numpy as np

from cardio_dagster.modalities.ecg.lead_checks.limb import FROM_I_AND_II
from cardio_dagster.modalities.ecg.signal import EcgRecord

_MAIN = ("I", "II", "III")


def derive_missing(record: EcgRecord) -> tuple[EcgRecord, tuple[str, ...]]:
    """Return the record with the missing ones of I, II, III, aVR, aVL and aVF added at the end, and their names.

    Unchanged, with no names, where fewer than two of I, II and III are there, where none is missing, or in a long recording.
    A derived sample is NaN where one of its sources is. It measures nothing new: name such leads as derived wherever they show.
    """
    there = [lead for lead in _MAIN if lead in record.leads]
    names = tuple(lead for lead in FROM_I_AND_II if lead not in record.leads)
    if len(there) < 2 or not names or record.step_mv is not None:
        return record, ()
    sources = record.signal_mv[:, [record.leads.index(lead) for lead in there[:2]]]
    to_main = np.linalg.inv(np.array([FROM_I_AND_II[lead] for lead in there[:2]])).T
    weights = to_main @ np.array([FROM_I_AND_II[lead] for lead in names]).T
    added = (sources @ weights).astype(np.float32)
    return replace(record, leads=(*record.leads, *names), signal_mv=np.hstack((record.signal_mv, added))), names
