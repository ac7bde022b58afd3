"""The published limits, against numbers typed from the guideline a second time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardio_dagster.finding import Grade, Measurement
from cardio_dagster.modalities.echo.findings import _size
from cardio_dagster.modalities.echo.references import EF_GRADES, RANGES, VERSION, grade_ef

PUBLISHED = {  # Lang et al. 2015, Table 2: men, women
    "lvef_pct": ((52, 72), (54, 74)),
    "lv_edv_ml": ((62, 150), (46, 106)),
    "lv_esv_ml": ((21, 61), (14, 42)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_limits_of_both_sexes(name):
    limits = RANGES[name]
    assert (limits.men, limits.women) == PUBLISHED[name]
    assert limits.source.startswith(VERSION)
    assert "Table" in limits.source


def test_the_wider_pair_is_used_as_the_sex_is_not_known():
    assert (RANGES["lvef_pct"].low, RANGES["lvef_pct"].high) == (52, 74)
    assert (RANGES["lv_edv_ml"].low, RANGES["lv_edv_ml"].high) == (46, 150)
    assert RANGES["lvef_pct"].normal_for(53) == (True, False)


def test_what_is_published_by_body_surface_or_for_another_view_has_no_range():
    assert not [name for name in RANGES if name.startswith(("la_", "cardiac", "lv_length", "septal"))]


@pytest.mark.parametrize(
    ("lvef_pct", "code"),
    [(29.4, "SEVERELY"), (29.6, "MODERATELY"), (40, "MODERATELY"), (41, "MILDLY"), (51, "MILDLY"), (52, "LOW"),
     (53, "LOW"), (54, "NORMAL"), (72, "NORMAL"), (73, "HIGH"), (74, "HIGH"), (75, "ABOVE"), (-5, "SEVERELY")],
)  # fmt: skip
def test_grades(lvef_pct, code):
    assert code in grade_ef(lvef_pct).code


@given(st.floats(-50, 100), st.floats(0, 50))
def test_a_better_fraction_is_never_graded_worse(lvef_pct, more):
    order = [grade.code for grade in EF_GRADES]
    assert order.index(grade_ef(lvef_pct + more).code) <= order.index(grade_ef(lvef_pct).code)


def test_a_volume_just_beyond_a_limit_does_not_read_as_the_limit():
    measured = Measurement("lv_edv_ml", "LV end-diastolic volume", 106.2, "mL", "discs")
    (finding,) = _size(measured)
    assert finding.text.startswith("LV end-diastolic volume 106.2 mL, above the range of women")
    (below,) = _size(replace(measured, value=55.0))
    assert "below the range of men (62 to 150 mL) and within that of women" in below.text
    (both,) = _size(replace(measured, value=151.0))
    assert (both.code, both.grade) == ("LV_EDV_ABOVE_NORMAL", Grade.ABNORMAL)
    assert _size(replace(measured, value=100.0)) == []
