"""The ECG as a clinician expects it: 25 mm/s, 10 mm/mV, on the usual grid, as one SVG.

Belongs here: the drawing. Not here: what is drawn where in the report (reporting/). One SVG unit is one millimetre of paper.
The SVG has its own paper colour and no ids, so several can stand in one page, light or dark.
"""

from dataclasses import dataclass
from html import escape

import numpy as np

from cardio_dagster.modalities.ecg.prepared import PreparedEcg
from cardio_dagster.modalities.ecg.signal import STANDARD_LEADS, EcgStructures

MM_PER_S, MM_PER_MV = 25.0, 10.0
SHOWN_S = 10.0
_ROW_MM, _MARGIN_MM, _TOP_MM = 25.0, 6.0, 10.0
_PAPER, _FINE, _BOLD, _INK, _MARK = "#fffaf7", "#f6d9d5", "#e3a9a2", "#14161a", "#1d5fa8"
_DRAWN_HZ = 250.0
_MARK_COLOURS = {"V": "#b3261e", "S": "#8a5a00", "P": "#6a1b9a"}


@dataclass(frozen=True, slots=True)
class _Strip:
    """A piece of one lead: which, from when to when, and where its line begins on the paper."""

    lead: int
    start_s: float
    end_s: float
    x_mm: float
    y_mm: float


def draw_ecg(prepared: PreparedEcg, found: EcgStructures, *, title: str, description: str) -> str:
    """Return the first 10 s as an <svg>: three rows of four leads and a rhythm strip for 12 leads, else one row per lead.

    Beats are marked above the last row by their type, with colour and letter. Peaks beyond 2.5 mV are drawn over the neighbouring row, as on paper.
    """
    strips, n_rows = _layout(prepared)
    shown_s = min(SHOWN_S, prepared.record.duration_s)
    width, height = 2 * _MARGIN_MM + shown_s * MM_PER_S, _TOP_MM + n_rows * _ROW_MM + _MARGIN_MM
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" class="ecg" font-family="sans-serif" font-size="3.2">',
            f"<title>{escape(title)}</title><desc>{escape(description)}</desc>",
            f'<rect width="{width:g}" height="{height:g}" fill="{_PAPER}"/>',
            _grid(width, height),
            f'<g fill="none" stroke="{_INK}" stroke-width="30" stroke-linejoin="round" transform="scale(.01)">',
            *(_trace(prepared, strip) for strip in strips),
            "</g>",
            *(_label(prepared.record.leads[s.lead], s) for s in strips),
            _marks(found, strips[-1]),
            f'<text x="{_MARGIN_MM:g}" y="{height - 1.5:g}" fill="{_INK}">25 mm/s  10 mm/mV  0.5-150 Hz</text>',
            "</svg>",
        )
    )


def _layout(prepared: PreparedEcg) -> tuple[list[_Strip], int]:
    leads = prepared.record.leads
    shown_s = min(SHOWN_S, prepared.record.duration_s)
    if set(STANDARD_LEADS) <= set(leads) and shown_s >= 8.0:
        return _twelve(leads, shown_s), 4
    return [_Strip(i, 0.0, shown_s, _MARGIN_MM, _row(i)) for i in range(len(leads))], len(leads)


def _twelve(leads: tuple[str, ...], shown_s: float) -> list[_Strip]:
    """Return 3 x 4 strips, running on in time from column to column, and lead II below."""
    part_s = shown_s / 4
    strips = [
        _Strip(
            leads.index(name),
            column * part_s,
            (column + 1) * part_s,
            _MARGIN_MM + column * part_s * MM_PER_S,
            _row(row),
        )
        for column in range(4)
        for row, name in enumerate(STANDARD_LEADS[3 * column : 3 * column + 3])
    ]
    return [*strips, _Strip(leads.index("II"), 0.0, shown_s, _MARGIN_MM, _row(3))]


def _row(row: int) -> float:
    return _TOP_MM + (row + 0.5) * _ROW_MM


def _grid(width: float, height: float) -> str:
    """Return lines every 1 and 5 mm as two paths."""

    def lines(step: int) -> str:
        across = "".join(f"M{x} 0V{height:g}" for x in range(0, int(width) + 1, step))
        return across + "".join(f"M0 {y}H{width:g}" for y in range(0, int(height) + 1, step))

    return f'<path d="{lines(1)}" stroke="{_FINE}" stroke-width="0.1" fill="none"/><path d="{lines(5)}" stroke="{_BOLD}" stroke-width="0.16" fill="none"/>'


def _trace(prepared: PreparedEcg, strip: _Strip) -> str:
    """Return one strip as a path in hundredths of a millimetre: whole numbers are short and quick to write."""
    rate_hz = prepared.record.sampling_rate_hz
    first, last = round(strip.start_s * rate_hz), round(strip.end_s * rate_hz)
    lead_mv = prepared.block_mv(first, last)[:, strip.lead]
    keep = _extremes(lead_mv, step=max(1, int(rate_hz // _DRAWN_HZ)))
    x_mm = strip.x_mm + keep / rate_hz * MM_PER_S
    y_mm = strip.y_mm - np.clip(lead_mv[keep] * MM_PER_MV, -2 * _ROW_MM, 2 * _ROW_MM)
    points = np.round(np.column_stack((x_mm, y_mm)) * 100).astype(int)
    steps = " ".join(map(str, np.diff(points, axis=0).ravel().tolist()))
    return f'<path d="M{points[0, 0]} {points[0, 1]}l{steps}"/>' if len(points) > 1 else ""


def _extremes(lead_mv: np.ndarray, *, step: int) -> np.ndarray:
    """Return the samples to draw: of each run of 2 * `step` samples the lowest and the highest, so that no peak is lost."""
    if step == 1:
        return np.arange(len(lead_mv))
    width = 2 * step
    whole = len(lead_mv) // width
    blocks = lead_mv[: whole * width].reshape(whole, width)
    ends = np.column_stack((blocks.argmin(axis=1), blocks.argmax(axis=1))) + (np.arange(whole) * width)[:, None]
    return np.unique(np.concatenate((ends.ravel(), [0, len(lead_mv) - 1])))


def _label(name: str, strip: _Strip) -> str:
    return f'<text x="{strip.x_mm + 1:g}" y="{strip.y_mm - 8:g}" fill="{_INK}" font-weight="bold">{escape("".join(c for c in name[:16] if c.isprintable()))}</text>'


def _marks(found: EcgStructures, strip: _Strip) -> str:
    """Return a tick per shown beat, and its letter where it is not normal."""
    parts = []
    for time_s, kind in zip(found.beat_time_s.tolist(), found.beat_types, strict=True):
        if time_s > strip.end_s:
            break
        x, y = strip.x_mm + time_s * MM_PER_S, strip.y_mm + _ROW_MM / 2
        colour = _MARK_COLOURS.get(kind, _MARK)
        parts.append(f'<path d="M{x:.2f} {y - 2:g}v2" stroke="{colour}" stroke-width="0.5"/>')
        if kind != "N":
            parts.append(
                f'<text x="{x:.2f}" y="{y - 2.5:g}" fill="{colour}" text-anchor="middle">{escape(kind)}</text>'
            )
    return "".join(parts)
