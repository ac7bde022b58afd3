"""From a device's storescu to a report, through receiver, landing zone, intake and every stage."""

import shutil
import subprocess

import pytest
from pydicom import dcmread

from cardio_dagster.demo.studies import PUBLIC_ECG, public_file
from cardio_dagster.gateway.dicom.delivery import Courier
from cardio_dagster.gateway.dicom.receiver import owner_of
from cardio_dagster.gateway.landing import Landing
from cardio_dagster.stores.jobs import JobStore
from cardio_dagster_tests.defs.installation import installed
from cardio_dagster_tests.gateway.dicom.devices import instance, receiving, send

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("storescu") is None, reason="dcmtk is not installed (apt install dcmtk)"),
]


def test_storescu_sends_a_study_and_gets_a_report_and_a_late_instance_opens_it_again(tmp_path):
    with (
        installed(tmp_path / "site") as site,
        receiving(tmp_path / "site", peers="CART1=urgent") as (port, inbox, receiver),
    ):
        landing = Landing.of(site.settings)
        courier = Courier(
            inbox,
            lambda: landing,
            door="dicom",
            quiet_s=lambda _: 0.0,
            priority_of=receiver.priority_of,
            owner_of=owner_of,
        )
        command = [
            "storescu",
            "-R",
            "-aet",
            "CART1",
            "-aec",
            "CARDIO",
            "127.0.0.1",
            str(port),
            str(public_file(PUBLIC_ECG)),
        ]
        subprocess.run(command, check=True, timeout=60)
        assert courier.sweep() == 1
        (job,) = _jobs(landing)
        row = _worked(site)
        assert job.owner == "ae:CART1"
        assert row.study.priority == "urgent"
        assert [(r.modality, r.format) for r in row.study.recordings] == [("ecg", "dicom")]
        assert list((site.settings.store_dir / "reports" / row.study.study_id).rglob("report.json"))

        late = instance(1, study=str(dcmread(public_file(PUBLIC_ECG), stop_before_pixels=True).StudyInstanceUID))
        assert send(port, late) == [0]
        assert courier.sweep() == 1
        again = _worked(site)
        assert (again.study.study_id, again.study.revision) == (row.study.study_id, 2)
        assert again.study.priority == "urgent"


def _worked(site):
    """Take what lies in the landing zone, run it, and return its row."""
    site.tick()
    (row,) = site.stores.registry().pending()
    site.run(row.study.study_id)
    return row


def _jobs(landing):
    with landing._jobs._engine.connect() as connection:
        ids = [row[0] for row in connection.exec_driver_sql("select job_id from jobs").all()]
    return [JobStore(landing._jobs._engine).get(job_id) for job_id in ids]
