"""The published numbers of the MAGGIC risk score.

Belongs here: points by band and mortality by points. Not here: who may be scored and what is told (maggic.py).

Source: Pocock 2013, doi:10.1093/eurheartj/ehs337, figure 2 (points) and table 4 (mortality). Compared number by
number with the R package HiGHmedUCCScores (points and mortality), the Python package acribis-scores 0.4.0 (points;
tested by its authors against heartfailurerisk.org, 5000 random patients equal here) and a port of that site's script
(mortality). The printed bands are of whole numbers ("20-24"); between them the script's "<" holds, so that 24.6 % is
still below 25 %. The paper prints the ages "<55" and "56-59"; the site's script counts 55 to the second, as is done here.
Heart failure counts 2 points once it has been known for 18 months; a printing that has it the other way round is wrong.
"""

from cardio_dagster.scoring.points import Bands

EJECTION_FRACTION_PCT = Bands((20, 25, 30, 35, 40), (7, 6, 5, 3, 2, 0))
COLUMN_LIMITS_PCT = (30, 40)  # ejection fractions that part the three columns of age and systolic pressure
_AGES, _PRESSURES = (55, 60, 65, 70, 75, 80), (110, 120, 130, 140, 150)
AGE_YEARS = (
    Bands(_AGES, (0, 1, 2, 4, 6, 8, 10)),
    Bands(_AGES, (0, 2, 4, 6, 8, 10, 13)),
    Bands(_AGES, (0, 3, 5, 7, 9, 12, 15)),
)
SBP_MMHG = (
    Bands(_PRESSURES, (5, 4, 3, 2, 1, 0)),
    Bands(_PRESSURES, (3, 2, 1, 1, 0, 0)),
    Bands(_PRESSURES, (2, 1, 1, 0, 0, 0)),
)
BMI_KG_M2 = Bands((15, 20, 25, 30), (6, 5, 3, 2, 0))
CREATININE_UMOL_L = Bands((90, 110, 130, 150, 170, 210, 250), (0, 1, 2, 3, 4, 5, 6, 8))
NYHA_CLASS = Bands((2, 3, 4), (0, 2, 6, 8))
HF_DURATION_MONTHS = Bands((18,), (0, 2))

# Mortality in percent within 1 and 3 years, by points from 0 to 50.
# fmt: off
MORTALITY_PCT: dict[int, tuple[float, ...]] = {
    1: (
        1.5, 1.6, 1.8, 2.0, 2.2, 2.4, 2.7, 2.9, 3.2, 3.6, 3.9, 4.3, 4.8, 5.2, 5.8, 6.3, 7.0, 7.7, 8.4, 9.3, 10.2, 11.1, 12.2, 13.4, 14.7,
        16.0, 17.5, 19.1, 20.9, 22.7, 24.8, 26.9, 29.2, 31.6, 34.2, 36.9, 39.8, 42.7, 45.8, 49.0, 52.3, 55.7, 59.1, 62.5, 65.9, 69.2, 72.5,
        75.7, 78.7, 81.6, 84.2,
    ),
    3: (
        3.9, 4.3, 4.8, 5.2, 5.8, 6.3, 7.0, 7.7, 8.4, 9.2, 10.2, 11.1, 12.2, 13.4, 14.6, 16.0, 17.5, 19.1, 20.9, 22.7, 24.7, 26.9, 29.2, 31.6,
        34.2, 36.9, 39.7, 42.7, 45.8, 49.0, 52.3, 55.6, 59.0, 62.5, 65.8, 69.2, 72.5, 75.6, 78.7, 81.5, 84.2, 86.6, 88.9, 90.8, 92.6, 94.1,
        95.3, 96.4, 97.3, 98.0, 98.5,
    ),
}
# fmt: on
MOST_POINTS = len(MORTALITY_PCT[1]) - 1
