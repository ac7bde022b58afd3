"""The same doors on a real PostgreSQL, by one setting."""

import pytest
import sqlalchemy as sa

from cardio_dagster.outcome import State
from cardio_dagster.stores.database import connect
from cardio_dagster_tests.defs.installation import bad, clinical


@pytest.fixture
def on_postgres(install, postgres_url):
    return install("pg", database_url=postgres_url)


def test_both_doors_keep_everything_in_postgres(on_postgres):
    site = on_postgres
    single, flood, wrong = (site.intake(w, n) for n, w in (("a", clinical(50)), ("b", clinical(51)), ("c", bad(1))))
    assert site.run(single).success
    assert site.run_bulk(flood, wrong).success
    states = {s: site.releases(s)[0].state for s in (single, flood, wrong)}
    assert states == {single: State.COMPLETE, flood: State.COMPLETE, wrong: State.ERROR}
    assert site.stores.registry().pending() == ()
    assert not (site.settings.store_dir / "cardio.db").exists()
    with connect(site.stores.database_url).connect() as connection:
        counted = {
            s: connection.execute(sa.text("select count(*) from measurements where study_id = :s"), {"s": s}).scalar()
            for s in (single, flood)
        }
    assert counted[single] == counted[flood] > 0
    assert site.run(single).success
    assert len(site.releases(single)) == 1
