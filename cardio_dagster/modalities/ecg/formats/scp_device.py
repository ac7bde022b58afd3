"""What an SCP-ECG file says besides samples: sex, age and time, the device's measurements and statements.

Belongs here: sections 1, 7 and 8. Not here: samples. Names and numbers of patients are not read. EN 1064, clauses 5.4, 5.10, 5.11.
"""

import struct
from datetime import datetime

from cardio_dagster.modalities.ecg.formats.device_values import device_value, first_of_each
from cardio_dagster.modalities.ecg.formats.person import age_at
from cardio_dagster.modalities.ecg.signal import DeviceValue

_YEARS_PER_UNIT = {1: 1.0, 2: 1 / 12, 3: 7 / 365.25, 4: 1 / 365.25, 5: 1 / 8766}
_SEXES = {1: "M", 2: "F"}
_MAX_TAGS = 512


def patient(section: bytes) -> tuple[str | None, float | None, str | None]:
    """Return sex, age in years and start of the recording (ISO 8601) from section 1; None where not given or impossible."""
    tags = _tags(section)
    sex = _SEXES.get(tags[8][0]) if tags.get(8) else None
    started_at = _started_at(tags)
    return sex, _age(tags, started_at), started_at


def _age(tags: dict[int, bytes], started_at: str | None) -> float | None:
    """Return the age that the file gives, or else the full years from the day of birth, which goes no further."""
    if len(tags.get(4, b"")) >= 3:
        number, unit = struct.unpack_from("<HB", tags[4])
        years = number * _YEARS_PER_UNIT.get(unit, float("nan"))
        if number and 0 < years <= 130:
            return float(round(years, 2))
    if len(tags.get(5, b"")) < 4:
        return None
    year, month, day = struct.unpack_from("<HBB", tags[5])
    return age_at(f"{year:04}{month:02}{day:02}", started_at)


def _tags(section: bytes) -> dict[int, bytes]:
    """Return the fields that we use: age 4, day of birth 5, sex 8, day 25 and time 26 of the recording."""
    tags: dict[int, bytes] = {}
    at = 0
    for _ in range(_MAX_TAGS):
        if at + 3 > len(section) or section[at] == 255:
            break
        tag, size = struct.unpack_from("<BH", section, at)
        if tag in {4, 5, 8, 25, 26}:
            tags.setdefault(tag, section[at + 3 : at + 3 + size])
        at += 3 + size
    return tags


def _started_at(tags: dict[int, bytes]) -> str | None:
    day, time = tags.get(25, b""), tags.get(26, b"")
    if len(day) < 4 or len(time) < 3:
        return None
    try:
        return datetime(*struct.unpack_from("<HBB", day), *time[:3]).isoformat()
    except ValueError:
        return None


def measurements(section: bytes) -> tuple[DeviceValue, ...]:
    """Return the device's global measurements from section 7, those that it gives (19999, 29998 and 29999 stand for none).

    The first block is of the reference beat. QTc is by whichever formula the device uses.
    """
    if len(section) < 22:
        return ()
    n_blocks, n_spikes = section[0], section[1]
    p_on, p_off, qrs_on, qrs_off, t_off, *axes = struct.unpack_from("<5H3h", section, 6)
    spans = (
        ("p_duration_ms", p_on, p_off),
        ("pr_ms", p_on, qrs_on),
        ("qrs_ms", qrs_on, qrs_off),
        ("qt_ms", qrs_on, t_off),
    )
    # where an end is not given, the difference is out of range
    found = [device_value(name, end - start, unit="ms") for name, start, end in spans]
    names = ("p_axis_deg", "qrs_axis_deg", "t_axis_deg")  # 999, not given, is out of the range of an axis
    found += [device_value(name, axis, unit="deg") for name, axis in zip(names, axes, strict=True)]
    return first_of_each([*(found if n_blocks else []), *_rates(section, 6 + 16 * n_blocks + 10 * n_spikes)])


def _rates(section: bytes, at: int) -> list[DeviceValue | None]:
    """Return heart rate and QTc, which follow the types of the single beats."""
    if at + 2 > len(section):
        return []
    at += 2 + struct.unpack_from("<H", section, at)[0]
    if at + 6 > len(section):
        return []
    rate, _, qtc = struct.unpack_from("<3H", section, at)
    return [device_value("heart_rate_bpm", rate, unit="bpm"), device_value("qtc_ms", qtc, unit="ms")]


def texts(section: bytes) -> list[str]:
    """Return the device's statements from section 8 as they stand; the caller keeps those that name nobody."""
    if len(section) < 9:
        return []
    found, at = [], 9
    for _ in range(section[8]):
        if at + 3 > len(section):
            break
        (size,) = struct.unpack_from("<H", section, at + 1)
        text = section[at + 3 : at + 3 + size].split(b"\0")[0].decode("latin-1").strip()
        found += [text] if text else []
        at += 3 + size
    return found
