"""Sex, age and time as the XML formats write them, without anything that names a person.

Belongs here: turning such text into facts. Not here: where a format keeps it. A date of birth serves to count years and goes no further.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime

from cardio_dagster.modalities.ecg.formats.xml_text import number

_HL7_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?(?:\.\d+)?(?:[+-]\d{2,4})?")
_PART = re.compile(r"\s*\d{1,4}\s*", re.ASCII)
_YEARS_PER = {
    **dict.fromkeys(("a", "y", "yr", "year", "years"), 1.0),
    **dict.fromkeys(("mo", "month", "months"), 1 / 12),
    **dict.fromkeys(("wk", "w", "week", "weeks"), 7 / 365.25),
    **dict.fromkeys(("d", "day", "days"), 1 / 365.25),
    **dict.fromkeys(("h", "hour", "hours"), 1 / 8766),
}
_MAX_AGE_YEARS = 130.0


def sex_of(text: str) -> str | None:
    """Return "M" or "F" for male or female in words or letters, None for anything else."""
    return {"m": "M", "male": "M", "f": "F", "female": "F"}.get(text.strip().lower())


def age_in_years(value: str | None, unit: str) -> float | None:
    """Return an age in years, None without a number, with an unknown unit or outside 0 to 130 years."""
    read, per = number(value), _YEARS_PER.get(unit.strip().lower())
    if read is None or per is None or not 0 <= read * per <= _MAX_AGE_YEARS:
        return None
    return round(read * per, 2)


def age_at(born: str, started_at: str | None) -> float | None:
    """Return the full years from a date of birth (19530508 or 1953-05-08) to the recording; None unless both are whole dates."""
    digits = born.strip().replace("-", "")[:8]
    try:
        birth = datetime.strptime(digits, "%Y%m%d").date() if len(digits) == 8 else None
        then = date.fromisoformat(started_at[:10]) if started_at else None
    except ValueError:
        return None
    if birth is None or then is None:
        return None
    years = then.year - birth.year - ((then.month, then.day) < (birth.month, birth.day))
    return float(years) if 0 <= years <= _MAX_AGE_YEARS else None


def hl7_time(text: str | None) -> str | None:
    """Return an HL7 point in time (20021122091000.000) as ISO 8601 to the second, without its zone; None below the minute."""
    match = _HL7_TIME.fullmatch((text or "").strip())
    return iso_time(match.group(1, 2, 3), [part for part in match.group(4, 5, 6) if part]) if match else None


def iso_time(date: Sequence[str], time: Sequence[str]) -> str | None:
    """Return (year, month, day) and (hour, minute[, second]) as ISO 8601, without a second where the file gives none.

    None where a part is missing or there is no such time; a fraction of a second is cut off.
    """
    texts = [*date, *time[:2], *(text.partition(".")[0] for text in time[2:])]
    if len(date) != 3 or len(time) not in {2, 3} or not all(_PART.fullmatch(text) for text in texts):
        return None
    try:
        moment = datetime(*map(int, texts))  # type: ignore[arg-type]
    except ValueError:
        return None
    return moment.isoformat(timespec="seconds" if len(time) == 3 else "minutes")
