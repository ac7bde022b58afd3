"""The coded words of the templates: headings, modifiers, qualifiers and units.

Belongs here: every code of the structure of a DICOM SR that this software writes, under its current scheme
(SNOMED CT, not the retired SRT). Not here: which measurement bears which code (concepts.py). Values and meanings
are those of PS3.16 (annex D and the context groups named); a test holds them against pydicom's copy of it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept: value, designator of the coding scheme, meaning (64 characters at most)."""

    value: str
    scheme: str
    meaning: str


PRIVATE_SCHEME = "99CARDIO"  # PS3.3 clause 8.2: the designators of private schemes begin with 99

# titles and headings
ECHO_REPORT = Code("125200", "DCM", "Adult Echocardiography Procedure Report")
ECG_REPORT = Code("28010-7", "LN", "ECG Report")
FINDINGS = Code("59776-5", "LN", "Findings")
IMPRESSIONS = Code("19005-8", "LN", "Impressions")
SUMMARY = Code("55112-7", "LN", "Summary")
CURRENT_PROCEDURE = Code("55111-9", "LN", "Current Procedure Descriptions")
PATIENT_CHARACTERISTICS = Code("121118", "DCM", "Patient Characteristics")
MEASUREMENT_GROUP = Code("125007", "DCM", "Measurement Group")
QUANTITATIVE = Code("122144", "DCM", "Quantitative Analysis")
QUALITATIVE = Code("122145", "DCM", "Qualitative Analysis")
ECG_GLOBAL = Code("122158", "DCM", "ECG Global Measurements")

# observation context, TID 1001 to 1004 and 1204
LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")
ENGLISH = Code("en", "RFC5646", "English")
OBSERVER_TYPE = Code("121005", "DCM", "Observer Type")
DEVICE = Code("121007", "DCM", "Device")
DEVICE_UID = Code("121012", "DCM", "Device Observer UID")
DEVICE_NAME = Code("121013", "DCM", "Device Observer Name")
DEVICE_MAKER = Code("121014", "DCM", "Device Observer Manufacturer")
DEVICE_MODEL = Code("121015", "DCM", "Device Observer Model Name")

# names of texts, dates and codes
COMMENT = Code("121106", "DCM", "Comment")
IDENTIFIER = Code("125010", "DCM", "Identifier")
IMPRESSION = Code("121073", "DCM", "Impression")
ECG_FINDING = Code("271921002", "SCT", "ECG Finding")
PROCEDURE_DATETIME = Code("122146", "DCM", "Procedure DateTime")
ALGORITHM_NAME = Code("111001", "DCM", "Algorithm Name")
SUBJECT_SEX = Code("121032", "DCM", "Subject Sex")
FEMALE = Code("F", "DCM", "Female")
MALE = Code("M", "DCM", "Male")

# modifiers and properties of measurements, TID 300, 310, 312, 5202 and PS3.17 annex N
FINDING_SITE = Code("363698007", "SCT", "Finding Site")
IMAGE_MODE = Code("399264008", "SCT", "Image Mode")
MODE_2D = Code("399064001", "SCT", "2D mode")
IMAGE_VIEW = Code("111031", "DCM", "Image View")
APICAL_4C = Code("399214001", "SCT", "Apical four chamber")
APICAL_2C = Code("399232001", "SCT", "Apical two chamber")
METHOD = Code("370129005", "SCT", "Measurement Method")
DISKS_SINGLE = Code("125208", "DCM", "Method of Disks, Single Plane")
DISKS_BIPLANE = Code("125207", "DCM", "Method of Disks, Biplane")
AREA_LENGTH_SINGLE = Code("125205", "DCM", "Area-Length Single Plane")
AREA_LENGTH_BIPLANE = Code("125204", "DCM", "Area-Length Biplane")
DERIVATION = Code("121401", "DCM", "Derivation")
MEAN = Code("373098007", "SCT", "Mean")
NORMALITY = Code("121402", "DCM", "Normality")
NORMAL = Code("17621005", "SCT", "Normal")
ABNORMALLY_LOW = Code("371880002", "SCT", "Abnormally Low")
ABNORMALLY_HIGH = Code("371879000", "SCT", "Abnormally High")
RANGE_LOWER = Code("385524004", "SCT", "Normal Range Lower Limit")
RANGE_UPPER = Code("371933006", "SCT", "Normal Range Upper Limit")
RANGE_AUTHORITY = Code("121408", "DCM", "Normal Range Authority")
VALUE_UNKNOWN = Code("114010", "DCM", "Value unknown")  # CID 42

# finding sites, CID 12236 and CID 4
LEFT_VENTRICLE = Code("87878005", "SCT", "Left ventricle")
LEFT_ATRIUM = Code("82471001", "SCT", "Left atrium")
MITRAL_VALVE = Code("91134007", "SCT", "Mitral Valve")

# CID 3678, QT correction algorithms
BAZETT = Code("122730", "DCM", "Bazett QT Correction Algorithm")
HODGES = Code("122731", "DCM", "Hodges QT Correction Algorithm")
FRIDERICIA = Code("122732", "DCM", "Fridericia QTc Algorithm")
FRAMINGHAM = Code("122733", "DCM", "Framingham QTc Algorithm")

# UCUM, where the meaning says more than the symbol
BEATS_PER_MINUTE = Code("{H.B.}/min", "UCUM", "BPM")  # TID 3713
_UNIT_WORDS = {"1": "no units", "%": "Percent", "a": "year", "deg": "Degree", "ms": "millisecond", "/min": "/min"}


def unit(ucum: str) -> Code:
    """Return the code of a UCUM unit; the symbol is its own meaning where PS3.16 gives no word."""
    return Code(ucum, "UCUM", _UNIT_WORDS.get(ucum, ucum))


def private(name: str, label: str) -> Code:
    """Return the private code of a measurement for which DICOM has none: its machine name and its label."""
    return Code(name, PRIVATE_SCHEME, label)
