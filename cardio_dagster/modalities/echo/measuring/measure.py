"""Every measurement of the branch but those of wall motion, in the order of the report.

Belongs here: the list. Not here: any measurement.
"""

from cardio_dagster.finding import Measurement
from cardio_dagster.modalities.echo.function import Function
from cardio_dagster.modalities.echo.measuring.annulus import measure_annulus
from cardio_dagster.modalities.echo.measuring.atrium import measure_atrium
from cardio_dagster.modalities.echo.measuring.ejection import measure_ejection
from cardio_dagster.modalities.echo.measuring.rate import measure_rates
from cardio_dagster.modalities.echo.measuring.ventricle import measure_ventricle


def measure(function: Function) -> tuple[Measurement, ...]:
    """Return every measurement of size and function, each with a value or a reason."""
    return (
        *measure_ejection(function),
        *measure_ventricle(function),
        *measure_atrium(function),
        *measure_annulus(function),
        *measure_rates(function),
    )
