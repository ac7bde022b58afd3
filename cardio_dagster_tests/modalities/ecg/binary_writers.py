"""Tiny writers of SCP-ECG and ISHNE, so that readers can be tested by round trip."""

import binascii
import struct

import numpy as np

SCP_LEADS = {"I": 1, "II": 2, "V1": 3, "V2": 4, "V3": 5, "V4": 6, "V5": 7, "V6": 8, "III": 61}
ISHNE_LEADS = {"I": 5, "II": 6, "III": 7, "V1": 11, "V2": 12, "X": 2}


def crc(data):
    return binascii.crc_hqx(data, 0xFFFF)


def scp_section(number, content):
    content += bytes(len(content) % 2)
    head = struct.pack("<HIBB6s", number, 16 + len(content), 20, 20, b"SCPECG" if number == 0 else bytes(6))
    return struct.pack("<H", crc(head + content)) + head + content


def scp_file(contents):
    """Return a file of the sections {number: content}."""
    sections = {number: scp_section(number, content) for number, content in sorted(contents.items())}
    table_bytes = 16 + 10 * 12  # a pointer for each of the sections 0 to 11, there or not
    at, pointers = 6 + table_bytes, [struct.pack("<HII", 0, table_bytes, 7)]
    for number in range(1, 12):
        size = len(sections.get(number, b""))
        pointers.append(struct.pack("<HII", number, size, at + 1 if size else 0))
        at += size
    body = scp_section(0, b"".join(pointers)) + b"".join(sections.values())
    rest = struct.pack("<I", 6 + len(body)) + body
    return struct.pack("<H", crc(rest)) + rest


def differences(samples, order):
    """Return what a coder stores: the first samples as they are, then first or second differences."""
    out = np.array(samples, np.int64)
    if order == 1:
        out[1:] = np.diff(samples)
    if order == 2:
        out[2:] = np.diff(samples, 2)
    return out


def huffman_bits(value):
    if value == 0:
        return "0"
    if abs(value) <= 8:
        return "1" * abs(value) + "0" + "01"[value < 0]
    width, mark = (8, "0") if -128 <= value < 128 else (16, "1")
    return "1" * 9 + mark + f"{value & ((1 << width) - 1):0{width}b}"


def pack_bits(bits):
    bits += "0" * (-len(bits) % 16)
    return int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""


def scp_samples(leads, *, step_nv, interval_us, order=0, bimodal=0, code=None):
    """Return section 5 or 6; `code` turns a number into bits, None stores two bytes."""
    stored = [differences(samples, order) for samples in leads]
    blobs = [s.astype("<i2").tobytes() if code is None else pack_bits("".join(map(code, s.tolist()))) for s in stored]
    head = struct.pack("<HHBB", step_nv, interval_us, order, bimodal)
    return head + struct.pack(f"<{len(blobs)}H", *map(len, blobs)) + b"".join(blobs)


def scp_leads(names, n_samples, *, subtracted=False, first=1):
    starts = [first] * len(names) if isinstance(first, int) else first
    rows = [struct.pack("<IIB", s, s + n_samples - 1, SCP_LEADS[n]) for n, s in zip(names, starts, strict=True)]
    return bytes([len(names), 4 | subtracted]) + b"".join(rows)


def scp_zones(beat_ms, fiducial, beats, protected):
    head = struct.pack("<HHH", beat_ms, fiducial, len(beats))
    return (
        head
        + b"".join(struct.pack("<HIII", *beat) for beat in beats)
        + b"".join(struct.pack("<II", *zone) for zone in protected)
    )


def tag(number, content):
    return struct.pack("<BH", number, len(content)) + content


def ishne_file(digital, *, leads=("I", "II", "V1"), nv=2500, rate_hz=250, claimed=None, text=b"", checksum=None):
    """Return a file of int16 samples (n_samples, n_leads)."""
    head = bytearray(522)
    head[:8] = b"ISHNE1.0"
    n = len(digital) if claimed is None else claimed
    struct.pack_into("<4i", head, 10, len(text), n, 522, 522 + len(text))
    head[28:36] = b"Somebody"
    struct.pack_into("<hh3h3h3h3h", head, 128, 2, 0, 9, 5, 1950, 22, 11, 2002, 23, 11, 2002, 9, 10, 11)
    struct.pack_into("<h12h", head, 156, len(leads), *([ISHNE_LEADS[x] for x in leads] + [-9] * (12 - len(leads))))
    struct.pack_into("<12h", head, 206, *([nv] * len(leads) + [-9] * (12 - len(leads))))
    struct.pack_into("<h", head, 272, rate_hz)
    right = crc(bytes(head[10:]) + text)
    struct.pack_into("<H", head, 8, right if checksum is None else checksum)
    return bytes(head) + text + digital.astype("<i2").tobytes()
