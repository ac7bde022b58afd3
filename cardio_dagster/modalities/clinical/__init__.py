"""Clinical: patient metadata as JSON, CSV or FHIR R4, in one set of units.

Belongs here: the verbs of the branch. Not here: risk (scoring/). Identity (name, number,
birth date, address) is dropped by the reader; a birth date leaves only as an age.
"""

from pathlib import Path

from cardio_dagster.errors import problem
from cardio_dagster.finding import Analysis
from cardio_dagster.modalities.branch import Branch, Options
from cardio_dagster.modalities.clinical.check import check
from cardio_dagster.modalities.clinical.derive import with_derived
from cardio_dagster.modalities.clinical.findings import to_analysis
from cardio_dagster.modalities.clinical.reader import read, sniff
from cardio_dagster.modalities.clinical.record import ClinicalRecord, Inventory
from cardio_dagster.outcome import Gate, Step

# What the scores for everyone and CHA2DS2-VASc ask for. What only H2FPEF, HAS-BLED, MAGGIC or SCORE2 ask for
# (echo values, a region, details of heart failure) is not counted: its absence is no gap of an ordinary record.
SCORE_INPUTS: tuple[str, ...] = (
    "age_years", "sex", "sbp_mmhg", "total_cholesterol_mmol_l", "hdl_cholesterol_mmol_l", "egfr_ml_min_1_73m2", "bmi_kg_m2",
    "diabetes", "smoker", "antihypertensive_treatment", "statin", "hypertension", "heart_failure", "stroke_or_tia", "vascular_disease",
)  # fmt: skip
COMPLETENESS = Gate(
    name="clinical.completeness",
    version="1",
    description="Share of the values that the risk scores need from metadata; below half, no score is likely to be had.",
    unit="1",
    minimum=0.5,
)


def validate(path: Path, options: Options) -> Step[ClinicalRecord]:
    """Read the document and check every value.

    A value that is impossible or has an unknown unit is left out with a Problem that names its
    place; the document fails only if nothing is left. Raises StudyError as `reader.read` does.
    """
    record, problems = check(read(path, max_mb=options.max_file_mb))
    if not _present(record):
        empty = problem(
            "E_VALID_001", "no clinical value of the document can be used", allowed="at least one", modality="clinical"
        )
        return Step(None, (*problems, empty))
    return Step(record, problems)


def preprocess(valid: ClinicalRecord, options: Options) -> Step[ClinicalRecord]:
    """Derive what other values imply and judge how complete the record is for the scores."""
    record = with_derived(valid)
    inventory = _inventory(record)
    verdict = COMPLETENESS.judge(len(inventory.present) / len(SCORE_INPUTS), modality="clinical")
    if not inventory.absent:
        return Step(record, (), (verdict,))
    lacking = problem(
        "E_VALID_004", "values that risk scores need are absent", seen=", ".join(inventory.absent), modality="clinical"
    )
    return Step(record, (lacking,), (verdict,))


def detect(prepared: ClinicalRecord, options: Options) -> Step[Inventory]:
    """Mark which inputs of the scores are there.

    A document has no structures to find; the states are the same for every modality, so that
    one pipeline, one ledger and one set of checkpoints serve them all, and this is its part in DETECTION.
    """
    return Step(_inventory(prepared))


def analyse(prepared: ClinicalRecord, detected: Inventory, recording_id: str, options: Options) -> Step[Analysis]:
    """Return measurements, facts and the findings out of the reference range."""
    return Step(to_analysis(prepared, detected, recording_id))


def _present(record: ClinicalRecord) -> set[str]:
    numbers = {q.name for q in record.quantities if q.value is not None}
    answers = {h.name for h in record.history if h.value is not None}
    answers |= {c.name for c in record.categories if c.value is not None}
    return numbers | answers | ({"sex"} if record.sex else set())


def _inventory(record: ClinicalRecord) -> Inventory:
    present = _present(record)
    return Inventory(tuple(n for n in SCORE_INPUTS if n in present), tuple(n for n in SCORE_INPUTS if n not in present))


BRANCH = Branch(
    name="clinical",
    title="Patient metadata",
    gates=(COMPLETENESS,),
    code_version="4",
    sniff=sniff,
    validate=validate,
    preprocess=preprocess,
    detect=detect,
    analyse=analyse,
    valid_type=ClinicalRecord,
    prepared_type=ClinicalRecord,
    detected_type=Inventory,
)
