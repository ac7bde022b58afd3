"""Names of leads: one spelling for each, whatever the file calls it.

Belongs here: reading a lead's name and the checks that all readers share. Not here: any format.
"""

import re

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.ecg.signal import MAX_SAMPLING_RATE_HZ, MIN_SAMPLING_RATE_HZ, STANDARD_LEADS

_MAX_STEP_MV = 100.0
_BY_KEY = {name.lower(): name for name in STANDARD_LEADS}
_BY_KEY |= {"mlii": "MLII", "mliii": "MLIII", "ml2": "MLII", "d1": "I", "d2": "II", "d3": "III"}
# electrodes beyond V6 and of the right chest, and bipolar chest leads of monitors
_BY_KEY |= {
    name.lower(): name for name in ("V7", "V8", "V9", "V3R", "V4R", "V5R", "V6R", "CM5", "CC5", "CM1", "MV1", "MV5")
}
# the limb leads by their electrodes, as EDF labels write them ("ECG LA-RA"); LL is the left leg, also called LF
_BY_KEY |= {"la-ra": "I", "ll-ra": "II", "lf-ra": "II", "ll-la": "III", "lf-la": "III"}
_BY_KEY |= {"vx": "X", "vy": "Y", "vz": "Z", "x": "X", "y": "Y", "z": "Z"}
# "Lead I (Einthoven)", "aVR, augmented voltage, right", "ECG_V1", "I [mV]"
_NOISE = re.compile(r"^(?:lead|ecg|ekg)[\s_:-]+|[\s_]*[\[(,].*$|[_\s](?:mv|uv|µv|v)$", re.IGNORECASE)
MILLIVOLTS_PER_UNIT = {
    "mv": 1.0,
    "uv": 1e-3,
    "µv": 1e-3,
    "μv": 1e-3,
    "microvolt": 1e-3,
    "millivolt": 1.0,
    "v": 1e3,
    "nv": 1e-6,
}


def lead_name(text: str) -> str | None:
    """Return the usual spelling of a lead (I, aVR, V1, MLII), None where the text is no known lead.

    >>> lead_name("Lead I (Einthoven)"), lead_name("AVR"), lead_name("v6"), lead_name("ch0")
    ('I', 'aVR', 'V6', None)
    """
    return _BY_KEY.get(_strip(text).lower())


def lead_names(texts: list[str]) -> tuple[str, ...]:
    """Return a name per lead, each once; a lead that is not known is named by its place.

    What stands where a lead's name should stand may be a patient's, so unknown text is never passed on.

    >>> lead_names(["Lead I", "somebody", "v1", "V1"])
    ('I', 'lead 2', 'V1', 'V1#2')
    """
    return _unique([lead_name(text) or f"lead {place}" for place, text in enumerate(texts, 1)])


def is_known_lead(text: str) -> bool:
    """Return whether the text names a lead of the 12-lead ECG, a modified limb lead or a Frank lead."""
    return _strip(text).lower() in _BY_KEY


def _strip(text: str) -> str:
    bare = text.strip()
    for _ in range(3):
        bare = _NOISE.sub("", bare).strip()
    return bare


def _unique(names: list[str]) -> tuple[str, ...]:
    """Return the names with a number added to repeated ones, so that each lead can be told apart."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return tuple(out)


def millivolts_per(unit: str | None, *, where: str) -> float:
    """Return how many mV one unit is.

    Raises StudyError E_VALID_001 where the unit is absent, E_VALID_003 where it is unknown.
    """
    if unit is None or not unit.strip():
        raise StudyError("E_VALID_001", f"no unit of voltage at {where}", allowed="mV, uV, V, nV")
    factor = MILLIVOLTS_PER_UNIT.get(unit.strip().lower())
    if factor is None:
        raise StudyError("E_VALID_003", f"unknown unit of voltage at {where}", allowed="mV, uV, V, nV")
    return factor


def checked_rate(rate_hz: float | None, *, where: str) -> float:
    """Return the sampling rate if it is possible for an ECG.

    Raises StudyError E_VALID_001 where it is absent, E_VALID_002 outside 50 to 4000 Hz.
    """
    allowed = f"{MIN_SAMPLING_RATE_HZ:g} to {MAX_SAMPLING_RATE_HZ:g} Hz"
    if rate_hz is None:
        raise StudyError("E_VALID_001", f"no sampling rate at {where}", allowed=allowed)
    if not MIN_SAMPLING_RATE_HZ <= rate_hz <= MAX_SAMPLING_RATE_HZ:
        raise StudyError(
            "E_VALID_002",
            f"sampling rate at {where} is not possible for an ECG",
            seen=f"{rate_hz:g} Hz",
            allowed=allowed,
        )
    return rate_hz


def checked_step(step_mv: float, *, where: str) -> float:
    """Return the mV of one digit if it is possible for an ECG.

    Raises StudyError E_VALID_002 for 0, more than 100 mV either way, and what is no number.
    """
    if not 0 < abs(step_mv) <= _MAX_STEP_MV:
        raise StudyError(
            "E_VALID_002", f"the gain at {where} is not possible for an ECG", allowed=f"steps up to {_MAX_STEP_MV:g} mV"
        )
    return step_mv
