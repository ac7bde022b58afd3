"""Promotion: a really worse model is refused, an equal one is put in force, with both figures in the ledger."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cardio_dagster import modalities
from cardio_dagster.audit_record import Kind
from cardio_dagster.commands import evaluate as command
from cardio_dagster.demo.simulated_echo import simulate_still
from cardio_dagster.errors import SettingsError
from cardio_dagster.evaluation import measure as measuring
from cardio_dagster.evaluation.measure import Size, all_gates, file_of_gate, gates_in_force, gates_moved
from cardio_dagster.evaluation.promotion import judging
from cardio_dagster.evaluation.promotion.candidate import read_candidate
from cardio_dagster.evaluation.promotion.judging import judge
from cardio_dagster.models import catalogue
from cardio_dagster.settings import Settings
from cardio_dagster.stores.database import connect, create_tables
from cardio_dagster.stores.ledger import Ledger, verify_ledger
from cardio_dagster.stores.site_key import site_key
from cardio_dagster_tests.evaluation.made import errors, patients, run

SHIPPED = catalogue.SHIPPED_CATALOGUE.parent
TINY = Size("tiny", camus=2, ludb=0, cinc2017=0, mitdb=0, sim_echo=0, sim_ecg=0)
MODEL = "echo_segmentation"


def _candidate(folder, content, *, version="3", **changed):
    """Write a candidate's folder: model, card and catalogue."""
    folder.mkdir()
    (folder / "new.onnx").write_bytes(content)
    (folder / "card.md").write_text("# made for a test\n")
    entry = replace(
        catalogue.entry(MODEL),
        file="new.onnx",
        card="card.md",
        version=version,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    lines = [
        f"{k} = {json.dumps(v)}"
        for k, v in {**{f: getattr(entry, f) for f in entry.__slots__}, **changed}.items()
        if v is not None
    ]
    path = folder / "catalogue.toml"
    path.write_text("\n".join([f"[{changed.get('name', MODEL)}]", *lines]))
    return path


def _disturbed():
    """Return the shipped network with noise on its weights: it loads, and it is worse."""
    onnx = pytest.importorskip("onnx", reason="install the extra `train`")
    model = onnx.load(SHIPPED / f"{MODEL}.onnx")
    rng = np.random.default_rng(1)
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.ndim == 4 and values.dtype == np.int8:
            noisy = values + rng.normal(0, 0.6 * values.std(), values.shape)
            tensor.CopyFrom(onnx.numpy_helper.from_array(noisy.clip(-127, 127).round().astype(np.int8), tensor.name))
    return model.SerializeToString()


def _equal():
    """Return the shipped network in other bytes: the same answers under another sha256."""
    onnx = pytest.importorskip("onnx", reason="install the extra `train`")
    model = onnx.load(SHIPPED / f"{MODEL}.onnx")
    model.doc_string = "the same weights again"
    return model.SerializeToString()


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Return reference data in the layout of CAMUS, of simulated stills."""
    folder = tmp_path_factory.mktemp("reference")
    (folder / "camus_a4c").mkdir()
    names = [
        n for n in (f"patient{n:04d}" for n in range(1, 60)) if int(hashlib.sha256(n.encode()).hexdigest(), 16) % 5 == 0
    ]
    for n, name in enumerate(names[:2]):
        for phase in ("ED", "ES"):
            still = simulate_still(400 + 2 * n + (phase == "ES"))
            np.savez(
                folder / "camus_a4c" / f"{name}_{phase}.npz",
                image=still.image,
                mask=still.mask,
                pixel_spacing_mm=still.pixel_spacing_mm,
            )
    return folder


@pytest.fixture
def site(tmp_path, monkeypatch, reference):
    """Return an installation with a catalogue of its own, on which the command measures a tiny run and may promote by it."""
    monkeypatch.setenv("CARDIO_REFERENCE_DATA", str(reference))
    own = tmp_path / "own" / "catalogue.toml"
    own.parent.mkdir()
    own.touch()
    chosen = Settings(data_dir=tmp_path / "data", model_catalogue=own, threads=1)
    create_tables(connect(chosen.database))
    monkeypatch.setattr(command, "settings", lambda: chosen)
    monkeypatch.setitem(measuring.SIZES, "tiny", TINY)
    monkeypatch.setattr(judging, "PROMOTING_SIZES", ("tiny",))
    yield chosen
    catalogue.use_catalogue(None)
    catalogue.reload()


def _ledger(chosen):
    return Ledger(connect(chosen.database), site_key(chosen.store_dir, None))


def _records(chosen):
    return [json.loads(r.content) for r in _ledger(chosen).records(kinds=[Kind.PROMOTION_DECIDED])]


def test_a_worse_model_is_refused_and_nothing_changes(site, tmp_path, capsys):
    path = _candidate(tmp_path / "worse", _disturbed())
    assert command.evaluate(size="tiny", candidate=path, promote=True, by="mk", role="admin") == 1
    assert site.model_catalogue.read_text() == ""
    assert not (site.store_dir / "evaluation").exists()
    (record,) = _records(site)
    assert record["decision"] == "refused"
    assert record["reasons"]
    (told,) = [text for metric, text, _ in record["figures"] if metric == "camus_lv_dice_ed"]
    assert re.fullmatch(r"0\.\d+ -> 0\.\d+", told)
    assert "Not promoted" in capsys.readouterr().out


def test_an_equal_model_is_promoted_with_both_figures(site, tmp_path):
    path = _candidate(tmp_path / "equal", _equal())
    assert command.evaluate(size="tiny", candidate=path, promote=True, by="mk", role="admin") == 0
    sha256 = read_candidate(path).models[MODEL][0].sha256
    catalogue.use_catalogue(site.model_catalogue)
    catalogue.reload()
    assert catalogue.entry(MODEL).sha256 == sha256
    catalogue.load_session(MODEL, threads=1)  # file and sha256 fit
    (record,) = _records(site)
    assert (record["decision"], record["reasons"]) == ("promoted", [])
    assert sha256[:12] in record["what"]
    assert "camus_lvef_mae_pct" in {metric for metric, *_ in record["figures"]}
    (models,) = (json.loads(r.content) for r in _ledger(site).records(kinds=[Kind.MODELS_CHANGED]))
    assert [MODEL, "3", sha256] in models["models"]
    standing = json.loads((site.store_dir / "evaluation" / "standing-tiny.json").read_text())
    assert [MODEL, "3", sha256] in standing["run"]["models"]
    assert verify_ledger(connect(site.database), site_key(site.store_dir, None), anchor_dir=None).is_whole


def test_a_stricter_gate_is_measured_and_put_back(site, tmp_path):
    before = gates_in_force()
    path = tmp_path / "gate.toml"
    path.write_text("[gates.echo_confidence]\nminimum = 0.999\n")
    assert command.evaluate(size="tiny", candidate=path, promote=True) == 1  # it refuses nearly every contour
    assert gates_in_force() == before
    (record,) = _records(site)
    assert (record["decision"], record["what"]) == ("refused", "echo_confidence 0.999 to None")
    assert "camus_refused_pct" in {metric for metric, *_ in record["figures"]}


def test_each_gate_is_a_constant_of_one_file():
    package = Path(modalities.__file__).parents[2]
    for name in all_gates():
        assert f'"{name}"' in (package / file_of_gate(name)).read_text(), name
    assert file_of_gate("echo_confidence") == "cardio_dagster/modalities/echo/gates.py"


def test_an_approved_gate_is_told_with_its_file_and_is_not_in_force(site, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(judging, "_of_change", lambda change: None)  # nothing is worse
    path = tmp_path / "gate.toml"
    path.write_text("[gates.echo_confidence]\nminimum = 0.85\n")
    before = gates_in_force()
    assert command.evaluate(size="tiny", candidate=path, promote=True, by="mk", role="admin") == 0
    assert "echo_confidence (cardio_dagster/modalities/echo/gates.py)" in capsys.readouterr().out
    assert gates_in_force() == before
    (record,) = _records(site)
    assert (record["decision"], record["what"]) == ("approved", "echo_confidence 0.85 to None")


def test_gates_are_put_back_when_measuring_fails():
    before = gates_in_force()
    seen = []

    def fail():
        with gates_moved({"echo_confidence": (0.5, None)}):
            seen.append(all_gates()["echo_confidence"].minimum)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert seen == [0.5]
    assert gates_in_force() == before


@pytest.mark.parametrize(("text", "told"), [
    ("not toml", "TOML"),
    ("", "one of both"),
    ("[gates.echo_confidence]\nminimum = 0.5\n[echo_view]\nfile = 'x'", "one of both"),
    ("[gates.no_such]\nminimum = 1", "no gate 'no_such'"),
    ("[gates.echo_confidence]\nfloor = 1", "needs `minimum`"),
    ("[echo_view]\nfile = 'x'", "missing required field"),
])  # fmt: skip
def test_a_candidate_that_cannot_be_one_is_refused_with_a_cure(tmp_path, text, told):
    path = tmp_path / "candidate.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=told):
        read_candidate(path)


def test_another_file_than_its_sha256_an_unknown_model_and_no_card_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="sha256"):
        read_candidate(_candidate(tmp_path / "a", b"x", sha256="0" * 64))
    with pytest.raises(SettingsError, match="model card"):
        read_candidate(_candidate(tmp_path / "b", b"x", card="none.md"))
    path = _candidate(tmp_path / "c", b"x")
    path.write_text(path.read_text().replace(f"[{MODEL}]", "[crystal_ball]"))
    with pytest.raises(SettingsError, match="crystal_ball"):
        read_candidate(path)


GOOD = run(patients(errors()))


@pytest.mark.parametrize(("candidate", "reason"), [
    (run(patients(errors() * 1.5)), "Ejection fraction, mean absolute error"),
    (run(GOOD.observed, size="quick"), "different sizes"),
    (run(GOOD.observed, has_reference=False), "no reference data"),
    (run((*GOOD.observed, *patients(errors(5), case_set="ludb"))), "on one side alone"),
])  # fmt: skip
def test_each_reason_is_told(candidate, reason):
    judgement = judge(GOOD, candidate)
    assert not judgement.may_be_promoted
    assert any(reason in told for told in judgement.reasons)


def test_equal_runs_may_be_promoted_and_quick_ones_never():
    assert judge(GOOD, GOOD).reasons == ()
    quick = run(GOOD.observed, size="quick")
    assert any("too small" in reason for reason in judge(quick, quick).reasons)


def test_the_command_names_an_unknown_size_and_a_missing_catalogue(site, tmp_path, monkeypatch, capsys):
    assert command.evaluate(size="huge") == 2
    without = site.model_copy(update={"model_catalogue": None})
    monkeypatch.setattr(command, "settings", lambda: without)
    path = _candidate(tmp_path / "x", b"x")
    assert command.evaluate(size="tiny", candidate=path, promote=True) == 2
    assert "--into" in capsys.readouterr().err
