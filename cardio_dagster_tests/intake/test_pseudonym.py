import hashlib
import hmac
import multiprocessing
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from cardio_dagster.errors import SettingsError
from cardio_dagster.intake.pseudonym import pseudonym
from cardio_dagster.stores.site_key import held_key, key_from_text, load_key

FORK = multiprocessing.get_context("fork")
KEY = b"a site key of thirty-two bytes.."


def test_it_is_the_published_keyed_hash():
    """RFC 4231, test case 2."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert hmac.new(b"Jefe", b"what do ya want for nothing?", hashlib.sha256).hexdigest() == expected
    assert pseudonym(b"Jefe", "what do ya want for nothing?") == expected[:32]


def test_one_name_has_one_pseudonym_however_its_letters_are_composed():
    assert pseudonym(KEY, "M\u00fcller") == pseudonym(KEY, "Mu\u0308ller")
    assert pseudonym(KEY, "M\u00fcller") != pseudonym(b"other" * 8, "M\u00fcller")


@given(st.text(st.characters()))
def test_every_text_has_one(text):
    assert len(pseudonym(KEY, text)) == 32
    assert pseudonym(KEY, text + "x") != pseudonym(KEY, text)


def test_the_key_is_made_once_and_kept_to_the_owner(tmp_path):
    path = tmp_path / "store" / "site.key"
    key = load_key(path)
    assert load_key(path) == key
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["site.key"]


def _load(path, barrier, keys):
    barrier.wait(20)
    keys.put(load_key(path))


def test_processes_that_come_first_at_once_read_one_key(tmp_path):
    barrier, keys = FORK.Barrier(6), FORK.SimpleQueue()
    children = [FORK.Process(target=_load, args=(tmp_path / "site.key", barrier, keys)) for _ in range(6)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    assert len({keys.get() for _ in children}) == 1


def test_a_key_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "site.key"
    load_key(path)
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        load_key(path)


def test_a_cut_key_is_refused(tmp_path):
    path = tmp_path / "site.key"
    load_key(path)
    path.write_bytes(b"short")
    with pytest.raises(SettingsError, match="5 bytes instead of 32"):
        load_key(path)


def test_a_short_key_as_setting_is_refused():
    assert key_from_text("x" * 32) == b"x" * 32
    with pytest.raises(SettingsError, match="has 31 characters"):
        key_from_text("x" * 31)


def test_a_key_that_is_not_there_is_not_made_for_a_proof(tmp_path):
    with pytest.raises(SettingsError, match="CARDIO_DATA_DIR"):
        held_key(tmp_path, None)
    assert list(tmp_path.iterdir()) == []
    assert held_key(tmp_path, SecretStr("x" * 32)) == b"x" * 32
    load_key(tmp_path / "site.key")
    assert len(held_key(tmp_path, None)) == 32
