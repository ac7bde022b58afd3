"""EDF, EDF+ and BDF headers: what they name and claim, read without trusting them.

Belongs here: the fixed fields of the header, which signals are an ECG, and what it says of the patient. Not here: samples (edf.py).
EDF: Kemp et al. 1992, doi:10.1016/0013-4694(92)90009-7. EDF+: Kemp and Olivan 2003, doi:10.1016/S1388-2457(03)00123-8.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from cardio_dagster.modalities.ecg.formats.leads import MILLIVOLTS_PER_UNIT, is_known_lead
from cardio_dagster.modalities.ecg.formats.person import age_at

_MAX_SIGNALS = 512
_FIELDS = (  # name, characters for each signal
    ("label", 16), ("transducer", 80), ("unit", 8), ("physical_min", 8), ("physical_max", 8), ("digital_min", 8),
    ("digital_max", 8), ("filters", 80), ("n_samples", 8), ("reserved", 32),
)  # fmt: skip
_ECG_LABEL = re.compile(r"(?:^|[^a-z])(?:ecg|ekg)", re.IGNORECASE)
_PLAIN_LABEL = re.compile(r"(?:ch|chan|channel|lead|signal)?[\s_.-]*\d{1,3}", re.IGNORECASE)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_UNKNOWN_DAY = date(1985, 1, 1)  # what EDF+ writes where the day is not known


@dataclass(frozen=True, slots=True)
class EdfSignal:
    """One signal: its label and unit, the range of digits and of the values that they stand for (None where malformed)."""

    label: str
    unit: str
    physical: tuple[float, float] | None
    digital: tuple[float, float] | None
    n_samples: int

    def is_voltage(self) -> bool:
        """Return whether the unit is one of voltage."""
        return self.unit.lower() in MILLIVOLTS_PER_UNIT

    def is_ecg(self) -> bool:
        """Return whether the label says ECG, or names a lead and has a unit of voltage (X, Y and Z may be an accelerometer)."""
        return bool(_ECG_LABEL.search(self.label)) or (is_known_lead(self.label) and self.is_voltage())


@dataclass(frozen=True, slots=True)
class EdfHeader:
    """The fixed header; `n_records` is -1 where the recorder did not know it yet; `sample_bytes` is 2, or 3 for BDF."""

    sample_bytes: int
    header_bytes: int
    kind: str
    n_records: int
    record_s: float
    signals: tuple[EdfSignal, ...]
    started: datetime | None
    time_of_day: str | None
    sex: str | None
    age_years: float | None

    def is_discontinuous(self) -> bool:
        """Return whether records may lie apart in time (EDF+D)."""
        return self.kind.endswith("+D")

    def ecg_signals(self) -> tuple[int, ...]:
        """Return which signals are an ECG; of different sampling rates, the one that most leads have.

        Where no label says so, voltages named by a number alone ("ch 1") are taken, if they are all that the file has.
        """
        named = [i for i, s in enumerate(self.signals) if s.is_ecg()]
        named = [i for i in named if self.signals[i].is_voltage()] or named  # "ECG HR" in beats a minute is none
        if not named:
            others = [i for i, s in enumerate(self.signals) if "annotations" not in s.label.lower()]
            plain = [
                i for i in others if self.signals[i].is_voltage() and _PLAIN_LABEL.fullmatch(self.signals[i].label)
            ]
            named = plain if plain == others else []
        counts = [self.signals[i].n_samples for i in named]
        usual = max(counts, key=lambda n: (counts.count(n), n), default=0)
        return tuple(i for i in named if self.signals[i].n_samples == usual)


def parse_edf(path: Path) -> EdfHeader | None:
    """Return the header, or None where the file is neither EDF nor BDF.

    Raises OSError where the file cannot be read.
    """
    with path.open("rb") as file:
        fixed = file.read(256)
        kind = {b"0       ": 2, b"\xffBIOSEMI": 3}.get(fixed[:8])
        n_signals = _integer(fixed[252:256])
        if kind is None or n_signals is None or not 1 <= n_signals <= _MAX_SIGNALS:
            return None
        rest = file.read(256 * n_signals)
    header_bytes, record_s, n_records = _integer(fixed[184:192]), _number(fixed[244:252]), _integer(fixed[236:244])
    signals = _signals(rest, n_signals)
    if (
        len(rest) != 256 * n_signals
        or header_bytes != 256 * (n_signals + 1)
        or record_s is None
        or n_records is None
        or signals is None
    ):
        return None
    text = fixed.decode("latin-1")
    started, time_of_day = _start(text)
    sex, age_years = _patient(text, started)
    return EdfHeader(
        kind, header_bytes, text[192:197].strip(), n_records, record_s, signals, started, time_of_day, sex, age_years
    )


def _integer(text: bytes) -> int | None:
    value = text.strip(b" \0")
    return int(value) if re.fullmatch(rb"[-+]?\d{1,8}", value) else None


def _number(text: bytes) -> float | None:
    value = text.strip(b" \0").replace(b",", b".")
    return float(value) if re.fullmatch(rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?", value) else None


def _signals(text: bytes, n: int) -> tuple[EdfSignal, ...] | None:
    """Return the signals, whose fields are stored field by field, not signal by signal; None where one has no count of samples."""
    fields: dict[str, list[bytes]] = {}
    at = 0
    for name, width in _FIELDS:
        fields[name] = [text[at + i * width : at + (i + 1) * width] for i in range(n)]
        at += n * width
    signals = []
    for i in range(n):
        n_samples = _integer(fields["n_samples"][i])
        if n_samples is None or n_samples < 0:
            return None
        signals.append(
            EdfSignal(
                label=_text(fields["label"][i]),
                unit=_text(fields["unit"][i]),
                physical=_range(fields["physical_min"][i], fields["physical_max"][i]),
                digital=_range(fields["digital_min"][i], fields["digital_max"][i]),
                n_samples=n_samples,
            )
        )
    return tuple(signals)


def _text(field: bytes) -> str:
    return field.decode("latin-1").strip(" \0")


def _range(low: bytes, high: bytes) -> tuple[float, float] | None:
    first, last = _number(low), _number(high)
    return None if first is None or last is None else (first, last)


def _start(text: str) -> tuple[datetime | None, str | None]:
    """Return when the recording began, and the time of day alone; None where not known.

    Years 85 to 99 are 1985 to 1999, the rest 2000 to 2084; EDF+ names the year in full. 1 January 1985, and "Startdate X", are
    what EDF+ writes for a day that is not known.
    """
    match = re.fullmatch(r"(\d\d)\.(\d\d)\.(\d\d)(\d\d)\.(\d\d)\.(\d\d)", text[168:184])
    if match is None:
        return None, None
    day, month, year, hour, minute, second = (int(part) for part in match.groups())
    named = re.match(r"Startdate (\S+)", text[88:168])
    try:
        plain = datetime(year + (1900 if year >= 85 else 2000), month, day, hour, minute, second)
    except ValueError:
        return None, None
    hidden = plain.date() == _UNKNOWN_DAY or (named is not None and named[1] == "X")
    full = _edf_date(named[1]) if named else None
    if full is not None:
        plain = plain.replace(year=full.year, month=full.month, day=full.day)
    time_of_day = None if hidden and not any((hour, minute, second)) else plain.time().isoformat()
    return None if hidden and full is None else plain, time_of_day


def _edf_date(text: str) -> date | None:
    """Return a date such as 02-MAR-2002, None where it is none."""
    match = re.fullmatch(r"(\d\d)-([A-Z]{3})-(\d{4})", text.upper())
    if match is None or match[2] not in _MONTHS:
        return None
    try:
        return date(int(match[3]), _MONTHS.index(match[2]) + 1, int(match[1]))
    except ValueError:
        return None


def _patient(text: str, started: datetime | None) -> tuple[str | None, float | None]:
    """Return sex and age from the EDF+ patient field "code sex birthdate name"; the birthdate itself is not passed on."""
    fields = [*text[8:88].split(" "), "", "", ""]
    born = _edf_date(fields[2])
    if text[192:196] not in {"EDF+", "BDF+"} and born is None:  # many write the field of EDF+ without saying EDF+
        return None, None
    sex = fields[1] if fields[1] in {"M", "F"} else None
    return sex, age_at(born.isoformat(), started.isoformat()) if born and started else None
