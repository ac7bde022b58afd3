"""The quality gates of the ECG branch: named, versioned rules with their thresholds.

Belongs here: thresholds. Not here: what is measured against them (validate.py, quality/, detect.py).
"""

from cardio_dagster.modalities.ecg.signal import MAX_SAMPLING_RATE_HZ, MIN_SAMPLING_RATE_HZ
from cardio_dagster.outcome import Gate

SAMPLING_RATE = Gate(
    "ecg_sampling_rate", "1", "Sampling rate that an ECG can have", "Hz", MIN_SAMPLING_RATE_HZ, MAX_SAMPLING_RATE_HZ
)
DURATION = Gate("ecg_duration", "1", "Long enough for a heart rate", "s", 2.0, None)
MISSING = Gate("ecg_missing", "1", "Part of the samples that the file marks as missing", "%", None, 20.0)
USABLE_LEADS = Gate("ecg_usable_leads", "1", "Leads that can be measured", "{lead}", 1.0, None)
GOOD_LEADS = Gate("ecg_good_leads", "1", "Part of the leads without any reservation", "%", 75.0, None)
BEATS = Gate("ecg_beats", "2", "Beats found", "{beat}", 3.0, None)
# LUDB: likeness 0.63 at least (bigeminy), background 0.23 at most; noise, hum and ventricular fibrillation fail one or both
BEAT_LIKENESS = Gate("ecg_beat_likeness", "1", "Median correlation of beats with the dominant one", "1", 0.6, None)
BACKGROUND = Gate("ecg_background", "1", "Usual size of the QRS band over its size at the beats", "1", None, 0.3)

GATES = (SAMPLING_RATE, DURATION, MISSING, USABLE_LEADS, GOOD_LEADS, BEATS, BEAT_LIKENESS, BACKGROUND)
