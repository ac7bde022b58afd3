"""Made-up devices: small instances, and senders of them over the network."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE

from cardio_dagster.gateway.dicom.inbox import Inbox, inbox_of
from cardio_dagster.gateway.dicom.receiver import Receiver
from cardio_dagster.settings import DicomSettings, Settings

ECG, CT = "1.2.840.10008.5.1.4.1.1.9.1.1", "1.2.840.10008.5.1.4.1.1.2"
STUDY, OTHER = "1.2.3.4", "1.2.3.5"


def instance(
    number: int = 1, *, study: str = STUDY, sop_class: str = ECG, size_bytes: int = 100, **elements
) -> Dataset:
    """Return a small instance; `elements` are set by keyword, None removes one."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID, dataset.StudyInstanceUID = sop_class, f"9.8.{number}", study
    dataset.PatientName, dataset.PatientID, dataset.Modality = "Doe^Jane", "4711", "ECG"
    dataset.add_new(0x00091010, "OB", b"\1" * size_bytes)
    for keyword, value in elements.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = sop_class
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


@contextmanager
def association(port: int, *, calling: str = "CART1", called: str = "CARDIO", sop_class: str = ECG) -> Iterator:
    """Open an association as a device does; it is released, or aborted by the test."""
    ae = AE(ae_title=calling)
    ae.add_requested_context(sop_class, ExplicitVRLittleEndian)
    ae.add_requested_context("1.2.840.10008.1.1")
    found = ae.associate("127.0.0.1", port, ae_title=called)
    try:
        yield found
    finally:
        if found.is_established:
            found.release()


def send(port: int, *datasets: Dataset, **options) -> list[int | None]:
    """Send instances over one association; return the status of each, None where no answer came."""
    with association(port, **options) as found:
        assert found.is_established
        return [found.send_c_store(dataset).get("Status") for dataset in datasets]


def chosen(**values) -> DicomSettings:
    """Return settings for tests: no reserve on the disk, and quiet soon."""
    return DicomSettings(**{"disk_reserve_mb": 0.0, "quiet_s": 0.2, "_env_file": None, **values})


@contextmanager
def receiving(folder: Path, *, aet: str = "CARDIO", max_file_bytes: int = 1 << 20, **values) -> Iterator[tuple]:
    """Run a receiver without a courier; yield its port, its inbox and itself."""
    settings = chosen(**values)
    inbox = inbox_of(Settings(data_dir=folder / "data"), "dicom", settings)
    receiver = Receiver(inbox, settings, aet=aet, max_file_bytes=max_file_bytes)
    port = receiver.start("127.0.0.1", 0)
    try:
        yield port, inbox, receiver
    finally:
        receiver.stop()


def kept(inbox: Inbox) -> dict[str, set[str]]:
    """Return the names of the instances that wait, by study."""
    found: dict[str, set[str]] = {}
    for batch in (*inbox.waiting(), *inbox.closed()):
        found.setdefault(batch.study_uid, set()).update(file.name for file in batch.files)
    return found


@contextmanager
def process(folder: Path, port: int, **environment: str) -> Iterator[subprocess.Popen]:
    """Run `python -m cardio_dagster.gateway.dicom` on a port; it is killed at the end if it still lives."""
    command = [sys.executable, "-m", "cardio_dagster.gateway.dicom", "--host", "127.0.0.1", "--port", str(port)]
    own = {"CARDIO_DATA_DIR": str(folder / "data"), "CARDIO_DICOM_DISK_RESERVE_MB": "0", **environment}
    with (folder / "log").open("a") as log:
        started = subprocess.Popen(command, env={**os.environ, **own}, stderr=log)
    try:
        yield started
    finally:
        if started.poll() is None:
            started.kill()
        started.wait()
