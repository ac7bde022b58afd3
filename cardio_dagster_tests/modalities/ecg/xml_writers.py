"""Tiny writers of the XML formats, for tests alone: whole steps in, the text of a file out."""

import base64
import struct
from itertools import pairwise

import numpy as np

NAMES_8 = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
NAMES_12 = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def some_steps(n_samples=1000, n_leads=8, seed=1):
    """Steps that drift and jump, within 16 bits: (n_samples, n_leads)."""
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.integers(-40, 41, (n_samples, n_leads)), axis=0) + rng.integers(-200, 200, n_leads)


def base64_of(steps):
    return base64.b64encode(np.asarray(steps, dtype="<i2").tobytes()).decode()


def aecg_sequence(name, steps, scale="2.5", unit="uV", origin='<origin value="0" unit="uV"/>'):
    digits = " ".join(str(s) for s in steps)
    return (
        f'<component><sequence><code code="MDC_ECG_LEAD_{name.upper()}"/><value xsi:type="SLIST_PQ">{origin}'
        f'<scale value="{scale}" unit="{unit}"/><digits>{digits}</digits></value></sequence></component>'
    )


def aecg_series(sequences, *, code="RHYTHM", increment='value="0.002" unit="s"', time="TIME_ABSOLUTE", notes=""):
    return (
        f'<component><series><code code="{code}"/><effectiveTime><low value="20240229131415.250"/></effectiveTime>'
        f'<component><sequenceSet><component><sequence><code code="{time}"/><value xsi:type="GLIST_TS">'
        f'<head value="20240229131415.250"/><increment {increment}/></value></sequence></component>{"".join(sequences)}'
        f"</sequenceSet></component>{notes}</series></component>"
    )


def aecg(*series, subject=""):
    return (
        '<?xml version="1.0" encoding="UTF-8"?><AnnotatedECG xmlns="urn:hl7-org:v3" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{subject}{"".join(series)}</AnnotatedECG>'
    )


def annotations(*parts):
    return f"<subjectOf><annotationSet>{''.join(parts)}</annotationSet></subjectOf>"


def annotation(code, value, inner=""):
    return f'<component><annotation><code code="{code}"/>{value}{inner}</annotation></component>'


def muse_lead(name, steps, **changes):
    facts = {
        "LeadByteCountTotal": 2 * len(steps),
        "LeadTimeOffset": 0,
        "LeadSampleCountTotal": len(steps),
        "LeadAmplitudeUnitsPerBit": "4.88",
        "LeadAmplitudeUnits": "MICROVOLTS",
        "LeadID": name,
        "LeadOffsetFirstSample": 0,
        "FirstSampleBaseline": 0,
        "LeadSampleSize": 2,
        "WaveFormData": base64_of(steps),
    } | changes
    return f"<LeadData>{_tags(facts)}</LeadData>"


def muse_waveform(leads, kind="Rhythm", **changes):
    facts = {"WaveformType": kind, "SampleType": "CONTINUOUS_SAMPLES", "SampleBase": 500, "SampleExponent": 0} | changes
    return f"<Waveform>{_tags(facts)}{''.join(leads)}</Waveform>"


def muse(*parts):
    top = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE RestingECG SYSTEM "restecg.dtd">\n'
    return f"{top}<RestingECG>{''.join(parts)}</RestingECG>"


def cardiosoft(leads, *, rate_hz):
    """Return a CardioSoft file of {lead: steps of 5 uV}."""
    data = "".join(f'<WaveformData lead="{n}">\n\t{",".join(map(str, s))}</WaveformData>' for n, s in leads.items())
    count = len(next(iter(leads.values())))
    return (
        f'<CardiologyXML><StripData><SampleRate units="Hz">{rate_hz}</SampleRate>'
        f'<Resolution units="uVperLsb">5</Resolution><ChannelSampleCountTotal>{count}</ChannelSampleCountTotal>{data}'
        "</StripData></CardiologyXML>"
    )


def sierra_waveform(text, **changes):
    facts = {
        "dataencoding": "Base64",
        "compression": "XLI",
        "numberofleads": 12,
        "leadlabels": " ".join(NAMES_12),
        "durationperchannel": 2000,
        "samplespersecond": 500,
        "resolution": 5,
        "signaloffset": 0,
        "signalsigned": "True",
        "bitspersample": 16,
    } | changes
    attributes = " ".join(f'{k}="{v}"' for k, v in facts.items() if v is not None)
    return f"<waveforms><parsedwaveforms {attributes}>{text}</parsedwaveforms></waveforms>"


def sierra(waveform, *, said="", rest=""):
    return (
        '<?xml version="1.0" encoding="UTF-8"?><restingecgdata xmlns="http://www3.medical.philips.com">'
        f'<dataacquisition date="2024-02-29" time="13:14:15"><signalcharacteristics>{said}</signalcharacteristics></dataacquisition>'
        f"{rest}{waveform}</restingecgdata>"
    )


def xli(columns):
    """Compress whole channels, (n_samples, n_leads), as XLI holds them."""
    return base64.b64encode(b"".join(_xli_channel([int(v) for v in column]) for column in columns.T)).decode()


def limb_remainders(steps):
    """Return twelve standard leads as Sierra stores them: III, aVR, aVL and aVF less what I and II say."""
    one, two, three, avr, avl, avf = (steps[:, i] for i in range(6))
    stored = steps.copy()
    stored[:, 2] = two - one - three
    stored[:, 3] = -((one + two) // 2) - avr
    stored[:, 4] = (one - three) // 2 - avl
    stored[:, 5] = (two + three) // 2 - avf
    return stored


def _xli_channel(values):
    bends = [2 * b - a - c for (a, b), (_, c) in pairwise(pairwise(values))]
    differences = [values[0], values[1], *(e + 64 for e in bends[1:]), 0]
    words = struct.pack(f">{len(differences)}h", *differences)
    codes = _lzw(words[0::2] + words[1::2])
    return struct.pack("<IHh", len(codes), 1, bends[0]) + codes


def _lzw(text):
    table = {bytes((i,)): i for i in range(256)}
    codes, run = [], b""
    for i in range(len(text)):
        longer = run + text[i : i + 1]
        if longer in table:
            run = longer
            continue
        codes.append(table[run])
        if len(table) <= 1022:
            table[longer] = len(table)
        run = text[i : i + 1]
    bits = "".join(f"{code:010b}" for code in [*codes, table[run], 1023])
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _tags(facts):
    return "".join(f"<{k}>{v}</{k}>" for k, v in facts.items() if v is not None)
