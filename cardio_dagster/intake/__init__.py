"""From the landing zone to a registered study, in plain Python: the Dagster sensor is a thin caller of `scan`."""
