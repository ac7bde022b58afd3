"""The names that the checks look up are those that the modalities give: a change there must be seen here."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pydicom.data
import pytest

from cardio_dagster.finding import Fact
from cardio_dagster.fusion import fuse
from cardio_dagster.fusion.clashes import ejection, heart_rate, septum, walls
from cardio_dagster.fusion.clashes.readings import clips
from cardio_dagster.modalities import BRANCHES, echo
from cardio_dagster.modalities import ecg as ecg_branch
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg import statements
from cardio_dagster.modalities.echo.cycles.rhythm import BEATS_WANTED
from cardio_dagster.modalities.echo.measuring.rate import measure_rates
from cardio_dagster.modalities.echo.motion.segments import SEGMENTS
from cardio_dagster_tests.fusion.analyses import analysis


@pytest.fixture(scope="module")
def real_ecg():
    """Return the analysis of pydicom's 12-lead ECG by the real branch."""
    branch, options = BRANCHES["ecg"], Options()
    path = Path(pydicom.data.get_testdata_file("waveform_ecg.dcm"))
    prepared = branch.preprocess(branch.validate(path, options).data, options).data
    found = branch.detect(prepared, options).data
    return branch.analyse(prepared, found, "r02", options).data


def _source(package):
    return "".join(p.read_text() for p in Path(package.__file__).parent.rglob("*.py"))


def test_codes_of_the_ecg_exist():
    text = _source(statements)
    used = {"ECG_LBBB", "ECG_PACED", "ECG_AFIB", "ECG_PAC", "ECG_PVC"} | walls._LOW | walls._HIGH | walls._WIDE
    assert {code for code in used if f'"{code}"' not in text} == set()
    assert walls.UNSCALED in _source(ecg_branch)


def test_septal_segments_are_those_of_the_echo():
    assert tuple(s.name for s in SEGMENTS if s.side < 0) == septum.SEPTUM


def test_beats_of_a_clip_are_read_as_the_echo_tells_them():
    cycles = SimpleNamespace(image_rate_bpm=64.8, r_wave_rate_bpm=None, rhythm="irregular")
    function = SimpleNamespace(
        cycles=cycles, beats=(1, 2, 3, 4), no_beat_reason=None,
        prepared=SimpleNamespace(timing=SimpleNamespace(reason=None), r_waves=SimpleNamespace(reason="none", times_s=())),
    )  # fmt: skip
    images, r_waves = measure_rates(function)
    assert {images.name, r_waves.name} == set(heart_rate._NAMES["echo"])
    told = clips((analysis("ecg"), _with(images)))
    assert [(c.beats, c.rhythm) for c in told] == [(4, "irregular")]
    assert set(BEATS_WANTED) == {"regular", "ectopic", "irregular", "unknown"}


def _with(*measurements):
    return replace(analysis("echo", "r03"), measurements=measurements)


def test_a_real_ecg_has_the_facts_that_are_compared(real_ecg):
    facts = {f.name: f.value for f in real_ecg.facts}
    assert facts["rhythm"] in ("sinus", "afib", "aflutter", "paced", "other", "not_classified")
    same = analysis("clinical", "r01", numbers={"age_years": facts["age_years"]}, facts={"sex": facts["sex"]})
    assert fuse((real_ecg, same), ()).consistency == ()
    other = analysis("clinical", "r01", numbers={"age_years": facts["age_years"] + 20}, facts={"sex": "unknown"})
    assert [f.code for f in fuse((real_ecg, other), ()).consistency] == ["fusion.conflict.age_years"]


@pytest.mark.parametrize(("first", "second", "codes"), [("F", "F", []), ("F", "M", ["fusion.conflict.sex"])])
def test_two_echo_clips_of_two_people_would_be_told(first, second, codes):
    """The echo reader keeps no sex today (docs/fusion.md); should it, mixed clips are found."""
    given = tuple(analysis("echo", r, facts={"sex": s}) for r, s in (("r01", first), ("r02", second)))
    assert Fact("sex", first) in given[0].facts
    assert [f.code for f in fuse(given, ()).consistency] == codes


def test_every_measurement_that_a_check_reads_is_named_by_the_echo():
    text = _source(echo)
    names = {*walls.WALLS, "lvef_pct", "lvef_sd_pct", "wall_motion_score_index", *heart_rate._NAMES["echo"]}
    assert {n for n in names if f'"{n}"' not in text} == set()
    assert sum(bool(s.side) for s in SEGMENTS) >= ejection.SEGMENTS_MIN
