"""Rows and files: the numbers of the reports, nothing that names a person, the same bytes again."""

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Analysis, Fact, Finding, Grade, Measurement
from cardio_dagster.fusion import feature_table, fuse
from cardio_dagster.reporting.cohort import cohort_row, columns, read_study, row_of
from cardio_dagster.reporting.cohort.dictionary import by_group
from cardio_dagster.reporting.cohort.tables import CSV, write_tables
from cardio_dagster.reporting.json_report import to_json
from cardio_dagster_tests.reporting.cohort.sites import crowd, of_sample
from cardio_dagster_tests.reporting.samples import SURNAME, bare, ecg_only, failed, full


def number(name, value, recording_id, confidence=None):
    reason = None if value is not None else "not seen"
    return Measurement(name, name, value, "1", "test", reason=reason, confidence=confidence, recording_id=recording_id)


ANALYSES = (
    Analysis("clinical", "r01", (number("lvef_pct", 35.0, "r01"), number("heart_rate_bpm", 90.0, "r01")),
             facts=(Fact("sex", "female"), Fact("diabetes", True), Fact("copd", None, reason="not stated"))),
    Analysis("ecg", "r02", (number("heart_rate_bpm", 61.2, "r02"), number("pr_ms", None, "r02")),
             (Finding("ECG_AFIB", f"AF of {SURNAME}", Grade.ABNORMAL, "test"),), (Fact("rhythm", "afib"), Fact("sex", "M"))),
    Analysis("echo", "r03", (number("lvef_pct", 50.0, "r03", 0.7), number("echo_heart_rate_bpm", 64.0, "r03"))),
    Analysis("echo", "r04", (number("lvef_pct", 62.9, "r04", 0.9), number("of_next_year_mm", 1.0, "r04"))),
)  # fmt: skip
REPORT = bare("clinical", "ecg", "echo", "echo", analyses=ANALYSES, release_status="released: every gate passed")


def decided(status="released"):
    return replace(of_sample(status)[0], study_id=REPORT.study_id)


def row(status="released"):
    return row_of(decided(status), read_study(to_json(REPORT)))


def test_the_row_says_what_fusion_chose():
    chosen = {r.name: r for r in feature_table(fuse(ANALYSES, ()), ANALYSES)}
    made = row()
    for name in ("lvef_pct", "heart_rate_bpm", "pr_ms"):
        assert made[name] == chosen[name].value
    for name in ("lvef_pct", "heart_rate_bpm", "sex"):
        assert made[f"{name}_source"] == chosen[name].source
    assert (made["lvef_pct"], made["echo_lvef_pct"], made["clinical_lvef_pct"]) == (62.9, 62.9, 35.0)
    assert (made["ecg_heart_rate_bpm"], made["echo_heart_rate_bpm"], made["clinical_heart_rate_bpm"]) == (
        61.2,
        64.0,
        90.0,
    )
    assert (made["sex"], made["rhythm"], made["diabetes"], made["copd"]) == ("female", "afib", True, None)


def test_a_finding_is_yes_no_or_unknown():
    made = row()
    assert (made["finding_ecg_afib"], made["finding_ecg_sinus"]) == (True, False)
    ecg_alone = row_of(decided(), read_study(to_json(bare("ecg", analyses=ANALYSES[1:2]))))
    assert (ecg_alone["finding_ecg_afib"], ecg_alone["finding_lvef_normal"]) == (True, None)


@pytest.mark.parametrize("status", ["held", "error"])
def test_what_was_not_released_has_no_measured_value(status):
    made = row(status)
    measured = [c.column for g in ("clinical", "fused", "ecg", "echo", "score", "finding") for c in by_group(g)]
    assert not any(made[name] is not None for name in measured)
    assert (made["is_measured"], made["release_status"], made["ecg_is_analysed"]) == (False, status, True)


def test_without_a_report_the_decision_is_all():
    made = row_of(decided(), None)
    assert {n for n, v in made.items() if v is not None} == {
        "study_id", "revision", "report_version", "newest_revision", "release_status", "final_state", "is_measured", "coverage",
    } - ({"study_id"} if not REPORT.study_id.startswith("s-") else set())  # fmt: skip


def test_gates_are_joined_over_recordings():
    values = {"gate_echo_beats": [True, False], "gate_echo_frames": [True, True]}
    document = json.loads(to_json(REPORT))
    document["verdicts"] = [{"gate": n.removeprefix("gate_"), "passed": p} for n, ps in values.items() for p in ps]
    made = row_of(decided("held"), read_study(json.dumps(document).encode()))
    assert (made["gate_echo_beats"], made["gate_echo_frames"], made["gate_ecg_beats"]) == (False, True, None)
    assert made["gates_failed_count"] == 1


def test_free_text_never_enters():
    document = json.loads(to_json(REPORT))
    document["facts"] = [
        {"name": n, "value": SURNAME, "modality": "ecg"} for n in ("sex", "rhythm", "recording_note", "diabetes")
    ]
    document["software_version"] = document["priority"] = SURNAME
    document["measurements"][0]["name"] = f"{SURNAME} ms"
    made = row_of(decided(), read_study(json.dumps(document).encode()))
    assert SURNAME not in str(made)
    assert made["rhythm"] is made["diabetes"] is None


def test_the_files_hold_no_free_text(tmp_path):
    write_tables([(decided(), read_study(to_json(REPORT)))], tmp_path)
    tables = [pq.read_table(p) for p in sorted(tmp_path.glob("*.parquet"))]
    assert len(tables) == 3
    assert SURNAME not in str([t.to_pylist() for t in tables]) + (tmp_path / CSV).read_text()


def test_unknown_names_go_to_the_long_table(tmp_path):
    write_tables([(decided(), read_study(to_json(REPORT)))], tmp_path)
    long = pd.read_parquet(tmp_path / "measurements.parquet")
    assert len(long) == sum(len(a.measurements) for a in ANALYSES)
    assert list(long.loc[~long.has_column, "name"]) == ["of_next_year_mm"]
    assert "of_next_year_mm" not in pq.read_schema(tmp_path / "cohort.parquet").names


@pytest.mark.parametrize("report", [full(), ecg_only(), failed(), REPORT])
def test_the_row_of_a_report_is_a_header_and_a_line(report):
    table = pd.read_csv(io.BytesIO(cohort_row(report)))
    assert list(table.columns) == [c.column for c in columns()]
    assert len(table) == 1
    assert table.final_state[0] == report.final_state


def test_parquet_and_csv_hold_the_same_numbers(tmp_path):
    write_tables(crowd(60), tmp_path)
    parquet, text = pd.read_parquet(tmp_path / "cohort.parquet"), pd.read_csv(tmp_path / CSV)
    for column in (c.column for c in columns() if c.type == "number"):
        np.testing.assert_array_equal(parquet[column].to_numpy(float), text[column].to_numpy(float))
    assert (parquet.release_status == "released").sum() == parquet.is_measured.sum() == 54
    assert parquet.loc[~parquet.is_measured, "qrs_ms"].isna().all()


def test_equal_studies_give_equal_bytes_and_a_changed_value_another_hash(tmp_path):
    hashes, bytes_ = [], []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        (tmp_path / name).mkdir()
        hashes.append(write_tables(crowd(40, seed), tmp_path / name).sha256)
        bytes_.append({p.name: p.read_bytes() for p in (tmp_path / name).iterdir()})
    assert hashes[0] == hashes[1] != hashes[2]
    assert bytes_[0] == bytes_[1] != bytes_[2]


def test_no_study_gives_an_empty_table_of_all_columns(tmp_path):
    assert write_tables([], tmp_path).rows == 0
    assert list(pd.read_parquet(tmp_path / "cohort.parquet").columns) == [c.column for c in columns()]


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff\xfe", b'{"study_id": 5}'])
def test_what_is_no_report_is_refused(data):
    with pytest.raises(StudyError) as caught:
        read_study(data)
    assert caught.value.problem.code == "E_CORRUPT_001"
