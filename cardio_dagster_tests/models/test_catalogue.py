import hashlib
import threading

import numpy as np
import pytest

from cardio_dagster.errors import CODES, FailureClass, ModelHashError, ModelLoadError
from cardio_dagster.models import catalogue

NAME = "echo_segmentation"


@pytest.fixture
def site_catalogue(tmp_path):
    """A site's own catalogue, beside a copy of the model; the shipped one is back afterwards."""
    content = (catalogue.SHIPPED_CATALOGUE.parent / catalogue.entry(NAME).file).read_bytes()
    (tmp_path / "echo_segmentation.onnx").write_bytes(content)
    path = tmp_path / "catalogue.toml"
    path.write_text(catalogue.SHIPPED_CATALOGUE.read_text())
    catalogue.use_catalogue(path)
    yield path
    catalogue.use_catalogue(None)


def test_shipped_models_are_small_and_have_a_card_that_says_what_is_needed():
    entry = catalogue.entry(NAME)
    folder = catalogue.SHIPPED_CATALOGUE.parent
    assert (folder / entry.file).stat().st_size < 10e6
    card = (folder / entry.card).read_text().lower()
    for topic in ("camus", "cc by-nc-sa 4.0", "leclerc", "dice", "limits", "not a medical device"):
        assert topic in card


@pytest.mark.parametrize("name", ["ecg_beats", "ecg_waves", "ecg_rhythm"])
def test_shipped_ecg_models_are_small_verified_and_have_a_card(name):
    entry = catalogue.entry(name)
    folder = catalogue.SHIPPED_CATALOGUE.parent
    assert (folder / entry.file).stat().st_size < 3e6
    card = (folder / entry.card).read_text().lower()
    for topic in ("odc-by", "limits", "not a medical device", "out of fold" if name != "ecg_beats" else "record"):
        assert topic in card
    assert catalogue.load_session(name, threads=1).get_inputs()[0].name == entry.input_name


def test_a_site_that_names_one_model_keeps_the_others(site_catalogue):
    text = site_catalogue.read_text()
    start = text.index(f"[{NAME}]")
    end = text.find("\n[", start + 1)
    site_catalogue.write_text(text[start : end if end > 0 else None].replace('version = "2"', 'version = "site"'))
    catalogue.reload(NAME)
    assert catalogue.entry(NAME).version == "site"
    assert catalogue.load_session("ecg_waves", threads=1) is not None


def test_fingerprint_is_the_hash_of_the_file():
    content = (catalogue.SHIPPED_CATALOGUE.parent / catalogue.entry(NAME).file).read_bytes()
    assert catalogue.fingerprint(NAME) == hashlib.sha256(content).hexdigest()


def test_session_yields_probabilities():
    entry = catalogue.entry(NAME)
    session = catalogue.load_session(NAME, threads=1)
    image = np.zeros((2, 1, entry.input_size, entry.input_size), np.float32)
    (probability,) = session.run([entry.output_name], {entry.input_name: image})
    assert probability.shape == (2, len(entry.classes), entry.answer_size, entry.answer_size)
    assert np.allclose(probability.sum(axis=1), 1, atol=1e-4)


def test_session_is_cached_until_reload():
    first = catalogue.load_session(NAME, threads=1)
    assert catalogue.load_session(NAME, threads=1) is first
    catalogue.reload(NAME)
    assert catalogue.load_session(NAME, threads=1) is not first


def test_threads_that_load_at_once_get_one_session():
    catalogue.reload(NAME)
    sessions = []
    threads = [
        threading.Thread(target=lambda: sessions.append(catalogue.load_session(NAME, threads=1))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(session) for session in sessions}) == 1


def test_changed_model_is_refused(site_catalogue):
    model = site_catalogue.with_name("echo_segmentation.onnx")
    content = bytearray(model.read_bytes())
    content[len(content) // 2] ^= 1
    model.write_bytes(content)
    with pytest.raises(ModelHashError, match="E_HARD_003") as caught:
        catalogue.load_session(NAME, threads=1)
    assert caught.value.failure_class is CODES["E_HARD_003"].failure_class


def test_missing_model_is_a_load_error(site_catalogue):
    site_catalogue.with_name("echo_segmentation.onnx").unlink()
    with pytest.raises(ModelLoadError, match="cannot be read") as caught:
        catalogue.load_session(NAME, threads=1)
    assert caught.value.failure_class is FailureClass.MODEL_LOAD


def test_reload_reads_a_mended_file(site_catalogue):
    model = site_catalogue.with_name("echo_segmentation.onnx")
    content = model.read_bytes()
    model.write_bytes(b"half")
    with pytest.raises(ModelHashError):
        catalogue.load_session(NAME, threads=1)
    model.write_bytes(content)
    catalogue.reload(NAME)
    assert catalogue.load_session(NAME, threads=1)


def test_right_hash_but_no_model_is_a_load_error(site_catalogue):
    garbage = b"this is no ONNX graph"
    site_catalogue.with_name("echo_segmentation.onnx").write_bytes(garbage)
    text = site_catalogue.read_text().replace(catalogue.fingerprint(NAME), hashlib.sha256(garbage).hexdigest())
    site_catalogue.write_text(text)
    catalogue.reload(NAME)
    with pytest.raises(ModelLoadError, match="does not load"):
        catalogue.load_session(NAME, threads=1)


def test_unknown_model_names_those_there_are():
    with pytest.raises(ModelLoadError, match="echo_segmentation"):
        catalogue.load_session("unheard_of", threads=1)


@pytest.mark.parametrize("text", ["not toml [", "[echo_segmentation]\nfile = 3\n"])
def test_damaged_catalogue_is_a_load_error(site_catalogue, text):
    site_catalogue.write_text(text)
    catalogue.use_catalogue(site_catalogue)
    with pytest.raises(ModelLoadError, match="CARDIO_MODEL_CATALOGUE"):
        catalogue.entry(NAME)
