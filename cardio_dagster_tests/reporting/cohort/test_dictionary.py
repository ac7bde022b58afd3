"""Every column is explained, and the columns are those that the code can fill."""

import json
import re
from pathlib import Path

import pytest

from cardio_dagster.finding import Grade
from cardio_dagster.fusion import fuse
from cardio_dagster.fusion.consistency import TOLERANCES
from cardio_dagster.fusion.indexed import INDICES
from cardio_dagster.modalities import BRANCHES
from cardio_dagster.modalities.clinical.categories import CATEGORIES
from cardio_dagster.modalities.clinical.history import HISTORY
from cardio_dagster.modalities.clinical.quantities import QUANTITIES
from cardio_dagster.modalities.ecg.hrv.measures import MEASURES
from cardio_dagster.modalities.ecg.measuring import measurements, qt_measurements, voltage_measurements
from cardio_dagster.modalities.ecg.measuring.measurements import Row
from cardio_dagster.reporting.cohort import columns
from cardio_dagster.reporting.cohort.dictionary import (
    Kind,
    by_group,
    dictionary_csv,
    dictionary_json,
    dictionary_markdown,
    reference_text,
)
from cardio_dagster.reporting.cohort.tables import schema
from cardio_dagster.reporting.fhir.vocabulary import UCUM_UNITS
from cardio_dagster.scoring import SCORES, score, summarise

PACKAGE = Path(__file__).parents[3] / "cardio_dagster"
BY_NAME = {c.column: c for c in columns()}


def reported(group, *modalities):
    return {c.report_name for c in by_group(group) if not modalities or c.modality in modalities}


def test_every_column_has_an_entry_and_every_entry_a_column():
    names = [c.column for c in columns()]
    assert len(set(names)) == len(names) > 300
    assert schema().names == names
    assert [c["column"] for c in json.loads(dictionary_json())["columns"]] == names
    assert [line.split(",")[0] for line in dictionary_csv().decode().splitlines()[1:]] == names
    assert re.findall(r"^\| `(\w+)` \|", dictionary_markdown(), flags=re.MULTILINE) == sorted(
        names, key=lambda n: (list(dict.fromkeys(c.group for c in columns())).index(BY_NAME[n].group), names.index(n))
    )


def test_every_entry_is_whole():
    for c in columns():
        assert all((c.label, c.method, c.allowed, c.missing)), c.column
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,62}", c.column), "a name that PostgreSQL does not cut"
        assert (c.unit in UCUM_UNITS) if c.type in (Kind.NUMBER, Kind.INTEGER) else c.unit == "", c.column
        assert c.limits or c.words or c.allowed.startswith("/"), c.column
        if c.type is Kind.NUMBER:
            assert c.limits
            assert c.limits[0] < c.limits[1]


def test_the_parquet_fields_carry_their_entries():
    field = schema().field("pr_ms")
    meta = {k.decode(): v.decode() for k, v in field.metadata.items()}
    assert (meta["unit"], meta["loinc"], meta["reference_low"], meta["reference_high"]) == (
        "ms",
        "8625-6",
        "120.0",
        "200.0",
    )
    assert meta["missing"]


def test_clinical_columns_are_the_metadata_tables():
    assert reported("clinical") | {"heart_rate_bpm", "lvef_pct"} == {"sex"} | {
        s.name for s in (*QUANTITIES, *HISTORY, *CATEGORIES)
    }
    for q in QUANTITIES:
        column = BY_NAME.get(f"clinical_{q.name}") or BY_NAME[q.name]
        limits = q.limits_for(None)
        assert column.unit == q.unit
        assert column.limits == (q.possible_low, q.possible_high)
        assert (column.reference_low, column.reference_high) == ((limits.low, limits.high) if limits else (None, None))
        assert column.loinc in {*q.loinc, ""}
    for c in CATEGORIES:
        assert BY_NAME[c.name].words == tuple(c.values)


def test_ecg_columns_are_the_measuring_tables():
    rows = {
        r.name: r
        for m in (measurements, qt_measurements, voltage_measurements)
        for r in vars(m).values()
        if isinstance(r, Row)
    }
    rows |= {m.name: m for m in MEASURES}
    named = reported("ecg") - {"rhythm"}
    inside = {f"qtc_{key}_ms" for _, key, _ in qt_measurements._FORMULAS} | {
        "jt_ms", "qtc_adjusted_ms", "cornell_mv", "cornell_product_mv_ms",
    }  # fmt: skip
    assert named == set(rows) | inside
    for name, row in rows.items():
        column = BY_NAME["ecg_heart_rate_bpm" if name == "heart_rate_bpm" else name]
        assert (column.label, column.unit, column.method) == (row.label, row.unit, row.method)
        if isinstance(row, Row):
            assert (column.reference_low, column.reference_high) == (row.reference.low, row.reference.high)
            assert column.loinc == (row.loinc or "")


def test_echo_columns_are_those_that_the_branch_names():
    sources = [p.read_text() for p in (PACKAGE / "modalities" / "echo" / "measuring").glob("*.py")]
    unit = "pct|ml|cm|cm2|mm|bpm|l_min"
    named = {n for s in sources for n in re.findall(rf'"([a-z0-9_]+_(?:{unit}))"', s)} - {"lv_volume_ml"}
    assert named
    assert named <= reported("echo")
    assert reported("echo") - named <= {c.report_name for c in by_group("echo") if c.report_name.startswith("excursion_")} | {
        "wall_motion_score_index", "gls_contour_pct", "lv_edv_ml", "lv_esv_ml", "lv_edv_area_length_ml", "lv_esv_area_length_ml",
    }  # fmt: skip


def test_scores_gates_and_indices_are_those_of_the_code():
    scores = score(fuse((), ()))
    every = {s.name: s for s in (*scores, summarise((), scores))}
    assert reported("score") == set(every) >= set(SCORES)
    assert all(BY_NAME[n].unit == s.unit and BY_NAME[n].label == s.label for n, s in every.items())
    assert reported("gate") == {g.name for b in BRANCHES.values() for g in b.gates}
    for index in INDICES:
        assert (BY_NAME[index.name].reference_low, BY_NAME[index.name].reference_high) == index.limits(None)


def test_every_finding_of_the_code_has_a_flag():
    folders = ("statements", "lead_checks", "device")
    texts = [p.read_text() for f in folders for p in (PACKAGE / "modalities" / "ecg" / f).glob("*.py")]
    ecg = {code for text in texts for code in re.findall(r'"(ECG_[A-Z0-9_]+)"', text)}
    fragments = {"ECG_AXIS", "ECG_LVH", "ECG_LOW_VOLTAGE", "ECG_Q_", "ECG_ST_", "ECG_V1"}  # of wording and prefixes
    assert ecg - fragments <= reported("finding", "ecg")
    clashes = [p.read_text() for p in (PACKAGE / "fusion" / "clashes").glob("*.py")]
    fusion = {code for text in clashes for code in re.findall(r'"(fusion\.[a-z_]+)"', text)}
    assert fusion | {f"fusion.conflict.{n}" for n in ("sex", *TOLERANCES)} <= reported("finding", "fusion")
    clinical = {
        f"clinical.{q.name}.{side}"
        for q in QUANTITIES
        for limits in (q.limits, *q.limits_by_sex.values())
        for side in ("low", "high")
        if limits and getattr(limits, side) is not None
    }
    assert clinical == reported("finding", "clinical")
    echo = [p.read_text() for p in (PACKAGE / "modalities" / "echo").glob("*.py")]
    codes = {code for text in echo for code in re.findall(r'"((?:LVEF|ECHO|WALL)_[A-Z_]+)"', text)}
    assert codes <= reported("finding", "echo")
    assert Grade.NORMAL  # every grade makes the flag; it stands in findings.parquet


@pytest.mark.parametrize(
    ("name", "text"), [("sokolow_lyon_mv", "up to 3.49"), ("lvef_pct", "52 to 74"), ("rhythm", "")]
)
def test_references_in_words(name, text):
    assert reference_text(BY_NAME[name]) == text


@pytest.mark.parametrize(
    ("name", "value", "is_allowed"),
    [
        ("sex", "female", True), ("sex", "Smith", False), ("rhythm", "afib", True), ("rhythm", "AF per Dr. X", False),
        ("study_id", "s-c8048d12f944d165", True), ("study_id", "Miller", False), ("qrs_axis_deg", -181.0, False),
        ("diabetes", True, True), ("diabetes", "yes", False), ("error_code", "E_HARD_001", True), ("pr_ms", None, True),
    ],
)  # fmt: skip
def test_what_may_stand_in_a_column(name, value, is_allowed):
    assert BY_NAME[name].allows(value) is is_allowed


def test_the_page_of_the_documentation_is_the_dictionary():
    page = (PACKAGE.parent / "docs" / "cohort.md").read_text()
    assert page.endswith(dictionary_markdown())
