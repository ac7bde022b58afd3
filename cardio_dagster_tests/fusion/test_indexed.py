"""Volumes by body surface area: values, limits by sex, reasons, statements, and that they reach the fusion."""

import pytest

from cardio_dagster.finding import Grade
from cardio_dagster.fusion import fuse
from cardio_dagster.fusion.indexed import INDICES, body_surface_m2
from cardio_dagster_tests.fusion.analyses import analysis

PUBLISHED = {  # Lang et al. 2015, Tables 2 and 4, typed a second time: men, women
    "lv_edv_index_ml_m2": ((34, 74), (29, 61)),
    "lv_esv_index_ml_m2": ((11, 31), (8, 24)),
    "la_volume_index_ml_m2": ((None, 34), (None, 34)),
}
VOLUMES = {"lv_edv_ml": 120.0, "lv_esv_ml": 50.0, "la_volume_ml": 60.0}


def fused(volumes=VOLUMES, *, sex="F", height_cm=170, weight_kg=70):
    body = {n: v for n, v in (("height_cm", height_cm), ("weight_kg", weight_kg)) if v is not None}
    clinical = analysis("clinical", "r02", numbers=body, facts={"sex": sex} if sex else {})
    return fuse((analysis("echo", numbers=volumes), clinical), ())


def measured(fusion):
    return {m.name: m for a in fusion.indexed for m in a.measurements}


@pytest.mark.parametrize(("height_cm", "weight_kg", "m2"), [(170, 70, 1.81), (150, 50, 1.43), (190, 100, 2.28)])
def test_body_surface_is_that_of_the_published_table(height_cm, weight_kg, m2):
    assert body_surface_m2(height_cm=height_cm, weight_kg=weight_kg) == pytest.approx(m2, abs=0.01)


def test_a_volume_by_body_surface():
    found = measured(fused())
    assert {n: m.value for n, m in found.items()} == {
        "lv_edv_index_ml_m2": pytest.approx(66.3, abs=0.2),
        "lv_esv_index_ml_m2": pytest.approx(27.6, abs=0.2),
        "la_volume_index_ml_m2": pytest.approx(33.1, abs=0.2),
    }
    assert {(m.unit, m.recording_id) for m in found.values()} == {("mL/m2", "r01")}
    assert "120.0 mL, 1.81 m2" in found["lv_edv_index_ml_m2"].evidence


@pytest.mark.parametrize("index", INDICES, ids=lambda i: i.name)
def test_limits_are_the_published_ones(index):
    men, women = PUBLISHED[index.name]
    assert (index.limits("male"), index.limits("female")) == (men, women)
    lows = [low for low, _ in (men, women) if low is not None]
    assert index.limits(None) == (min(lows) if lows else None, max(men[1], women[1]))


def test_the_same_volume_is_judged_by_sex():
    """66 mL/m2 is normal for a man and too much for a woman."""
    assert {f.code for f in fused(sex="M").findings} == set()
    found = [f for f in fused(sex="F").findings if f.code == "LV_EDV_INDEX_ABOVE_NORMAL"]
    assert [f.grade for f in found] == [Grade.ABNORMAL]
    assert found[0].text == "LV end-diastolic volume index 66 mL/m2, above the normal range"
    assert "wider pair" in measured(fused(sex=None))["lv_edv_index_ml_m2"].reference_source


def test_a_value_below_its_limits_is_stated():
    assert {f.code for f in fused({"lv_edv_ml": 45.0}, sex="M").findings} == {"LV_EDV_INDEX_BELOW_NORMAL"}
    assert not fused({"la_volume_ml": 10.0}).findings, "the atrium has no lower limit"


@pytest.mark.parametrize("missing", ["height_cm", "weight_kg"])
def test_without_a_body_there_is_a_reason(missing):
    fusion = fused(**{missing: None})
    assert {(m.value, m.reason) for m in measured(fusion).values()} == {(None, "height and weight are not both stated")}
    assert fusion.findings == ()


def test_what_the_echo_did_not_measure_is_not_indexed():
    assert list(measured(fused({"la_volume_ml": 60.0}))) == ["la_volume_index_ml_m2"]
    assert fuse((analysis("echo", absent=tuple(VOLUMES)),), ()).indexed == ()
    assert fuse((analysis("ecg", numbers={"heart_rate_bpm": 60}),), ()).indexed == ()


def test_an_index_is_a_feature_and_no_modality():
    fusion = fused()
    assert fusion.get("la_volume_index_ml_m2").source == "fusion"
    assert fusion.modalities == ("clinical", "echo")
    assert fusion.get("lv_edv_ml").value == 120.0
