import hashlib
from pathlib import Path

import pytest
import sqlalchemy as sa

from cardio_dagster.finding import Finding, Grade, Measurement
from cardio_dagster.outcome import State
from cardio_dagster.stores import priors as module
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.priors import PriorStore, PriorValue, patients
from cardio_dagster.stores.results import ReleaseRow, ResultStore, StudyResults
from cardio_dagster.stores.review_tables import report_versions
from cardio_dagster.stores.studies import StudyRegistry
from cardio_dagster.study import Priority, Study

LATE = "2030-01-01T00:00:00.000+00:00"


@pytest.fixture
def engine(sqlite_url):
    return prepared(sqlite_url)


def prepared(url):
    engine = connect(url)
    create_tables(engine)
    return engine


@pytest.fixture
def priors(engine):
    return PriorStore(engine)


SHA = "0" * 64


def at(year):
    return f"{year}-03-01T00:00:00.000+00:00"


def measured(name, value, *, confidence=None):
    return Measurement(name, name, value, "1", "test", reason=None if value is not None else "n", confidence=confidence)


def add(
    engine,
    name,
    *,
    year,
    patient="jane",
    status="released",
    revision=1,
    values=None,
    codes=(),
):
    """Register a study with its results and its release, if any; a second revision re-opens it."""
    values = (("echo", measured("lvef_pct", 60.0)),) if values is None else values
    content = hashlib.sha256(f"{name} {revision}".encode()).hexdigest()
    study = Study(name, revision, content, at(year), Priority.ROUTINE, ())
    registry, results = StudyRegistry(engine), ResultStore(engine, Path("reports"))
    if revision == 1:
        assert registry.register(study, source=name, input_path="i", claim=f"c-{name}")
    else:
        assert registry.reopen(study, input_path="i", claim=f"c-{name}-{revision}")
    found = [Finding(code, code, Grade.NORMAL, "test") for code in codes]
    results.save(StudyResults(name, revision, values, found, (), (), ()))
    if status:
        row = ReleaseRow(name, revision, status, State.COMPLETE, "FULL", None, (), None, SHA, LATE)
        with engine.begin() as connection:
            assert results.release(row, connection=connection)
    if patient:
        PriorStore(engine).link(name, patient)
    return study


def test_earlier_studies_of_the_same_patient_the_oldest_first(engine, priors):
    add(engine, "s-2", year=2022)
    add(engine, "s-1", year=2021, values=(("echo", measured("lvef_pct", 50.0)),))
    add(engine, "s-now", year=2025)
    assert priors.before("s-now", at(2025)) == (
        PriorValue("s-1", at(2021), "lvef_pct", 50.0),
        PriorValue("s-2", at(2022), "lvef_pct", 60.0),
    )


def test_another_patient_is_never_seen(engine, priors):
    add(engine, "s-1", year=2021, patient="john")
    add(engine, "s-2", year=2021, patient=None)
    add(engine, "s-now", year=2025)
    assert priors.before("s-now", at(2025)) == ()


def test_a_study_without_a_known_patient_has_no_priors(engine, priors):
    """Two studies whose patients are unknown are not of one patient."""
    add(engine, "s-1", year=2021, patient=None)
    add(engine, "s-now", year=2025, patient=None)
    assert priors.before("s-now", at(2025)) == ()
    assert not priors.is_linked("s-now")


def test_later_studies_and_this_one_are_left_out(engine, priors):
    add(engine, "s-later", year=2026)
    add(engine, "s-same", year=2025)
    add(engine, "s-now", year=2025)
    assert priors.before("s-now", at(2025)) == ()


@pytest.mark.parametrize("status", ["held", "error", None])
def test_only_released_reports_count(engine, priors, status):
    add(engine, "s-1", year=2021, status=status)
    add(engine, "s-now", year=2025)
    assert priors.before("s-now", at(2025)) == ()


@pytest.mark.parametrize(("first", "decided", "counts"), [("held", "released", True), ("released", "rejected", False)])
def test_what_a_person_decided_counts(engine, priors, first, decided, counts):
    add(engine, "s-1", year=2021, status=first)
    row = {"study_id": "s-1", "revision": 1, "version": 2, "status": decided, "base_sha256": SHA}
    with engine.begin() as connection:
        connection.execute(
            report_versions.insert(), {**row, "report_path": "p", "report_sha256": SHA, "decided_at": LATE}
        )
    add(engine, "s-now", year=2025)
    assert bool(priors.before("s-now", at(2025))) is counts


def test_of_several_revisions_the_newest_released_counts(engine, priors):
    for revision, value, status in ((1, 40.0, "released"), (2, 45.0, "released"), (3, 50.0, "held")):
        values = (("echo", measured("lvef_pct", value)),)
        add(engine, "s-1", year=2020 + revision, revision=revision, status=status, values=values)
    add(engine, "s-now", year=2025)
    assert priors.before("s-now", at(2025)) == (PriorValue("s-1", at(2022), "lvef_pct", 45.0),)


def test_of_several_recordings_the_surest_gives_the_value(engine, priors):
    values = (
        ("echo", measured("lvef_pct", 40.0, confidence=0.5)),
        ("echo", measured("lvef_pct", 50.0, confidence=0.9)),
        ("echo", measured("lvef_pct", 60.0, confidence=0.9)),
        ("echo", measured("lvef_pct", None)),
    )
    add(engine, "s-1", year=2021, values=values)
    add(engine, "s-now", year=2025)
    assert [p.value for p in priors.before("s-now", at(2025))] == [50.0]


def test_a_value_of_another_modality_is_not_compared(engine, priors):
    values = (("clinical", measured("lvef_pct", 40.0)), ("clinical", measured("heart_rate_bpm", 70.0)))
    add(engine, "s-1", year=2021, values=values)
    add(engine, "s-now", year=2025)
    assert priors.before("s-now", at(2025)) == ()


def test_rhythms_are_codes_each_once(engine, priors):
    add(engine, "s-1", year=2021, values=(), codes=("ECG_AFIB", "ECG_SINUS", "ECG_AFIB", "ECG_LBBB"))
    add(engine, "s-now", year=2025)
    assert [(p.name, p.value, p.text) for p in priors.before("s-now", at(2025))] == [
        ("rhythm", None, "ECG_SINUS"),
        ("rhythm", None, "ECG_AFIB"),
    ]


def test_only_the_newest_studies_up_to_the_limit(engine, priors):
    for year in range(2010, 2020):
        add(engine, f"s-{year}", year=year)
    add(engine, "s-now", year=2025)
    assert [p.study_id for p in priors.before("s-now", at(2025), limit=3)] == ["s-2017", "s-2018", "s-2019"]


def test_the_newest_word_on_whose_study_it_is_counts(engine, priors):
    add(engine, "s-1", year=2021)
    add(engine, "s-now", year=2025)
    priors.link("s-1", "john")
    assert priors.before("s-now", at(2025)) == ()


def test_postgresql_answers_alike(postgres_url):
    engine = prepared(postgres_url)
    for year in range(2019, 2022):
        add(engine, f"s-{year}", year=year, codes=("ECG_SINUS", "ECG_AFIB"))
    add(engine, "s-now", year=2025)
    found = PriorStore(engine).before("s-now", at(2025), limit=2)
    assert [(p.study_id, p.name, p.value or p.text) for p in found] == [
        (study_id, name, value)
        for study_id in ("s-2020", "s-2021")
        for name, value in (("lvef_pct", 60.0), ("rhythm", "ECG_SINUS"), ("rhythm", "ECG_AFIB"))
    ]


def test_a_forgotten_patient_leaves_no_trace(engine, priors):
    add(engine, "s-1", year=2021)
    add(engine, "s-now", year=2025)
    assert priors.unlink("jane") == 2
    assert priors.before("s-now", at(2025)) == ()
    with engine.connect() as connection:
        assert connection.execute(sa.select(patients)).all() == []


def test_a_study_that_is_not_registered_cannot_be_linked(priors):
    with pytest.raises(sa.exc.IntegrityError):
        priors.link("s-unknown", "jane")


def test_every_step_of_the_query_goes_by_an_index(sqlite_url):
    """A scan of a table would make the cost grow with the archive."""
    engine = prepared(sqlite_url)
    for query in (module._NUMBERS, module._RHYTHMS):
        values = {"study_id": "s", "received_at": LATE, "limit": 20}
        compiled = query.params(values).compile(engine, compile_kwargs={"literal_binds": True})
        with engine.connect() as connection:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]
        of_tables = [step for step in plan if step.startswith(("SCAN", "SEARCH"))]
        scans = [s for s in of_tables if s.startswith("SCAN") and s.split()[1] not in {"earlier", "anon_1", "anon_2"}]
        assert not scans, plan
        assert not [s for s in of_tables if "ix_measurements_name" in s or "ix_findings_code" in s], plan
