"""The content tree as a pydicom data set.

Belongs here: attributes of content items (PS3.3, C.17.3 and C.18). Not here: patient, study and file (document.py).
"""

from pydicom.dataset import Dataset
from pydicom.valuerep import format_number_as_ds

from cardio_dagster.reporting.dicom_sr.codes import Code
from cardio_dagster.reporting.dicom_sr.items import Item, Number

_SHORT = 16  # characters of a Code Value (SH); a longer one goes into Long Code Value (UC)
_MEANING = 64  # characters of a Code Meaning (LO)
_TEXT_ATTRIBUTES = {"TEXT": "TextValue", "UIDREF": "UID", "DATETIME": "DateTime"}


def content(item: Item) -> Dataset:
    """Return an item with all that stands below it; a value type that is not written here raises KeyError."""
    dataset = Dataset()
    if item.relation:
        dataset.RelationshipType = item.relation.value
    dataset.ValueType = item.value_type
    dataset.ConceptNameCodeSequence = [coded(item.name)]
    _put_value(dataset, item)
    if item.children:
        dataset.ContentSequence = [content(child) for child in item.children]
    return dataset


def coded(code: Code) -> Dataset:
    """Return a code sequence item (PS3.3, table 8.8-1); the meaning is cut at 64 characters."""
    dataset = Dataset()
    keyword = "CodeValue" if len(code.value) <= _SHORT else "LongCodeValue"
    setattr(dataset, keyword, code.value)
    dataset.CodingSchemeDesignator = code.scheme
    dataset.CodeMeaning = clean(code.meaning).replace("\\", "/").replace("\n", " ")[:_MEANING].strip()
    return dataset


def clean(text: str) -> str:
    """Return a text without the control characters that DICOM forbids in one; lines and tabs stay."""
    return "".join(c for c in text if c in "\n\t" or c.isprintable()).strip()


def _put_value(dataset: Dataset, item: Item) -> None:
    if isinstance(item.value, Number):
        _put_number(dataset, item.value)
    elif isinstance(item.value, Code):
        dataset.ConceptCodeSequence = [coded(item.value)]
    elif item.value is None:
        dataset.ContinuityOfContent = "SEPARATE"
        if item.template:
            dataset.ContentTemplateSequence = [_template(item.template)]
    else:
        setattr(dataset, _TEXT_ATTRIBUTES[item.value_type], clean(item.value))


def _put_number(dataset: Dataset, number: Number) -> None:
    """Write the number; where 16 characters cannot hold it, its full precision too (PS3.3, table C.18.1-1)."""
    dataset.MeasuredValueSequence = []
    if number.qualifier:
        dataset.NumericValueQualifierCodeSequence = [coded(number.qualifier)]
    if number.value is None:
        return
    measured = Dataset()
    printed = format_number_as_ds(float(number.value))
    measured.NumericValue = printed
    if float(printed) != number.value:
        measured.FloatingPointValue = float(number.value)
    measured.MeasurementUnitsCodeSequence = [coded(number.unit)]
    dataset.MeasuredValueSequence = [measured]


def _template(identifier: str) -> Dataset:
    dataset = Dataset()
    dataset.MappingResource = "DCMR"
    dataset.MappingResourceUID = "1.2.840.10008.8.1.1"
    dataset.TemplateIdentifier = identifier
    return dataset
