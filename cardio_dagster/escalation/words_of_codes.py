"""Each code in words, and what to do about it: fixed sentences, never the text of a finding, which could name a patient.

Belongs here: the table. Not here: how a notice is laid out (text.py).
"""

import re

from cardio_dagster.errors import CODES

_PATIENT_NOW = "Look at the patient now, then at the recording."
_READ_NOW = "Read the report now and tell the treating doctor."
_WHOSE = "Find out whose recordings these are before anybody uses the report."
_TABLE: dict[str, tuple[str, str]] = {
    "ECG_NO_BEATS": ("No heart beat found", _PATIENT_NOW),
    "ECG_CHAOTIC": ("Ventricular fibrillation or tachycardia cannot be excluded", _PATIENT_NOW),
    "ECG_NO_QRS": ("Standstill of the ventricles cannot be excluded", _PATIENT_NOW),
    "ECG_VT": ("Ventricular tachycardia", _PATIENT_NOW),
    "ECG_PAUSE": ("Pause of more than 3 s", _PATIENT_NOW),
    "ECG_AV_BLOCK_3": ("Complete AV block possible", _PATIENT_NOW),
    "ECG_ST_ELEVATION": ("ST elevation, infarction possible", _PATIENT_NOW),
    "ECG_BRADYCARDIA": ("Heart rate below 40/min", _PATIENT_NOW),
    "ECG_TACHYCARDIA": ("Heart rate of 150/min or more", _PATIENT_NOW),
    "ECG_QTC_CRITICAL": ("QTc of 500 ms or more", "Check medicines and potassium; tell the treating doctor now."),
    "LVEF_SEVERELY_REDUCED": ("Ejection fraction below 30 %", _READ_NOW),
    "fusion.patients": ("Recordings of different patients in one study", _WHOSE),
    "fusion.conflict.sex": ("Sex differs between the recordings", _WHOSE),
    "fusion.conflict.age_years": ("Age differs between the recordings", _WHOSE),
    "REPORT_HELD": ("Report held for review", "Decide on it: cardio review show STUDY."),
    "REVIEW_CRITICAL": ("A reader wrote a critical sentence into the report", _READ_NOW),
    "REVIEW_STUCK": ("A decision on a report is not carried out", "Run cardio audit verify; look at the study's last run."),
    "REPORT_MISSING": ("No report could be made", "Read the recordings by hand; the operator knows of the failure."),
    "BREAKER_OPEN": ("A dependency is down, no new runs are started", "Bring it back; the runs go on by themselves."),
    "DISK_LOW": ("Disk nearly full", "Make room; recordings are not taken in without it."),
    "RUN_DIED": ("A run died without a word", "Nothing at once: its studies are asked for again. If often, look at memory."),
    "CHANNEL_DOWN": ("A channel takes no notices", "Mend it; until then notices go to the next channel or to the folder."),
    "POLICY_INVALID": ("Escalation file cannot be used, the packaged policy is in force", "Mend it: cardio notices policy names each fault."),
    "EVALUATION_WORSE": ("Accuracy is worse than it was", "Open the evaluation page; roll the last change of a model or threshold back."),
    "EVALUATION_DRIFTED": ("What comes in or out has drifted", "Open the evaluation page: which quantity, since when, from which source."),
    "INPUT_SET_ASIDE": ("Something dropped made no study", "Look into the quarantine; tell the sender."),
}  # fmt: skip
_PLAIN = re.compile(r"[A-Za-z0-9_.]{1,64}")


def safe(code: str) -> str:
    """Return a code as it may be shown: anything that does not look like one might be a name."""
    return code if _PLAIN.fullmatch(code) else "UNKNOWN"


def words_of(code: str) -> tuple[str, str]:
    """Return what a code means and what to do; of an unknown one its name, so that it is told nevertheless."""
    if code in _TABLE:
        return _TABLE[code]
    if code in CODES:
        return CODES[code].title, CODES[code].cure
    return _quantity(code) or (f"Critical: {safe(code)}", _READ_NOW)


def _quantity(code: str) -> tuple[str, str] | None:
    # here, because all modalities come with it: a second of imports, at the start of the gateway
    from cardio_dagster.modalities.clinical.quantities import BY_NAME

    _, name, side = (*code.split("."), "", "")[:3]
    if code.startswith("clinical.") and name in BY_NAME:
        return f"{BY_NAME[name].label} critically {'low' if side == 'low' else 'high'}", _READ_NOW
    return None
