"""The published numbers of SCORE2 and SCORE2-OP.

Belongs here: coefficients, centres, baseline survival and the recalibration of each region.
Not here: the formula (equation.py), who may be scored (assess.py) or what a risk means (category.py).

Sources: SCORE2, doi:10.1093/eurheartj/ehab309, supplementary methods tables 2 to 4; SCORE2-OP,
doi:10.1093/eurheartj/ehab312, supplementary methods tables 2 and 3. Compared number by number
with three further printings: the R package RiskScorescvd (without its first releases, whose
low-region SCORE2-OP scales -0.61, 0.89 and -0.85, 0.82 were replaced), the Python package cvd-risk, and a
TypeScript port of the U-Prevent calculator. Diabetes, which has coefficients of its own, is left
out: a person with diabetes is refused, so that its term would always be zero.
"""

from dataclasses import dataclass

REGIONS = ("low", "moderate", "high", "very_high")
TERMS = (
    "age", "smoker", "sbp", "total_cholesterol", "hdl_cholesterol",
    "age_smoker", "age_sbp", "age_total_cholesterol", "age_hdl_cholesterol",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Centre:
    """The value that is subtracted from an input, and the step by which the rest is divided."""

    at: float
    step: float = 1.0


@dataclass(frozen=True, slots=True)
class SexTable:
    """The numbers for one sex: `weights` in the order of TERMS, `scales` in the order of REGIONS."""

    weights: tuple[float, ...]
    baseline_survival: float
    mean_predictor: float
    scales: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Equation:
    """One of the two scores: its ages (full years), its centres and its numbers for each sex."""

    name: str
    label: str
    youngest: int
    oldest: int
    source: str
    age_years: Centre
    sbp_mmhg: Centre
    total_cholesterol_mmol_l: Centre
    hdl_cholesterol_mmol_l: Centre
    by_sex: dict[str, SexTable]


# fmt: off
SCORE2 = Equation(
    name="score2_10y_pct",
    label="SCORE2",
    youngest=40,
    oldest=69,
    source="SCORE2 working group 2021, doi:10.1093/eurheartj/ehab309",
    age_years=Centre(60, 5),
    sbp_mmhg=Centre(120, 20),
    total_cholesterol_mmol_l=Centre(6),
    hdl_cholesterol_mmol_l=Centre(1.3, 0.5),
    by_sex={
        "male": SexTable(
            (0.3742, 0.6012, 0.2777, 0.1458, -0.2698, -0.0755, -0.0255, -0.0281, 0.0426), 0.9605, 0.0,
            ((-0.5699, 0.7476), (-0.1565, 0.8009), (0.3207, 0.9360), (0.5836, 0.8294)),
        ),
        "female": SexTable(
            (0.4648, 0.7744, 0.3131, 0.1002, -0.2606, -0.1088, -0.0277, -0.0226, 0.0613), 0.9776, 0.0,
            ((-0.7380, 0.7019), (-0.3143, 0.7701), (0.5710, 0.9369), (0.9412, 0.8329)),
        ),
    },
)
SCORE2_OP = Equation(
    name="score2_op_10y_pct",
    label="SCORE2-OP",
    youngest=70,
    oldest=89,
    source="SCORE2-OP working group 2021, doi:10.1093/eurheartj/ehab312",
    age_years=Centre(73),
    sbp_mmhg=Centre(150),
    total_cholesterol_mmol_l=Centre(6),
    hdl_cholesterol_mmol_l=Centre(1.4),
    by_sex={
        "male": SexTable(
            (0.0634, 0.3524, 0.0094, 0.0850, -0.3564, -0.0247, -0.0005, 0.0073, 0.0091), 0.7576, 0.0929,
            ((-0.34, 1.19), (0.01, 1.25), (0.08, 1.15), (0.05, 0.70)),
        ),
        "female": SexTable(
            (0.0789, 0.4921, 0.0102, 0.0605, -0.3040, -0.0255, -0.0004, -0.0009, 0.0154), 0.8082, 0.229,
            ((-0.52, 1.01), (-0.10, 1.10), (0.38, 1.09), (0.38, 0.69)),
        ),
    },
)
# fmt: on
