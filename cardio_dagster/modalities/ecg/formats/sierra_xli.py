"""XLI, the compression of Philips Sierra ECG: LZW of 10 bits over second differences.

Belongs here: compressed bytes to steps. Not here: XML, units or names of leads (sierra.py).

A channel is a head of 8 bytes (size of what follows, unsigned 32 bits; 2 bytes unused; a start value, signed 16 bits; little endian) and
its LZW codes, most significant bit first. They give the high bytes of all differences, then the low bytes. With them, sample i is
2 * z[i-1] - z[i-2] - e[i], where e[2] is the start value and e[i] the difference i-1 less 64; the first two samples stand as they are.
The limb leads III, aVR, aVL and aVF hold what their sum from I and II leaves over. Written from the published description
(wiki of github.com/sixlettervariables/sierra-ecg-tools) and checked against its decoder; that one has no limits, so it is not used.
"""

import numpy as np

from cardio_dagster.errors import StudyError

_HEAD = 8
_BITS = 10
_MAX_CODE = (1 << _BITS) - 2
_BIAS = 64


def decode_xli(data: bytes, *, n_leads: int, n_samples: int) -> np.ndarray:
    """Return the first `n_leads` channels as int32 steps, (n_samples, n_leads); later channels carry no lead.

    Raises StudyError: E_CORRUPT_001 where a channel is missing, damaged or of another length.
    """
    steps = np.empty((n_samples, n_leads), dtype=np.int32)
    at = 0
    for lead in range(n_leads):
        size = int.from_bytes(data[at : at + 4], "little")
        start = int.from_bytes(data[at + 6 : at + _HEAD], "little", signed=True)
        chunk = data[at + _HEAD : at + _HEAD + size]
        at += _HEAD + size
        if size == 0 or len(chunk) < size:
            raise _damaged(lead, f"{len(chunk)} of {size} bytes")
        unpacked = unpack_lzw(chunk, max_bytes=2 * n_samples)
        if unpacked is None or (len(unpacked) + 1) // 2 != n_samples:
            seen = "more" if unpacked is None else f"{(len(unpacked) + 1) // 2}"
            raise _damaged(lead, f"{seen} samples", f"{n_samples} samples")
        steps[:, lead] = _samples(unpacked, start, lead)
    return steps


def unpack_lzw(chunk: bytes, *, max_bytes: int) -> bytes | None:
    """Return the bytes that the codes stand for, None where they are more than `max_bytes` or a code has no meaning.

    The table grows to 1022 entries and stays; the code 1023 ends the text.
    """
    table = [bytes((i,)) for i in range(256)]
    previous = b""
    parts: list[bytes] = []
    room, bits, n_bits = max_bytes, 0, 0
    for byte in chunk:
        bits, n_bits = (bits << 8) | byte, n_bits + 8
        if n_bits < _BITS:
            continue
        n_bits -= _BITS
        code, bits = bits >> n_bits, bits & ((1 << n_bits) - 1)
        if code > _MAX_CODE:
            break
        if code > len(table) or (code == len(table) and not previous):
            return None
        entry = table[code] if code < len(table) else previous + previous[:1]
        if previous and len(table) <= _MAX_CODE:
            table.append(previous + entry[:1])
        previous = entry
        parts.append(entry)
        room -= len(entry)
        if room < 0:
            return None
    return b"".join(parts)


def _samples(unpacked: bytes, start: int, lead: int) -> np.ndarray:
    """Return the samples of one channel from its differences."""
    both = np.frombuffer(unpacked + b"\0" * (len(unpacked) % 2), dtype=np.uint8).reshape(2, -1).astype(np.uint16)
    stored = ((both[0] << 8) | both[1]).view(np.int16).astype(np.int64)
    change = np.diff(stored[:2], prepend=stored[:1])
    slopes = np.concatenate((change, -(np.concatenate(([start], stored[2:-1] - _BIAS))[: max(len(stored) - 2, 0)])))
    samples: np.ndarray = stored[0] + np.cumsum(np.concatenate((slopes[:1], np.cumsum(slopes[1:]))))
    if np.abs(samples).max() > 32768:
        raise _damaged(lead, "samples beyond 16 bits")
    return samples


def restore_limb_leads(steps: np.ndarray, leads: tuple[str, ...]) -> None:
    """Turn the remainders of III, aVR, aVL and aVF into the leads themselves, in place; halves are rounded down as the writer did."""
    at = {name: i for i, name in enumerate(leads)}
    if not {"I", "II", "III"} <= at.keys():
        return
    one, two = steps[:, at["I"]], steps[:, at["II"]]
    steps[:, at["III"]] = three = two - one - steps[:, at["III"]]
    sums = {"aVR": -((one + two) // 2), "aVL": (one - three) // 2, "aVF": (two + three) // 2}
    for name, whole in sums.items():
        if name in at:
            steps[:, at[name]] = whole - steps[:, at[name]]


def _damaged(lead: int, seen: str, allowed: str | None = None) -> StudyError:
    return StudyError(
        "E_CORRUPT_001", f"the compressed waveform is damaged in channel {lead + 1}", seen=seen, allowed=allowed
    )
