"""Huffman coding of SCP-ECG samples.

Belongs here: code tables, and bits to numbers. Not here: differences, units, sections. EN 1064, clause 5.5 and annex C.
"""

import struct
from dataclasses import dataclass

import numpy as np

from cardio_dagster.errors import StudyError

DEFAULT_TABLE = 19999
_LOOKUP_BITS = 16
_MAX_CODES = 1024


@dataclass(frozen=True, slots=True)
class Code:
    """One code: bits of the prefix, bits in all, whether it is a value (else: go on with table `base`), its value, its prefix."""

    prefix_bits: int
    total_bits: int
    is_value: bool
    base: int
    prefix: int


def default_codes() -> tuple[Code, ...]:
    """Return the default table: n ones and a zero for size n with a bit for the sign; nine ones, then 0 or 1, lead 8 or 16 bits."""
    small = [Code(1, 1, True, 0, 0)]
    for size in range(1, 9):
        ones = ((1 << size) - 1) << 2
        small += [Code(size + 2, size + 2, True, size, ones), Code(size + 2, size + 2, True, -size, ones | 1)]
    return (*small, Code(10, 18, True, 0, 0b1111111110), Code(10, 26, True, 0, 0b1111111111))


def read_tables(section: bytes) -> tuple[tuple[Code, ...], ...]:
    """Return the tables of section 2; the default table where it says so (19999).

    Raises StudyError: E_CORRUPT_001 for a table that ends early or holds an impossible code, E_FORMAT_002 for prefixes above 16 bits.
    """
    if len(section) < 2:
        raise StudyError("E_CORRUPT_001", "the Huffman section of SCP-ECG ends early")
    (n_tables,) = struct.unpack_from("<H", section)
    if n_tables == DEFAULT_TABLE:
        return (default_codes(),)
    tables: list[tuple[Code, ...]] = []
    at = 2
    for _ in range(n_tables):
        (n_codes,) = struct.unpack_from("<H", section, at) if at + 2 <= len(section) else (0,)
        at += 2
        if not 1 <= n_codes <= _MAX_CODES or at + 9 * n_codes > len(section) or len(tables) >= 16:
            raise StudyError("E_CORRUPT_001", "a Huffman table of SCP-ECG ends early or is empty")
        tables.append(tuple(_code(*struct.unpack_from("<BBBhI", section, at + 9 * i)) for i in range(n_codes)))
        at += 9 * n_codes
    if not tables:
        raise StudyError("E_CORRUPT_001", "the Huffman section of SCP-ECG holds no table")
    return tuple(tables)


def _code(prefix_bits: int, total_bits: int, mode: int, base: int, stored: int) -> Code:
    """Return one code; the file holds its prefix with the first bit lowest."""
    if not 1 <= prefix_bits <= total_bits <= prefix_bits + 16:
        raise StudyError("E_CORRUPT_001", "a Huffman code of SCP-ECG is not possible")
    if prefix_bits > _LOOKUP_BITS:
        raise StudyError("E_FORMAT_002", "a Huffman prefix of SCP-ECG is too long", allowed=f"{_LOOKUP_BITS} bits")
    prefix = int(f"{stored & ((1 << prefix_bits) - 1):0{prefix_bits}b}"[::-1], 2)
    return Code(prefix_bits, total_bits, mode == 1, base, prefix)


def decode(data: bytes, n: int, tables: tuple[tuple[Code, ...], ...]) -> np.ndarray:
    """Return the first n numbers of a bit stream as int64.

    A table is looked up at every bit at once; then the codes are followed from the first bit on. A code that is no value
    names the table to go on with. Raises StudyError E_CORRUPT_001 where the stream ends before or holds a code of no table.
    """
    words = _words(data)
    steps = {0: _Step(words, tables[0])}
    begun = [(0, steps[0])]  # from which number on which table holds
    lengths, switches = steps[0].lengths, steps[0].switches
    starts: list[int] = []
    at, left = 0, n
    while left:
        length = lengths[at]
        if not length:
            raise StudyError("E_CORRUPT_001", "a lead of SCP-ECG ends early or holds an unknown code")
        if not switches or begun[-1][1].target(at) is None:
            starts.append(at)
            left -= 1
        else:
            step = _other_step(begun[-1][1].target(at), steps, words, tables)
            begun.append((len(starts), step))
            lengths, switches = step.lengths, step.switches
        at += length
    ends = [*(first for first, _ in begun[1:]), n]
    return np.concatenate([step.values(starts[first:end]) for (first, step), end in zip(begun, ends, strict=True)])


def _other_step(
    number: int | None, steps: dict[int, "_Step"], words: np.ndarray, tables: tuple[tuple[Code, ...], ...]
) -> "_Step":
    """Return the table of a number, counted from 1, looked up once."""
    if number is None or not 1 <= number <= len(tables):
        raise StudyError("E_CORRUPT_001", "a Huffman code of SCP-ECG names a table that is not there")
    if number - 1 not in steps:
        steps[number - 1] = _Step(words, tables[number - 1])
    return steps[number - 1]


def _words(data: bytes) -> np.ndarray:
    """Return the 32 bits that begin at each bit, int64 (n_bits,), padded with zeros."""
    padded = np.frombuffer(data + bytes(4), np.uint8).astype(np.int64)
    n = len(data)
    forty = sum((padded[i : n + i] << (32 - 8 * i) for i in range(5)), np.zeros(n, np.int64))
    return ((forty[:, None] >> (8 - np.arange(8))) & 0xFFFFFFFF).reshape(-1)


class _Step:
    """One table looked up at every bit: which code begins there, and how long it is (0: none begins)."""

    def __init__(self, words: np.ndarray, codes: tuple[Code, ...]) -> None:
        lookup = np.full(1 << _LOOKUP_BITS, len(codes), np.int16)
        for i, code in enumerate(codes):
            rest = _LOOKUP_BITS - code.prefix_bits
            lookup[code.prefix << rest : (code.prefix + 1) << rest] = i
        self._words, self._codes = words, codes
        self._found = lookup[words >> (32 - _LOOKUP_BITS)]
        self.switches = any(not code.is_value for code in codes)
        lengths = np.array([*(c.total_bits for c in codes), 0], np.uint8)[self._found]
        lengths[np.arange(len(words)) + lengths > len(words)] = 0
        self.lengths = lengths.tobytes() + bytes(1)  # and none begins behind the end

    def target(self, at: int) -> int | None:
        """Return the table, counted from 1, that the code at a bit names; None where it is a value."""
        code = self._codes[self._found[at]]
        return None if code.is_value else code.base

    def values(self, starts: list[int]) -> np.ndarray:
        """Return the values of the codes that begin at these bits: the table's, and the bits behind the prefix as a signed number."""
        places = np.array(starts, np.int64)
        prefix, total, base = np.array([(c.prefix_bits, c.total_bits, c.base) for c in self._codes])[
            self._found[places]
        ].T
        behind = ((self._words[places] << prefix) & 0xFFFFFFFF).astype(np.uint32).view(np.int32).astype(np.int64)
        return np.asarray(base + np.where(total > prefix, behind >> (32 - (total - prefix)), 0), np.int64)
