"""Codes of what was sent: files, formats, values, quality.

Belongs here: what can be wrong with a study, and its cure. Not here: what the machine does wrong (codes_of_machine.py).
"""

from cardio_dagster.errors.classes import CodeSpec, FailureClass
from cardio_dagster.outcome import Severity

_V, _C = FailureClass.VALIDATION, FailureClass.CORRUPTED_INPUT
INPUT_CODES: dict[str, CodeSpec] = {
    "E_INTAKE_001": CodeSpec(
        "Path leaves the archive or the folder",
        _V,
        Severity.ERROR,
        "Pack the study again with relative paths that stay inside.",
    ),
    "E_INTAKE_002": CodeSpec(
        "Archive expands beyond its limits", _V, Severity.ERROR, "Send the files unpacked, or in several archives."
    ),
    "E_INTAKE_003": CodeSpec(
        "Not a plain file (a link or a device)", _V, Severity.ERROR, "Send the file itself instead of a link to it."
    ),
    "E_INTAKE_004": CodeSpec("File name has control characters", _V, Severity.ERROR, "Rename the file."),
    "E_INTAKE_005": CodeSpec("Empty file", _C, Severity.ERROR, "Export the file again; it has no bytes."),
    "E_INTAKE_006": CodeSpec(
        "File cannot be read",
        _C,
        Severity.ERROR,
        "Check its permissions and that its transfer has ended, then drop it again.",
    ),
    "E_INTAKE_007": CodeSpec(
        "Archive is damaged or encrypted", _C, Severity.ERROR, "Pack the study again, without a password."
    ),
    "E_INTAKE_008": CodeSpec(
        "Files arrived late and were joined by name",
        _V,
        Severity.WARNING,
        "Confirm that all files are of one patient before the report is released.",
    ),
    "E_INTAKE_009": CodeSpec(
        "Recordings of different patients in one study",
        _V,
        Severity.ERROR,
        "Drop the files of each patient under a name of their own; if all are of one patient, correct the patient's "
        "number in the files and drop them again.",
    ),
    "E_INTAKE_010": CodeSpec(
        "A received file changed in the store",
        _C,
        Severity.CRITICAL,
        "Find out what wrote to the store or whether its disk fails, then drop the study again.",
    ),
    "E_FORMAT_001": CodeSpec(
        "Content is of no known format",
        _V,
        Severity.ERROR,
        "For an ECG send DICOM, WFDB, aECG, MUSE, Sierra, CardioSoft, SCP, EDF, ISHNE, CSV or Parquet; for an echo DICOM, NIfTI, NPZ, AVI or MP4; "
        "for metadata JSON, CSV or FHIR.",
    ),
    "E_FORMAT_002": CodeSpec(
        "Known format, but a kind that is not supported",
        _V,
        Severity.ERROR,
        "Export the recording in one of the supported kinds named beside it.",
    ),
    "E_CORRUPT_001": CodeSpec("File is truncated or damaged", _C, Severity.ERROR, "Export or transfer the file again."),
    "E_VALID_001": CodeSpec(
        "A required value is missing", _V, Severity.ERROR, "Add the value at the place named beside it."
    ),
    "E_VALID_002": CodeSpec(
        "A value is outside its possible range", _V, Severity.ERROR, "Correct the value or its unit."
    ),
    "E_VALID_003": CodeSpec("A value has an unknown unit", _V, Severity.ERROR, "Use one of the units named beside it."),
    "E_VALID_004": CodeSpec(
        "A value is missing that some results need",
        _V,
        Severity.WARNING,
        "Add the value to get the results named beside it.",
    ),
    "E_VALID_005": CodeSpec(
        "A value was left out as implausible", _V, Severity.WARNING, "Check the value at its source."
    ),
    "E_QUALITY_001": CodeSpec(
        "Signal or image quality too low to measure",
        _V,
        Severity.ERROR,
        "Record again, or let a reader measure by hand.",
    ),
    "E_QUALITY_002": CodeSpec("Quality limited", _V, Severity.WARNING, "Read the affected results with care."),
    "E_DETECT_001": CodeSpec(
        "Nothing found to measure", _V, Severity.ERROR, "Check that the recording shows what its kind promises."
    ),
    "E_DETECT_002": CodeSpec(
        "Detection with low confidence, functional analysis skipped",
        _V,
        Severity.WARNING,
        "Let a reader measure by hand.",
    ),
}
