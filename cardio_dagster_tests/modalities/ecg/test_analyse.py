import dataclasses
import subprocess
import sys
import xml.etree.ElementTree as ET

import msgspec
import numpy as np
import pytest

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Grade
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg import BRANCH
from cardio_dagster.modalities.ecg.document import describe
from cardio_dagster.modalities.ecg.validate import validate
from cardio_dagster_tests.modalities.ecg.synthetic import record


@pytest.mark.parametrize("bpm", [45, 75, 130])
def test_every_value_outside_its_range_has_a_finding(bpm, run):
    _, _, analysis = run(record(bpm=bpm))
    spoken = {name for f in analysis.findings for name in f.measurements}
    assert {m.name for m in analysis.measurements if m.within_reference is False} <= spoken


def test_loinc_codes(dicom_path, run):
    _, _, analysis = run(validate(dicom_path, Options()).data)
    got = {m.name: m.loinc for m in analysis.measurements if m.loinc}
    assert got == {
        "heart_rate_bpm": "8867-4",
        "pr_ms": "8625-6",
        "qrs_ms": "8633-0",
        "qt_ms": "8634-8",
        "qtc_fridericia_ms": "8636-3",
    }


# figure, document, contract


def test_figure_is_one_svg_without_ids_scripts_or_links(dicom_path, run):
    _, _, analysis = run(validate(dicom_path, Options()).data)
    root = ET.fromstring(analysis.figures[0].svg)
    tags = [e.tag.split("}")[1] for e in root.iter()]
    assert tags[1:3] == ["title", "desc"]
    assert not {"script", "image", "use", "a", "style"} & set(tags)
    assert not any("id" in e.attrib or any("href" in k for k in e.attrib) for e in root.iter())
    texts = [e.text for e in root.iter() if e.tag.endswith("text")]
    assert sorted(t for t in texts if t and len(t) <= 3) == sorted(
        ["I", "II", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
    )
    assert len(analysis.figures[0].svg) < 150_000
    width = float(root.get("viewBox").split()[2])
    assert width == pytest.approx(10 * 25 + 12)  # 25 mm a second and two margins


def test_figure_of_one_lead_escapes_its_name(run):
    _, _, analysis = run(record(leads=("<b>&",)))
    ET.fromstring(analysis.figures[0].svg)
    assert "<b>" not in analysis.figures[0].svg


def test_document_has_the_promised_fields(dicom_path):
    got = msgspec.json.decode(msgspec.json.encode(describe(dicom_path, Options())))
    assert got["heart_rate_bpm"] == pytest.approx(61.1, abs=0.5)
    assert (got["format"], got["sampling_rate_hz"], got["duration_s"]) == ("dicom", 1000.0, 10.0)
    assert len(got["beats"]) == 10
    assert set(got["beats"][0]) == {"time_s", "type"}
    assert set(got["waves"]) == set(got["leads"]) == set(got["quality"]["leads"])
    assert set(got["waves"]["II"][0]) == {"wave", "onset_s", "peak_s", "offset_s"}
    assert got["rhythm"]["label"] == "sinus"
    assert set(got["quality"]["stretches"]) == set(got["leads"])
    checks = got["lead_checks"]
    assert (len(checks["limb_residual_by_second"]), checks["from_s"]) == (10, 0.0)
    assert min(checks["limb_residual_by_second"]) <= checks["limb_residual"] <= max(checks["limb_residual_by_second"])
    nulls = {k for part in ("intervals", "hrv") for k, v in got[part].items() if v is None}
    assert {"sdnn_ms", "lf_ms2", "hf_ms2", "lf_hf", "dfa_alpha1"} <= nulls, "ten seconds are too short"
    assert nulls <= set(got["reasons"])


def test_document_of_a_flat_line_is_a_coded_problem(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("# sampling_rate_hz: 100\nII_mV\n" + "0.0\n" * 1000)
    with pytest.raises(StudyError, match="E_QUALITY_001"):
        describe(path, Options())


def test_document_says_when_a_lead_is_flawed(tmp_path):
    """Lead II is disconnected from 3 to 5 s."""
    signal_mv = record(duration_s=10.0, leads=("I", "II")).signal_mv
    signal_mv[1500:2500, 1] = np.nan
    path = tmp_path / "x.csv"
    np.savetxt(path, signal_mv, delimiter=",", header="# sampling_rate_hz: 500\nI_mV,II_mV", comments="")
    got = msgspec.json.decode(msgspec.json.encode(describe(path, Options())))
    missing = [s for s in got["quality"]["stretches"]["II"] if s["flaw"] == "missing"]
    assert missing == [{"flaw": "missing", "start_s": 3.0, "end_s": 5.0, "fraction": 1.0}]
    assert not [s for s in got["quality"]["stretches"]["I"] if s["flaw"] == "missing"]
    assert got["lead_checks"]["limb_residual_by_second"] == [], "two limb leads prove nothing"


def test_one_beat_gives_reasons_instead_of_numbers(run):
    _, found, analysis = run(record(duration_s=3.0, times_s=np.array([1.5])))
    assert len(found.beat_time_s) == 1
    assert {m.name for m in analysis.measurements if m.value is not None} <= {"qrs_axis_deg"}


def assert_plain(value):
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            assert_plain(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            assert_plain(item)
    elif isinstance(value, np.ndarray):
        assert value.dtype.kind in "fib"
    else:
        assert value is None or type(value) in {str, int, float, bool, Grade}, type(value)
        assert value == value, "no NaN in a scalar"  # noqa: PLR0124


def test_payloads_are_made_of_what_a_checkpoint_can_hold(dicom_path, run):
    for value in run(validate(dicom_path, Options()).data):
        assert_plain(value)


def test_the_import_stays_light():
    code = (
        "import sys, types; import cardio_dagster;"
        "m = types.ModuleType('cardio_dagster.modalities'); m.__path__ = [cardio_dagster.__path__[0] + '/modalities'];"
        "sys.modules[m.__name__] = m; import cardio_dagster.modalities.ecg;"
        "print([n for n in ('wfdb', 'pydicom', 'scipy', 'pandas', 'dagster') if n in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_gates_are_named_once():
    assert len({g.name for g in BRANCH.gates}) == len(BRANCH.gates)
