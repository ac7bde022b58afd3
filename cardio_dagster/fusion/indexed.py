"""Volumes of the heart by body surface area: what the echo measured, by the height and weight that the metadata states.

Belongs here: the indices, their limits by sex and the statements on them. Not here: measuring a volume
(modalities/echo) or choosing among several sources (select.py).

Limits: Lang et al., ASE/EACVI 2015, doi:10.1016/j.echo.2014.10.003, Table 2 (ventricle) and Table 4 (atrium); they
are those of biplane volumes, the echo branch measures in one plane. Body surface: Du Bois and Du Bois 1916,
doi:10.1001/archinte.1916.00080130010002.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cardio_dagster.finding import Analysis, Finding, Grade, Measurement
from cardio_dagster.fusion.fused import Feature

VERSION = "ASE/EACVI 2015"
NO_BODY = "height and weight are not both stated"
FUSION = "fusion"
Limits = tuple[float | None, float]


@dataclass(frozen=True, slots=True)
class Index:
    """A volume by body surface area, and its normal limits for men and for women in mL/m2."""

    name: str
    label: str
    volume: str
    men: Limits
    women: Limits

    def limits(self, sex: str | None) -> Limits:
        """Return the limits of a sex; the wider pair where it is not known."""
        by_sex = {"male": self.men, "female": self.women}
        wider = None if self.men[0] is None or self.women[0] is None else min(self.men[0], self.women[0])
        return by_sex.get(sex or "", (wider, max(self.men[1], self.women[1])))


INDICES = (
    Index("lv_edv_index_ml_m2", "LV end-diastolic volume index", "lv_edv_ml", (34, 74), (29, 61)),
    Index("lv_esv_index_ml_m2", "LV end-systolic volume index", "lv_esv_ml", (11, 31), (8, 24)),
    Index("la_volume_index_ml_m2", "LA volume index", "la_volume_ml", (None, 34), (None, 34)),
)


def body_surface_m2(*, height_cm: float, weight_kg: float) -> float:
    """Return the body surface area by Du Bois.

    >>> round(body_surface_m2(height_cm=170, weight_kg=70), 2)
    1.81
    """
    return float(0.007184 * height_cm**0.725 * weight_kg**0.425)


def index_volumes(features: tuple[Feature, ...]) -> tuple[Analysis, ...]:
    """Return one analysis with the indices of the volumes that are known; () where there is none.

    Without height and weight an index is null with its reason. A value outside its limits yields a finding.
    """
    known = {feature.name: feature for feature in features if feature.known}
    pairs = [(index, _measure(index, known)) for index in INDICES if index.volume in known]
    findings = tuple(_finding(measured) for _, measured in pairs if measured.within_reference is False)
    measurements = tuple(measured for _, measured in pairs)
    return (Analysis(FUSION, FUSION, measurements, findings),) if measurements else ()


def as_features(analyses: tuple[Analysis, ...]) -> tuple[Feature, ...]:
    """Return the indices as features, so that a score may use them."""
    return tuple(
        Feature(m.name, m.value, None, m.unit, FUSION, m.recording_id, m.reason, m.method)
        for analysis in analyses
        for m in analysis.measurements
    )


def _measure(index: Index, known: Mapping[str, Feature]) -> Measurement:
    volume, sex = known[index.volume], known.get("sex")
    low, high = index.limits(sex.text if sex else None)
    surface = _surface_m2(known)
    whose = sex.text if sex and sex.text in ("male", "female") else "the wider pair, as the sex is not stated"
    return Measurement(
        name=index.name,
        label=index.label,
        value=None if surface is None or volume.value is None else round(volume.value / surface, 1),
        unit="mL/m2",
        method=f"{index.volume} over body surface area (Du Bois)",
        reference_low=low,
        reference_high=high,
        reference_source=f"{VERSION}, biplane; {whose}",
        reason=NO_BODY if surface is None else None,
        evidence=None if surface is None else f"{volume.value:.1f} mL, {surface:.2f} m2",
        recording_id=volume.recording_id,
    )


def _surface_m2(known: Mapping[str, Feature]) -> float | None:
    height, weight = (known[name].value if name in known else None for name in ("height_cm", "weight_kg"))
    return body_surface_m2(height_cm=height, weight_kg=weight) if height and weight else None


def _finding(measured: Measurement) -> Finding:
    value, low = measured.value or 0.0, measured.reference_low
    side = "below" if low is not None and value < low else "above"
    code = f"{measured.name.removesuffix('_ml_m2').upper()}_{side.upper()}_NORMAL"
    text = f"{measured.label} {value:.0f} mL/m2, {side} the normal range"
    rule = measured.reference_source or VERSION
    return Finding(code, text, Grade.ABNORMAL, rule, (measured.name,), FUSION, measured.recording_id)
