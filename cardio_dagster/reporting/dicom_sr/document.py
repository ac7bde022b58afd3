"""A content tree as a Comprehensive SR document: header, flags and file.

Belongs here: the modules of the Comprehensive SR IOD (PS3.3, A.35.3) and the bytes. Not here: the content.
"""

import hashlib
from io import BytesIO

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, ComprehensiveSRStorage, ExplicitVRLittleEndian

from cardio_dagster.reporting.dicom_sr.codes import PRIVATE_SCHEME, Code
from cardio_dagster.reporting.dicom_sr.encode import coded, content
from cardio_dagster.reporting.dicom_sr.identity import MANUFACTURER, date, time, uid, utc
from cardio_dagster.reporting.dicom_sr.items import Item
from cardio_dagster.reporting.parts import Report
from cardio_dagster.reporting.review_parts import ReviewStep

_LO, _SH = 64, 16  # characters of a long and of a short string
_VERSIONS = 1_000_000  # far above any revision, so that no number of a version is that of a revision
_NO_PARTS = str.maketrans("^=", "  ")  # what parts a name of DICOM
_RELEASED = "released"  # how the status of a released report begins; "not released" and "held" do not


def to_bytes(report: Report, tree: Item, *, kind: str, number: int) -> bytes:
    """Return the DICOM file of a tree; equal reports give equal bytes.

    `kind` ("echo", "ecg") tells the series of a study apart, `number` is the series number. The SOP instance UID
    follows from the content: another revision or another release status is another document.
    """
    dataset = content(tree)
    _put_document(dataset, report)
    _put_patient_and_study(dataset, report)
    _put_series(dataset, report, kind, number)
    dataset.SOPClassUID = ComprehensiveSRStorage
    said = repr((report.study_id, report.revision, report.received_at, report.release_status, tree))
    if not said.isascii() or not repr(report.review).isascii():
        dataset.SpecificCharacterSet = "ISO_IR 192"
    if repr(PRIVATE_SCHEME) in said or "VerifyingObserverSequence" in dataset:
        dataset.CodingSchemeIdentificationSequence = [_private_scheme()]
    dataset.SOPInstanceUID = uid("instance", hashlib.sha256(said.encode()).hexdigest())
    return _file(dataset)


def _put_document(dataset: Dataset, report: Report) -> None:
    """SR Document General and SOP Common (PS3.3, C.17.2): COMPLETE once released, VERIFIED once a reader let it go."""
    moment = utc(report.review.last.at if report.review else report.received_at)
    released = report.release_status.startswith(_RELEASED)
    dataset.TimezoneOffsetFromUTC = "+0000"
    dataset.ContentDate, dataset.ContentTime = date(moment), time(moment)
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = date(moment), time(moment)
    dataset.InstanceNumber = max(report.revision, 1) + (_VERSIONS * report.version if report.version > 1 else 0)
    dataset.CompletionFlag = "COMPLETE" if released else "PARTIAL"
    dataset.CompletionFlagDescription = _line(report.release_status)
    dataset.VerificationFlag = "UNVERIFIED"
    if released and report.review is not None and report.review.is_attested:
        dataset.VerificationFlag = "VERIFIED"
        dataset.VerifyingObserverSequence = [_observer(report.review.last)]
    dataset.PerformedProcedureCodeSequence = []


def _observer(step: ReviewStep) -> Dataset:
    """Return who accounts for the content: name, role as a private code, and when; the organisation is not known to a report."""
    dataset = Dataset()
    dataset.VerifyingObserverName = (
        f"{_line(step.by).translate(_NO_PARTS)}^"  # a family name alone, in the form of a PN
    )
    dataset.VerifyingObserverIdentificationCodeSequence = [
        coded(Code(step.role[:_SH], PRIVATE_SCHEME, step.role_title))
    ]
    dataset.VerifyingOrganization = "Site of the installation"
    verified = utc(step.at)
    dataset.VerificationDateTime = f"{date(verified)}{time(verified)}"
    return dataset


def _put_patient_and_study(dataset: Dataset, report: Report) -> None:
    """Patient and General Study: the study's pseudonym stands for the patient, what is unknown is empty.

    The study's date is that of receipt, as the notes in the content say: an archive sorts by it.
    """
    moment, pseudonym = utc(report.received_at), _line(report.study_id)
    dataset.PatientID, dataset.PatientName = pseudonym, f"{pseudonym}^"  # a family name alone, in the form of a PN
    dataset.StudyDate, dataset.StudyTime = date(moment), time(moment)
    dataset.StudyID = pseudonym[:_SH]
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Only the pseudonym of the study is kept"
    for keyword in ("PatientBirthDate", "PatientSex", "ReferringPhysicianName", "AccessionNumber"):
        setattr(dataset, keyword, "")
    dataset.StudyInstanceUID = uid("study", report.study_id)


def _put_series(dataset: Dataset, report: Report, kind: str, number: int) -> None:
    """SR Document Series and General Equipment."""
    dataset.Modality = "SR"
    dataset.SeriesInstanceUID = uid("series", report.study_id, kind)
    dataset.SeriesNumber = number
    dataset.SeriesDescription = _line(report.intended_use)
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.Manufacturer = MANUFACTURER
    dataset.ManufacturerModelName = MANUFACTURER
    dataset.SoftwareVersions = _line(report.software_version)


def _private_scheme() -> Dataset:
    dataset = Dataset()
    dataset.CodingSchemeDesignator = PRIVATE_SCHEME
    dataset.CodingSchemeName = "Names of measurements and roles in cardio_dagster"
    dataset.CodingSchemeResponsibleOrganization = MANUFACTURER
    return dataset


def _line(text: str) -> str:
    """One value of one line: no separator of values, 64 characters at most."""
    return " ".join(text.replace("\\", "/").split())[:_LO].strip()


def _file(dataset: Dataset) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(uid("implementation"))  # our own: pydicom's would change with its version
    meta.ImplementationVersionName = "CARDIO_DAGSTER"
    dataset.file_meta = meta
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()
