"""The sensor on an installation: from a dropped study to a notice in the folder, and its ticks."""

import json
from datetime import UTC, datetime

import dagster as dg

from cardio_dagster.audit_record import Actor, ActorKind, Kind
from cardio_dagster.defs.escalation import escalation_sensor
from cardio_dagster.escalation import causes
from cardio_dagster.orchestration.escalating import escalate, raise_alone
from cardio_dagster.pipeline.dossier import Dossier
from cardio_dagster.stores.ledger import decode
from cardio_dagster.stores.notices import NoticeStore
from cardio_dagster_tests.defs.installation import clinical
from cardio_dagster_tests.escalation.notices import cause

ACTOR = Actor(ActorKind.SERVICE, "release")


def tick(site):
    with dg.build_sensor_context(instance=site.instance, resources={"stores": site.stores}) as context:
        return escalation_sensor(context)


def told(site):
    return [json.loads(p.read_text()) for p in sorted(site.settings.notices_dir.glob("*.json"))]


def finished(site, write, name):
    """Run a study and raise what it causes, as the release does."""
    study_id = site.intake(write, name)
    site.run(study_id)
    dossier = site.stores.results().stage(study_id, "release", Dossier)
    raise_alone(causes(dossier), site.stores, ACTOR)
    return study_id


def test_the_sensor_runs_by_itself_every_five_seconds():
    assert escalation_sensor.default_status is dg.DefaultSensorStatus.RUNNING
    assert escalation_sensor.minimum_interval_seconds == 5


def test_a_critical_value_of_a_dropped_study_is_told_to_the_reader_once(installation):
    study_id = finished(installation, clinical(63, priority="stat", glucose_mmol_l=1.2), "Doe_Jane_1963")
    for _ in range(3):
        assert isinstance(tick(installation), dg.SkipReason)
    mine = [t for t in told(installation) if t["study_id"] == study_id and t["audience"] == "clinical"]
    (notice,) = mine
    assert (notice["role"], notice["impact"]) == ("reader", "critical")
    assert notice["causes"][0]["code"] == "clinical.glucose_mmol_l.low"
    everything = "".join(p.name + p.read_text() for p in installation.settings.notices_dir.iterdir())
    assert "Doe" not in everything
    kinds = [
        (r.kind, decode(r).role) for r in installation.stores.ledger().records(study_id=study_id) if "notice" in r.kind
    ]
    assert (Kind.NOTICE_RAISED, "reader") in kinds
    assert (Kind.NOTICE_SENT, "reader") in kinds


def test_a_spoilt_escalation_file_stops_nothing_and_is_told(install, tmp_path):
    spoilt = tmp_path / "escalation.toml"
    spoilt.write_text("[audiences")
    site = install("spoilt", escalation_file=spoilt)
    raise_alone((cause(),), site.stores, ACTOR)
    for _ in range(2):
        escalate(site.stores)
    assert sorted(t["causes"][0]["code"] for t in told(site)) == ["ECG_VT", "POLICY_INVALID"]


def test_from_the_cause_to_the_folder_within_a_tick(installation):
    raise_alone((cause(),), installation.stores, ACTOR)
    tick(installation)
    (notice,) = NoticeStore(installation.stores.registry()._engine).open()
    waited_s = (datetime.now(UTC) - datetime.fromisoformat(notice.raised_at)).total_seconds()
    assert told(installation)
    assert waited_s < 30
