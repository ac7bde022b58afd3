"""The daily anchor: its asset on a real installation, with the days that were missed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from cardio_dagster.audit_contents import HoldMoved
from cardio_dagster.audit_record import Actor, ActorKind, Entry, Kind
from cardio_dagster.defs.anchor import anchor_schedule, ledger_anchor
from cardio_dagster.stores.database import connect
from cardio_dagster.stores.ledger import Ledger, verify_ledger


def materialize(site):
    return dg.materialize([ledger_anchor], resources={"stores": site.stores}, instance=site.instance)


def metadata(result):
    (event,) = result.asset_materializations_for_node("ledger_anchor")
    return {name: value.value for name, value in event.metadata.items()}


def test_every_day_since_the_first_record_is_anchored_once(installation):
    site = installation
    engine, key = connect(site.stores.database_url), site.stores.site_key()
    today = datetime.now(UTC)
    begun = Ledger(engine, key, clock=lambda: (today - timedelta(days=3)).isoformat(timespec="milliseconds"))
    begun.append(Entry(Kind.HOLD_LIFTED, Actor(ActorKind.CLI, "test"), HoldMoved("why"), study_id="s-1"))
    told = metadata(materialize(site))
    assert told["anchored_days"] == 3
    assert told["last_day"] == (today - timedelta(days=1)).date().isoformat()
    anchors = Path(site.stores.anchor_dir)
    assert len(list(anchors.glob("*.json"))) == 3
    assert "anchored_days" in (again := metadata(materialize(site)))
    assert again["anchored_days"] == 0
    proof = verify_ledger(engine, key, anchor_dir=anchors)
    assert (proof.is_whole, proof.anchors, proof.records) == (True, 3, 5)
    assert Ledger(engine, key).last(Kind.LEDGER_ANCHORED).actor == "schedule:anchor_daily"


def test_it_runs_by_itself_soon_after_midnight_utc():
    assert anchor_schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert (anchor_schedule.cron_schedule, anchor_schedule.execution_timezone) == ("10 0 * * *", "UTC")
