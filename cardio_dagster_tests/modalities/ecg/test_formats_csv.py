"""CSV tables: rates, units, missing cells, and tables that do not say enough."""

import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg.validate import validate

OPTIONS = Options()

ROWS = "\n".join(f"{i * 4},{np.sin(i / 9):.4f},{i % 7 / 10}" for i in range(500))


def write_csv(folder, header, rows=ROWS):
    path = folder / "table.csv"
    path.write_text(f"{header}\n{rows}\n")
    return path


def test_csv_rate_from_the_time_column_and_units_from_the_names(tmp_path):
    record = validate(write_csv(tmp_path, "time_ms,II_mV,V1 [uV]"), OPTIONS).data
    assert (record.leads, record.sampling_rate_hz) == (("II", "V1"), 250.0)
    np.testing.assert_allclose(record.signal_mv[1], [np.sin(1 / 9), 0.1 / 1000], atol=1e-4)


def test_csv_rate_and_unit_from_comments(tmp_path):
    rows = "\n".join(",".join(line.split(",")[1:]) for line in ROWS.splitlines())
    record = validate(write_csv(tmp_path, "# sampling_rate_hz: 500\n# unit: uV\naVR,lead avl", rows), OPTIONS).data
    assert (record.leads, record.sampling_rate_hz) == (("aVR", "aVL"), 500.0)
    assert record.signal_mv[6, 1] == pytest.approx(0.6e-3)


def test_csv_empty_cells_are_missing(tmp_path):
    lines = ROWS.splitlines()
    lines[10] = "40,,0.5"
    record = validate(write_csv(tmp_path, "time_ms,II_mV,V1_mV", "\n".join(lines)), OPTIONS).data
    assert np.isnan(record.signal_mv[10, 0])
    assert np.isfinite(np.delete(record.signal_mv, 10, axis=0)).all()


@pytest.mark.parametrize(
    ("header", "rows", "code"),
    [
        ("time,II_mV,V1_mV", ROWS, "E_VALID_001"),  # a time without its unit
        ("time_ms,II,V1", ROWS, "E_VALID_001"),  # no unit of voltage
        ("time_ms,II [mmHg],V1 [mV]", ROWS, "E_VALID_003"),
        ("time_s,II_mV,V1_mV", ROWS, "E_VALID_002"),  # 0.25 Hz
        ("# sampling_rate_hz: fast\nI_mV,II_mV,V1_mV", ROWS, "E_VALID_002"),
        ("# sampling_rate_hz: 500\ntime_ms,II_mV,V1_mV", ROWS, "E_VALID_002"),  # 500 against 250 Hz
        ("time_ms,II_mV,V1_mV", ROWS.replace("\n400,", "\n4000,"), "E_VALID_002"),  # not even
        ("time_ms,II_mV,V1_mV", ROWS + "\n2000,abc,1", "E_CORRUPT_001"),
        ("time_ms,II_mV", ROWS, "E_CORRUPT_001"),
        ("time_ms,II_V,V1_V", ROWS, "E_VALID_002"),  # volts: 2000 mV
        ("time_ms,II_mV,V1_mV", "\n".join(ROWS.splitlines()[:100]), "E_VALID_002"),  # 0.4 s
        ("a,b,c", ROWS, "E_FORMAT_001"),
    ],
)
def test_csv_that_does_not_say_enough_is_refused(tmp_path, header, rows, code):
    with pytest.raises(StudyError) as caught:
        validate(write_csv(tmp_path, header, rows), OPTIONS)
    assert caught.value.problem.code == code


@pytest.mark.parametrize(
    ("header", "rows", "column", "cure"),
    [
        ("time_s;I_mV;II_mV", ROWS.replace(",", ";").replace(".", ","), "column 2 of the table has a decimal comma", "decimal point"),
        ("time_ms;I_mV;Erika Mustermann", ROWS.replace(",", ";"), "column 3 of the table is neither a lead", "remove it"),
        ("time_ms,pressure,II_mV", ROWS, "column 2 of the table is neither a lead", "II_mV"),
        ("time_ms,time_s,II_mV", ROWS, "column 2 of the table is neither a lead nor the one time column", "remove it"),
        ("time_ms,I_mV,II_mV", ROWS.replace("0,0.0000,0.0", "0,0.0000,low", 1), "column 3 of the table has no number", "numbers"),
    ],
)  # fmt: skip
def test_a_table_of_leads_that_is_not_read_names_the_column(tmp_path, header, rows, column, cure):
    with pytest.raises(StudyError, match="E_FORMAT_001") as caught:
        validate(write_csv(tmp_path, header, rows), OPTIONS)
    assert column in caught.value.problem.message
    assert cure in caught.value.problem.cure
    assert "Erika" not in str(caught.value)  # a header that we do not know may be a person


def test_csv_with_semicolons_and_decimal_points_is_read(tmp_path):
    record = validate(write_csv(tmp_path, "time_ms;II_mV;V1_mV", ROWS.replace(",", ";")), OPTIONS).data
    assert (record.leads, record.sampling_rate_hz) == (("II", "V1"), 250.0)


def test_text_without_any_lead_is_no_table_of_leads(tmp_path):
    with pytest.raises(StudyError, match="no ECG format that we know"):
        validate(write_csv(tmp_path, "a,b,c"), OPTIONS)


def test_numbers_beyond_every_float_do_not_pass(tmp_path):
    rows = "\n".join(f"{i * 4},{1e300 if i % 9 == 0 else 0.1},0.2" for i in range(500))
    with pytest.raises(StudyError, match="E_VALID_002"):
        validate(write_csv(tmp_path, "time_ms,II_mV,V1_mV", rows), OPTIONS)


def test_a_table_too_long_for_text_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("cardio_dagster.modalities.ecg.formats.csv._MAX_BYTES", 1000)
    with pytest.raises(StudyError, match="E_HARD_004") as caught:
        validate(write_csv(tmp_path, "time_ms,II_mV,V1_mV"), OPTIONS)
    assert "Parquet" in caught.value.problem.cure
