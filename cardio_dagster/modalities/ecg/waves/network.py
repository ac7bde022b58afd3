"""Run the wave network over leads of any length.

Belongs here: padding, pieces and the ONNX session. Not here: what the leads must look like (input.py) or what the logits mean (edges.py).
"""

import numpy as np

from cardio_dagster.models.catalogue import load_session

MODEL = "ecg_waves"
_DIVISOR = 16  # the network halves time four times
_PIECE = 8192  # samples, 33 s: longer recordings are cut, so that memory does not grow with them
_MARGIN = 1024  # samples, 4 s: how far the network looks to either side
_STRIDE = 2


def wave_logits(leads: np.ndarray, *, threads: int) -> np.ndarray:
    """Return the network's logits, float32 (n_leads, 8, n_bins), for leads (n_leads, n at 250 Hz); bin k lies at k * 8 ms.

    Channels 0 to 5: onset and offset of P, QRS, T; 6 and 7: a P wave before and a T wave after the beat here.
    Longer leads run in pieces of 33 s with 4 s of context on both sides.

    Raises ModelLoadError or ModelHashError (models/catalogue.py) if the model is not there or not the right one.
    """
    session = load_session(MODEL, threads=threads)
    n = leads.shape[1]
    step = _PIECE - 2 * _MARGIN
    starts = [0] if n <= _PIECE else list(range(0, n - 2 * _MARGIN, step))
    parts = []
    for start in starts:
        stop = n if start == starts[-1] else start + _PIECE
        logits = session.run(None, {"leads": _padded(leads[:, start:stop])[None]})[0][0]
        first = 0 if start == 0 else _MARGIN
        last = n - start if start == starts[-1] else _PIECE - _MARGIN
        parts.append(logits[:, :, first // _STRIDE : -(-last // _STRIDE)])
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)


def _padded(leads: np.ndarray) -> np.ndarray:
    missing = -leads.shape[1] % _DIVISOR
    return np.pad(leads, ((0, 0), (0, missing))) if missing else leads
