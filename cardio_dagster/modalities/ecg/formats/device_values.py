"""The numbers a device printed, under one name whatever the format calls them.

Belongs here: the common names, their units and their possible ranges, and all that a device said. Not here: where a format keeps it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cardio_dagster.modalities.ecg.formats.xml_text import number
from cardio_dagster.modalities.ecg.signal import DeviceValue

# name -> unit, least and greatest; outside it stands a device's mark for "not measured" (0, 29999, 32767) or an error
_RANGES = {
    **dict.fromkeys(("heart_rate_bpm",), ("/min", 5.0, 600.0)),
    **dict.fromkeys(("atrial_rate_bpm",), ("/min", 5.0, 900.0)),
    **dict.fromkeys(("rr_ms", "pp_ms"), ("ms", 50.0, 12000.0)),
    "pr_ms": ("ms", 20.0, 1000.0),
    "p_duration_ms": ("ms", 10.0, 400.0),
    "qrs_ms": ("ms", 20.0, 500.0),
    **dict.fromkeys(
        ("qt_ms", "qtc_ms", "qtc_bazett_ms", "qtc_fridericia_ms", "qtc_framingham_ms", "qtc_hodges_ms"),
        ("ms", 100.0, 1000.0),
    ),
    **dict.fromkeys(("p_axis_deg", "qrs_axis_deg", "t_axis_deg"), ("deg", -360.0, 360.0)),
}
NAMES = frozenset(_RANGES)
_SCALES = {
    "ms": {
        "ms": 1.0,
        "msec": 1.0,
        "millisecond": 1.0,
        "milliseconds": 1.0,
        "s": 1e3,
        "sec": 1e3,
        "us": 1e-3,
        "µs": 1e-3,
    },
    "deg": {"deg": 1.0, "degree": 1.0, "degrees": 1.0},
    "/min": dict.fromkeys(("/min", "1/min", "bpm", "{beats}/min", "{h.b.}/min", "{beat}/min", "beats/min"), 1.0),
}


def device_value(name: str, value: str | float | None, *, unit: str) -> DeviceValue | None:
    """Return a printed number in its common unit; None where it is no number, impossible, or of another unit.

    `unit` is what the file or its specification says of this number; an empty one is not guessed.
    """
    common, least, greatest = _RANGES[name]
    scale = _SCALES[common].get(unit.strip().lower())
    read = number(value) if isinstance(value, str) else value
    if scale is None or read is None or not least <= read * scale <= greatest:
        return None
    return DeviceValue(name, round(read * scale, 6), common)


def first_of_each(values: Iterable[DeviceValue | None]) -> tuple[DeviceValue, ...]:
    """Return the first value of each name, in order; None is skipped."""
    seen: dict[str, DeviceValue] = {}
    for value in values:
        if value is not None:
            seen.setdefault(value.name, value)
    return tuple(seen.values())


@dataclass(frozen=True, slots=True)
class DeviceSaid:
    """What a device said of a recording, and how many of its texts and numbers were left out.

    A text is left out because it may name somebody, a number because it has no unit or is not possible.
    """

    statements: tuple[str, ...]
    values: tuple[DeviceValue, ...]
    n_texts_left_out: int
    n_numbers_left_out: int

    def note(self) -> str:
        """Return a note on the numbers that were left out, "" where there are none."""
        n = self.n_numbers_left_out
        return f"{n} printed number{'s' if n > 1 else ''} without unit or not possible left out" if n else ""


def all_said(
    statements: tuple[str, ...], n_texts: int, read: Iterable[tuple[str | None, DeviceValue | None]]
) -> DeviceSaid:
    """Return what a device said, from its statements and from pairs of a printed number and what was read from it.

    A printed 0 is a device's mark for "not measured" and counts nowhere.
    """
    pairs = tuple(read)
    lost = sum(value is None and bool(number(text)) for text, value in pairs)
    return DeviceSaid(statements, first_of_each(value for _, value in pairs), n_texts, lost)
