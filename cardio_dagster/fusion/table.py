"""The feature table: one row for each name, with the value, where it comes from and what was not chosen.

Belongs here: rows for the results store, Parquet and the report. Not here: choosing (select.py) or writing them anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cardio_dagster.finding import Analysis, Measurement
from cardio_dagster.fusion.fused import Feature, Fusion
from cardio_dagster.fusion.indexed import FUSION
from cardio_dagster.fusion.select import candidates, feature_name, in_order, shown

STATED = "stated in the file"
_Key = tuple[str, str | None, str]  # modality, recording, name


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """One name of the study. A number has `value`, a text `text`, a yes/no both; with neither there is a `reason`.

    `source` is the modality, `fusion` for an index; `method` says how it was measured, `rule` why this source
    was taken; `not_chosen` what others said, "72 /min (clinical r01)". `label` is in words, None for a fact.
    """

    name: str
    label: str | None
    value: float | None
    text: str | None
    unit: str
    source: str
    recording_id: str | None
    method: str
    rule: str
    loinc: str | None
    confidence: float | None
    reason: str | None
    not_chosen: tuple[str, ...]


def feature_table(fusion: Fusion, analyses: tuple[Analysis, ...]) -> tuple[FeatureRow, ...]:
    """Return one row for each feature of the fusion, sorted by name.

    `analyses` are those that were fused; with or without `fusion.indexed`, in any order.
    """
    every = in_order((*analyses, *fusion.indexed))
    measured: dict[_Key, Measurement] = {
        (a.modality, m.recording_id or a.recording_id, feature_name(m, a)): m for a in every for m in a.measurements
    }
    others = _known_by_name(tuple(a for a in every if a.modality != FUSION))
    rows = (_row(feature, measured, others.get(feature.name, [])) for feature in fusion.features)
    return tuple(sorted(rows, key=lambda row: row.name))


def _known_by_name(analyses: tuple[Analysis, ...]) -> dict[str, list[Feature]]:
    """Return every offer with a value, by name, in the order of the study."""
    offers: dict[str, list[Feature]] = {}
    for candidate in candidates(analyses):
        if candidate.feature.known:
            offers.setdefault(candidate.feature.name, []).append(candidate.feature)
    return offers


def _row(f: Feature, measured: Mapping[_Key, Measurement], offers: list[Feature]) -> FeatureRow:
    of = measured.get((f.source, f.recording_id, f.name))
    return FeatureRow(
        name=f.name,
        label=of.label if of else None,
        value=f.value,
        text=f.text,
        unit=f.unit,
        source=f.source,
        recording_id=f.recording_id,
        method=of.method if of else STATED,
        rule=f.rule.split("; also given: ")[0],
        loinc=of.loinc if of else None,
        confidence=of.confidence if of else None,
        reason=f.reason,
        not_chosen=_not_chosen(f, offers),
    )


def _not_chosen(chosen: Feature, offers: list[Feature]) -> tuple[str, ...]:
    """Return the offers other than the chosen one, which is left out once."""
    said = [f"{shown(o)} ({o.source} {o.recording_id})" for o in offers]
    own = f"{shown(chosen)} ({chosen.source} {chosen.recording_id})" if chosen.known else None
    if own in said:
        said.remove(own)
    return tuple(said)
