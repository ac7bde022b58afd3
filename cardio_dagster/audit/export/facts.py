"""Facts: every field of a record's content as a name and a text, so that no export leaves one out.

Belongs here: the one way in which FHIR, PROV and DICOM audit messages print a value. Not here: what a field means.
"""

from typing import Any

import msgspec

from cardio_dagster.reporting.fhir.encoding import pruned

EMPTY = '""'


def facts(content: Any) -> tuple[tuple[str, str], ...]:
    """Return the fields of a content in their order: texts as they are, all else as JSON; empty without content.

    None is told as `null` and an empty text as `""`, never left out: that a value was not known is a fact as well.
    Characters that XML and FHIR cannot carry become U+FFFD.
    """
    if content is None:
        return ()
    fields: dict[str, Any] = msgspec.to_builtins(content)
    return tuple((name, _text(value)) for name, value in fields.items())


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value, order="deterministic").decode()
    kept: str | None = pruned(text)
    return kept or EMPTY
