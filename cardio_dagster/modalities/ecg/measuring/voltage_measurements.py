"""Names, units and limits of the voltage criteria.

Belongs here: turning voltages into Measurements. Not here: the sums (voltage.py) or the statement (statements/hypertrophy.py).
"""

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.ecg.measuring import reference
from cardio_dagster.modalities.ecg.measuring.measurements import Row, maker
from cardio_dagster.modalities.ecg.measuring.voltage import Voltages

SOKOLOW = Row(
    "sokolow_lyon_mv", "Sokolow-Lyon voltage", "mV", "S in V1 and the higher R in V5, V6", reference.SOKOLOW_LYON
)
R_AVL = Row("r_avl_mv", "R in aVL", "mV", "height above the level at QRS onset", reference.R_AVL)
_CORNELL = ("cornell_mv", "Cornell voltage", "mV", "R in aVL and S in V3")
_PRODUCT = "Cornell voltage times QRS duration"


def voltage_measurements(
    voltages: Voltages, leads: tuple[str, ...], *, sex: str | None, evidence: str, recording_id: str
) -> tuple[Measurement, ...]:
    """Return the criteria; nothing at all for a recording without chest leads, which was not made for them."""
    if not {"V1", "V3", "V5", "V6"} & set(leads):
        return ()
    make = maker(recording_id, evidence=evidence)
    women = (
        ", with 0.6 mV more for women" if sex == "F" else "" if sex else ", sex unknown: without the 0.6 mV for women"
    )
    product = Row("cornell_product_mv_ms", "Cornell product", "mV.ms", f"{_PRODUCT}{women}", reference.CORNELL_PRODUCT)
    return (
        make(SOKOLOW, voltages.sokolow_lyon_mv, "leads V1 and V5 or V6 are needed"),
        make(R_AVL, voltages.r_avl_mv, "lead aVL is needed"),
        make(Row(*_CORNELL, reference.cornell(sex)), voltages.cornell_mv, "leads aVL and V3 are needed"),
        make(product, voltages.cornell_product_mv_ms, "leads aVL and V3 and a QRS duration are needed"),
    )
