"""What the installation itself says of every patient: the European risk region that it lies in.

Belongs here: adding such a feature where the study does not state it. Not here: reading settings.
"""

from dataclasses import replace

from cardio_dagster.fusion.fused import Feature, Fusion

REGION = "score2_region"
REGIONS = ("low", "moderate", "high", "very_high")


def with_site_region(fusion: Fusion, region: str | None) -> Fusion:
    """Return the fusion with the region of the installation, unless the study states one; None changes nothing.

    Raises ValueError for a region that is not one of REGIONS.
    """
    if region is None:
        return fusion
    if region not in REGIONS:
        raise ValueError(f"a risk region is one of {', '.join(REGIONS)}, got {region!r}")
    stated = fusion.get(REGION)
    if stated is not None and stated.known:
        return fusion
    ours = Feature(REGION, None, region, "", "site", None, rule="the setting of this installation")
    return replace(fusion, features=(*(f for f in fusion.features if f.name != REGION), ours))
