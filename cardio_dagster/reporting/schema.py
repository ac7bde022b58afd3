"""The JSON Schema of report.json, published as report.schema.json beside this module.

Belongs here: making and writing the schema; `python -m cardio_dagster.reporting.schema`
writes it anew after a change of parts.py. Not here: the shape itself (parts.py).
"""

from pathlib import Path
from typing import Any

import msgspec

from cardio_dagster.reporting.parts import SCHEMA_VERSION, Report

SCHEMA_PATH = Path(__file__).with_name("report.schema.json")


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of report.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"cardio_dagster report.json {SCHEMA_VERSION}",
        **msgspec.json.schema(Report),
    }


def schema_bytes() -> bytes:
    """Return the schema as the bytes of its file."""
    return msgspec.json.format(msgspec.json.encode(schema(), order="deterministic"), indent=2) + b"\n"


if __name__ == "__main__":
    SCHEMA_PATH.write_bytes(schema_bytes())
