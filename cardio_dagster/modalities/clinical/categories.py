"""The table of fields that are one of several words: names, spellings and what they mean.

Belongs here: which words a category knows. Not here: numbers (quantities.py), yes and no
(history.py), or which of several entries counts (check.py).
"""

from dataclasses import dataclass

from cardio_dagster.modalities.clinical.naming import field_key


@dataclass(frozen=True, slots=True)
class CategorySpec:
    """One field and its `values`, each with its further spellings as field keys."""

    name: str
    label: str
    aliases: tuple[str, ...]
    values: dict[str, tuple[str, ...]]


CATEGORIES: tuple[CategorySpec, ...] = (
    # The region of the country where the person lives, doi:10.1093/eurheartj/ehab309, figure 3.
    CategorySpec(
        "score2_region",
        "SCORE2 risk region of the country of residence",
        ("score2_risk_region", "esc_risk_region"),
        {
            "low": ("low_risk",),
            "moderate": ("moderate_risk",),
            "high": ("high_risk",),
            "very_high": ("very_high_risk",),
        },
    ),
)
BY_NAME: dict[str, CategorySpec] = {spec.name: spec for spec in CATEGORIES}
_BY_ALIAS: dict[str, CategorySpec] = {alias: spec for spec in CATEGORIES for alias in (spec.name, *spec.aliases)}


def find_category(name: str) -> CategorySpec | None:
    """Return the category that a field name means; None if there is none."""
    return _BY_ALIAS.get(field_key(name))


def parse_category(spec: CategorySpec, value: object) -> str | None:
    """Return the word of the category that `value` spells in any way; None if it is none of them.

    >>> parse_category(BY_NAME["score2_region"], "Very high")
    'very_high'
    """
    key = field_key(value) if isinstance(value, str) else ""
    return next((word for word, spellings in spec.values.items() if key in (word, *spellings)), None)
