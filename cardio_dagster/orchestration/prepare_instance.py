"""Make Dagster's databases before the services start: `python -m cardio_dagster.orchestration.prepare_instance`.

Several services that meet an empty SQLite storage at once each stamp its version table, and
none of them starts again ("more than one head present").
"""

import dagster as dg


def main() -> None:
    """Open every storage of the instance once, which creates it."""
    with dg.DagsterInstance.get() as instance:
        instance.get_runs_count()
        instance.all_asset_keys()
        instance.all_instigator_state()


if __name__ == "__main__":
    main()
