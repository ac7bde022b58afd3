"""Who may send, as the settings spell it; and what a header says, whatever comes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardio_dagster.errors import SettingsError, StudyError
from cardio_dagster.gateway.dicom.header import is_uid, read_instance
from cardio_dagster.settings import Peer, dicom_settings, parse_peers
from cardio_dagster.study import Priority
from cardio_dagster_tests.gateway.dicom.devices import ECG, STUDY, instance


def test_peers_with_address_and_priority():
    assert parse_peers("CART 1, ICU@10.0.0.5=urgent,US=stat,") == (
        Peer("CART 1", None, None),
        Peer("ICU", "10.0.0.5", Priority.URGENT),
        Peer("US", None, Priority.STAT),
    )


@pytest.mark.parametrize("text", ["A=soon", "=stat", "A" * 17, "A@host.example", "A\\B", "A=backfill"])
def test_other_peers_are_refused_with_the_form(text):
    with pytest.raises(ValueError, match=r"AE@ADDRESS|address"):
        parse_peers(text)


def test_message_names_the_variable(monkeypatch):
    monkeypatch.setenv("CARDIO_DICOM_PEERS", "A=soon")
    dicom_settings.cache_clear()
    with pytest.raises(SettingsError, match="CARDIO_DICOM_PEERS"):
        dicom_settings()
    dicom_settings.cache_clear()


@pytest.mark.parametrize("text", ["", ".", "..", "1..2", "1.", "a", "1.2/3", "1" * 65, "1.2\n"])
def test_what_is_no_uid_is_no_name_of_a_file(text):
    assert not is_uid(text)


def test_header_says_where_an_instance_belongs(tmp_path):
    instance(7, RequestedProcedurePriority="STAT").save_as(tmp_path / "x", enforce_file_format=True)
    found = read_instance(tmp_path / "x")
    assert (found.sop_class, found.sop_uid, found.study_uid, found.asked) == (ECG, "9.8.7", STUDY, Priority.STAT)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_bytes_raise_study_errors_only(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("x") / "x"
    instance(1).save_as(path, enforce_file_format=True)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        found = read_instance(path)
    except StudyError:
        return
    assert is_uid(found.study_uid)
    assert is_uid(found.sop_uid)
