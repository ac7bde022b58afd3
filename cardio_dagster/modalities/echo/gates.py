"""The gates of DETECTION in an echo clip, with their thresholds.

Belongs here: named, versioned rules on what the network found. Not here: gates on the picture
(triage/quality.py) and on the measured heart (function.py).
"""

from cardio_dagster.outcome import Gate

AREA_SHARE_MIN = 0.01  # of the square: a smaller "ventricle" is none
FOUND_GATE = Gate("echo_ventricle", "2", "Share of the frames on which a ventricle was found", "1", minimum=0.8)
CONFIDENCE_GATE = Gate(
    "echo_confidence", "3", "Dice expected of the ventricle, median over the frames", "1", minimum=0.90
)
FRAME_CONFIDENCE_MIN = 0.80  # a single frame below it is left out of the curve; its neighbours bear it up
PICTURE_QUALITY_MIN = 0.8  # share of the picture's gates that passed: below it, two or more of eight failed
DETECTION_GATES = (FOUND_GATE, CONFIDENCE_GATE)
