"""TID 5200 and TID 3700 as tables, and a checker that holds a data set against them.

TID 5200, 5202 and the head of TID 300 from public copies of PS3.16, TID 5201 from PS3.2 N.10.2, the modifiers of TID 5203 from
PS3.17 N.2; TID 3700, 3708, 3713, 3717 and 3719 at second hand, from highdicom's ECG templates, because PS3.16 itself could not be
fetched; TID 310, 312 and 1001 to 1004 from knowledge of the standard and pydicom's copy of its codes. Both templates are extensible: what they do not name may stand beside
them, but must keep to the relations that the IOD allows. "Order significant" means: rows of the table in its order.
"""

from dataclasses import dataclass, field

from cardio_dagster_tests.reporting.dicom_sr.reading import coded, name, unit

MANY = 10**6


@dataclass(frozen=True)
class Row:
    relation: str | None
    value_type: str
    concept: tuple[str, str]
    least: int = 0
    most: int = MANY
    values: frozenset = frozenset()  # allowed codes (CODE) or units (NUM); empty: any
    rows: tuple = field(default=())


def concept_mod(*concept, values=(), least=0):
    return Row("HAS CONCEPT MOD", "CODE", concept, least, 1, frozenset(values))


METHODS = {
    (str(c), "DCM") for c in (125204, 125205, 125206, 125207, 125208, 125209, 125211, 125226, 125227, 125228)
}  # CID 12228
MEASUREMENT = (  # TID 300 with 310 and 312, and what TID 5203 adds
    concept_mod("370129005", "SCT", values=METHODS),
    concept_mod("121401", "DCM", values={("373098007", "SCT")}),
    Row("HAS ACQ CONTEXT", "CODE", ("111031", "DCM"), 0, 1, frozenset({("399214001", "SCT"), ("399232001", "SCT")})),
    Row("HAS PROPERTIES", "CODE", ("121402", "DCM"), 0, 1, frozenset({("17621005", "SCT"), ("371880002", "SCT"), ("371879000", "SCT")})),
    Row("HAS PROPERTIES", "NUM", ("385524004", "SCT"), 0, 1),
    Row("HAS PROPERTIES", "NUM", ("371933006", "SCT"), 0, 1),
    Row("HAS PROPERTIES", "TEXT", ("121408", "DCM"), 0, 1),
    Row("HAS PROPERTIES", "TEXT", ("121106", "DCM"), 1, 1),
)  # fmt: skip
CONTEXT = (
    concept_mod("121049", "DCM", values={("en", "RFC5646")}, least=1),
    Row("HAS OBS CONTEXT", "CODE", ("121005", "DCM"), 1, 1, frozenset({("121007", "DCM")})),
    Row("HAS OBS CONTEXT", "UIDREF", ("121012", "DCM"), 1, 1),
    Row("HAS OBS CONTEXT", "TEXT", ("121013", "DCM"), 0, 1),
    Row("HAS OBS CONTEXT", "TEXT", ("121014", "DCM"), 0, 1),
    Row("HAS OBS CONTEXT", "TEXT", ("121015", "DCM"), 0, 1),
)
PATIENT = Row("CONTAINS", "CONTAINER", ("121118", "DCM"), 0, 1, rows=(
    Row("CONTAINS", "NUM", ("121033", "DCM"), 0, 1, frozenset({"a"})),
    Row("CONTAINS", "CODE", ("121032", "DCM"), 0, 1, frozenset({("F", "DCM"), ("M", "DCM")})),
    Row("CONTAINS", "NUM", ("8302-2", "LN"), 0, 1, frozenset({"cm"})),
    Row("CONTAINS", "NUM", ("29463-7", "LN"), 0, 1, frozenset({"kg"})),
    Row("CONTAINS", "NUM", ("271649006", "SCT"), 0, 1, frozenset({"mm[Hg]"})),
    Row("CONTAINS", "NUM", ("271650006", "SCT"), 0, 1, frozenset({"mm[Hg]"})),
    Row("CONTAINS", "NUM", ("8277-6", "LN"), 0, 1, frozenset({"m2"})),
))  # fmt: skip


def measured(*concept, values=(), rows=MEASUREMENT):
    return Row("CONTAINS", "NUM", concept, 0, MANY, frozenset(values), rows)


GROUP = Row("CONTAINS", "CONTAINER", ("125007", "DCM"), 1, MANY, rows=(
    concept_mod("399264008", "SCT", values={("399064001", "SCT")}, least=1),
    measured("18043-0", "LN", values={"%"}), measured("18026-5", "LN", values={"mL"}), measured("18148-7", "LN", values={"mL"}),
    measured("90096001", "SCT", values={"mL"}), measured("82799009", "SCT", values={"L/min"}),
    measured("18077-8", "LN", values={"cm"}), measured("18076-0", "LN", values={"cm"}),
    measured("399235004", "SCT", values={"mL"}), measured("17977-0", "LN", values={"cm2"}), measured("8867-4", "LN", values={"/min"}),
))  # fmt: skip
TID_5200 = Row(None, "CONTAINER", ("125200", "DCM"), 1, 1, rows=(
    *CONTEXT,
    PATIENT,
    Row("CONTAINS", "CONTAINER", ("59776-5", "LN"), 1, MANY, rows=(
        concept_mod("363698007", "SCT", values={("87878005", "SCT"), ("82471001", "SCT"), ("91134007", "SCT")}, least=1),
        GROUP,
    )),
    Row("CONTAINS", "CONTAINER", ("19005-8", "LN"), 0, 1, rows=(Row("CONTAINS", "TEXT", ("121073", "DCM"), 1),)),
))  # fmt: skip


def interval(*concept, unit="ms", most=1, least=1, rows=MEASUREMENT):
    return Row("CONTAINS", "NUM", concept, least, most, frozenset({unit}), rows)


FORMULA = Row(
    "HAS PROPERTIES", "CODE", ("111001", "DCM"), 0, 1, frozenset((str(c), "DCM") for c in range(122730, 122734))
)
TID_3713 = Row("CONTAINS", "CONTAINER", ("122158", "DCM"), 1, MANY, rows=(
    interval("2:16016", "MDC", unit="{H.B.}/min", rows=()),
    interval("2:16160", "MDC", rows=()), interval("2:15872", "MDC", rows=()), interval("2:16156", "MDC", rows=()),
    interval("2:16168", "MDC", rows=()),
    interval("2:15876", "MDC", least=0, rows=(FORMULA, *MEASUREMENT[3:])),
))  # fmt: skip
TID_3700 = Row(None, "CONTAINER", ("28010-7", "LN"), 1, 1, rows=(
    *CONTEXT,
    PATIENT,
    Row("CONTAINS", "CONTAINER", ("55111-9", "LN"), 1, 1, rows=(Row("CONTAINS", "DATETIME", ("122146", "DCM"), 1, 1),)),
    Row("CONTAINS", "CONTAINER", ("122144", "DCM"), 1, 1, rows=(TID_3713,)),
    Row("CONTAINS", "CONTAINER", ("122145", "DCM"), 0, 1, rows=(Row("CONTAINS", "TEXT", ("271921002", "SCT"), 1),)),
    Row("CONTAINS", "CONTAINER", ("55112-7", "LN"), 0, 1, rows=(Row("CONTAINS", "TEXT", ("55112-7", "LN"), 1, 1),)),
))  # fmt: skip

# Comprehensive SR, PS3.3 A.35.3.3.1.2, for the value types written here: relation -> sources, targets
_LEAVES = {"TEXT", "CODE", "NUM", "DATETIME", "UIDREF"}
ALLOWED = {
    "CONTAINS": ({"CONTAINER"}, _LEAVES | {"CONTAINER"}),
    "HAS OBS CONTEXT": ({"CONTAINER", "TEXT", "CODE", "NUM"}, _LEAVES),
    "HAS ACQ CONTEXT": ({"CONTAINER", "NUM"}, _LEAVES | {"CONTAINER"}),
    "HAS CONCEPT MOD": (_LEAVES | {"CONTAINER"}, {"TEXT", "CODE"}),
    "HAS PROPERTIES": ({"TEXT", "CODE", "NUM"}, _LEAVES | {"CONTAINER"}),
}


def faults(item, row, path="1"):
    """Return everything in which an item and what is below it depart from a row of a template."""
    found = _own(item, row, path)
    below = list(item.get("ContentSequence", ()))
    for child in below:
        sources, targets = ALLOWED[child.RelationshipType]
        if item.ValueType not in sources or child.ValueType not in targets:
            found.append(f"{path}: {item.ValueType} may not {child.RelationshipType} {child.ValueType}")
    return found + _rows(below, row, path) + _relations_below(below, row, path)


def _own(item, row, path):
    got = (item.get("RelationshipType"), item.ValueType, name(item))
    found = [] if got == (row.relation, row.value_type, row.concept) else [f"{path}: {got}, expected {row}"]
    if row.values and item.ValueType == "CODE" and coded(item.ConceptCodeSequence) not in row.values:
        found.append(f"{path}: {coded(item.ConceptCodeSequence)} is not in the value set")
    if row.values and item.ValueType == "NUM" and item.MeasuredValueSequence and unit(item) not in row.values:
        found.append(f"{path}: unit {unit(item)}, expected {set(row.values)}")
    if item.ValueType == "NUM" and not item.MeasuredValueSequence and "NumericValueQualifierCodeSequence" not in item:
        found.append(f"{path}: a number without a value needs a qualifier")
    return found


def _rows(below, row, path):
    found, last = [], -1
    for wanted in row.rows:
        places = [i for i, c in enumerate(below) if name(c) == wanted.concept]
        if not wanted.least <= len(places) <= wanted.most:
            found.append(f"{path}: {len(places)} of {wanted.concept}, expected {wanted.least} to {wanted.most}")
        if places and row.concept != GROUP.concept:  # the measurements of a group are one row, so free among themselves
            found += [f"{path}: {wanted.concept} stands too early"] if places[0] < last else []
            last = places[-1]
        for i in places:
            found += faults(below[i], wanted, f"{path}.{i + 1}")
    return found


def _relations_below(below, row, path):
    """Look through what the template does not name; it has no row of its own but the IOD's relations bind it."""
    named = {wanted.concept for wanted in row.rows}
    found = []
    for i, child in enumerate(below):
        if name(child) not in named:
            free = Row(child.RelationshipType, child.ValueType, name(child))
            found += faults(child, free, f"{path}.{i + 1}")
    return found
