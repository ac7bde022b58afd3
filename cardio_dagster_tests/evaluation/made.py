"""Made-up runs: patients with sums that a test chooses, quicker than any model."""

import numpy as np

from cardio_dagster.evaluation.measure import Run
from cardio_dagster.evaluation.observed import Observed

MODELS = (("echo_segmentation", "2", "a" * 64),)


def patients(errors_pct, *, dice=0.94, case_set="camus", confidence=None):
    """Return one patient an error of the ejection fraction, in percent."""
    return tuple(
        Observed(
            case_set,
            f"p{n:03d}",
            {
                "camus_lvef_mae_pct": (abs(float(e)), 1.0),
                "camus_lvef_bias_pct": (float(e), 1.0),
                "camus_lv_dice_ed": (dice, 1.0),
                "camus_refused_pct": (0.0, 1.0),
            },
            {"sex": "F" if n % 2 else "M"},
            0.9 if confidence is None else float(confidence[n]),
        )
        for n, e in enumerate(errors_pct)
    )


def run(observed, *, size="nightly", models=MODELS, gates=(), has_reference=True):
    return Run(size, "0.1.0", models, gates, has_reference, tuple(observed))


def errors(n=60, mean=0.0, seed=1):
    return np.random.default_rng(seed).normal(mean, 4.0, n)
