"""SCORE2 and SCORE2-OP: the European 10-year risk of cardiovascular disease, in four regions.

Belongs here: the two scores as the registry names them. Not here: other European models
(SCORE2-Diabetes, SCORE2-Asia-Pacific).
"""

from cardio_dagster.scoring.score2.assess import score2, score2_op

__all__ = ["score2", "score2_op"]
