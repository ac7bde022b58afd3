"""Rhythm: atrial fibrillation or sinus rhythm in the ECG against the beats of the echo clip.

Belongs here: what the spacing of the beats in a clip, and the spread of the ejection fraction over them, say against
the ECG. Not here: either rhythm (modalities/). A clip that any ECG of the study fits is none to doubt.

How telling a clip is, by the RR intervals of CinC 2017 as the clip would be judged: of fibrillation, 8 cycles look regular in
13 %, 5 in 22 %, 3 in 41 % (24 records); of sinus rhythm, 3 to 8 look irregular in 3 to 6 % (91). So irregular beats alone do not hold a report;
they do with an ejection fraction that varies as in fibrillation, where its coefficient of variation over consecutive beats
is 51 % (Bunting 2021): the limit of 5 points is a fifth of that at an EF of 50 %, and twice what a steady clip shows.
"""

from cardio_dagster.finding import Analysis, Finding, Grade
from cardio_dagster.fusion.clashes.readings import ECG, Clip, clips, codes, of, rhythm_of, where
from cardio_dagster.fusion.clashes.rule import Rule

LONG_BEATS = 9  # eight cycles
SPREAD_BEATS, SPREAD_SD_PCT = 5, 5.0
_SOURCE = "Bunting 2021, doi:10.1136/heartjnl-2020-318557; shares from CinC 2017, docs/fusion.md"
FIBRILLATION = Rule(
    "fusion.afib_regular_clip",
    Grade.ABNORMAL,
    f"every ECG shows atrial fibrillation without pacing, but the intervals of an echo clip of {LONG_BEATS} beats or more lie within 15 % of their median",
    _SOURCE,
)
FIBRILLATION_SHORT = Rule(
    "fusion.afib_regular_short_clip",
    Grade.NOTE,
    f"every ECG shows atrial fibrillation without pacing, and the intervals of an echo clip of fewer than {LONG_BEATS} beats lie within 15 % of their median",
    _SOURCE,
)
SINUS = Rule(
    "fusion.sinus_chaotic_clip",
    Grade.ABNORMAL,
    f"every ECG shows sinus rhythm without extrasystoles, but an echo clip of {SPREAD_BEATS} beats or more is irregular and its ejection fraction "
    f"has a standard deviation of {SPREAD_SD_PCT:g} points or more",
    _SOURCE,
)
SINUS_IRREGULAR = Rule(
    "fusion.sinus_irregular_clip",
    Grade.NOTE,
    "every ECG shows sinus rhythm, and an interval of an echo clip is off by more than 15 % of the median without being a single early beat",
    _SOURCE,
)
RULES = (FIBRILLATION, FIBRILLATION_SHORT, SINUS, SINUS_IRREGULAR)
_LOOK = "look at the rhythm of both; it may come and go, or the recordings may be of different patients"


def fibrillation_in_regular_clip(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State a long regular clip under an ECG with atrial fibrillation; None without both."""
    clip = _regular(analyses)
    return _fibrillation(FIBRILLATION, analyses, clip) if clip and clip.beats >= LONG_BEATS else None


def fibrillation_in_short_regular_clip(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State that a clip is regular under an ECG with atrial fibrillation, but too short to contradict it."""
    clip = _regular(analyses)
    return _fibrillation(FIBRILLATION_SHORT, analyses, clip) if clip and clip.beats < LONG_BEATS else None


def sinus_in_chaotic_clip(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State a clip that beats as in fibrillation under an ECG with sinus rhythm; None without both."""
    clip = _irregular(analyses)
    return _sinus(SINUS, analyses, clip) if clip and _is_chaotic(clip, analyses) else None


def sinus_in_irregular_clip(analyses: tuple[Analysis, ...]) -> Finding | None:
    """State an irregular clip under an ECG with sinus rhythm, where respiration or extrasystoles may be all there is."""
    clip = _irregular(analyses)
    return _sinus(SINUS_IRREGULAR, analyses, clip) if clip and not _is_chaotic(clip, analyses) else None


def _regular(analyses: tuple[Analysis, ...]) -> Clip | None:
    """Return the longest regular clip if every ECG fibrillates and none is paced."""
    ecgs = of(analyses, ECG)
    if not ecgs or any(rhythm_of(e) != "afib" or "ECG_PACED" in codes(e) for e in ecgs):
        return None
    return max((c for c in clips(analyses) if c.rhythm == "regular"), key=lambda c: c.beats, default=None)


def _irregular(analyses: tuple[Analysis, ...]) -> Clip | None:
    """Return the irregular clip whose ejection fraction varies most if every ECG shows sinus rhythm and no fibrillation."""
    ecgs = of(analyses, ECG)
    if not ecgs or any(rhythm_of(e) != "sinus" or "ECG_AFIB" in codes(e) for e in ecgs):
        return None
    found = [c for c in clips(analyses) if c.rhythm == "irregular"]
    return max(found, key=lambda c: (_is_chaotic(c, analyses), c.sd_pct or 0.0), default=None)


def _is_chaotic(clip: Clip, analyses: tuple[Analysis, ...]) -> bool:
    varies = clip.beats >= SPREAD_BEATS and clip.sd_pct is not None and clip.sd_pct >= SPREAD_SD_PCT
    return varies and not any({"ECG_PAC", "ECG_PVC"} & codes(e) for e in of(analyses, ECG))


def _fibrillation(rule: Rule, analyses: tuple[Analysis, ...], clip: Clip) -> Finding:
    text = f"Atrial fibrillation in the ECG, but the {clip.beats} beats of the echo clip are regular{_spread(clip)}"
    if rule is FIBRILLATION_SHORT:
        text += "; so short a clip may look regular in fibrillation"
    return rule.finding(f"{text}: {_LOOK}.", _names(clip), where(*of(analyses, ECG), clip.analysis))


def _sinus(rule: Rule, analyses: tuple[Analysis, ...], clip: Clip) -> Finding:
    text = f"Sinus rhythm in the ECG, but the {clip.beats} beats of the echo clip are irregular{_spread(clip)}"
    if rule is SINUS_IRREGULAR:
        text += "; respiration or extrasystoles may explain it"
    return rule.finding(f"{text}: {_LOOK}.", _names(clip), where(*of(analyses, ECG), clip.analysis))


def _names(clip: Clip) -> tuple[str, ...]:
    return ("echo_heart_rate_bpm",) if clip.sd_pct is None else ("echo_heart_rate_bpm", "lvef_sd_pct")


def _spread(clip: Clip) -> str:
    return "" if clip.sd_pct is None else f", ejection fraction SD {clip.sd_pct:.1f} points"
