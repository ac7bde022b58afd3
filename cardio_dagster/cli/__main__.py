"""`python -m cardio_dagster.cli`."""

from cardio_dagster.cli import main

main()
