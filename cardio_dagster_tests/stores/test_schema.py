"""create_tables makes the tables of all stores, whichever of them was imported."""

import subprocess
import sys
from pathlib import Path

from cardio_dagster.stores import schema

STORES = Path(schema.__file__).parent


def test_every_module_with_a_table_is_listed():
    listed = {Path(module.__file__) for module in schema.MODULES}
    declaring = {p for p in STORES.rglob("*.py") if "    metadata," in p.read_text() and "sa.Table(" in p.read_text()}
    assert declaring == listed


def test_a_process_that_knows_one_store_makes_all_tables(tmp_path):
    code = (
        "from cardio_dagster.stores.database import connect, create_tables\n"
        "import sqlalchemy as sa\n"
        f"engine = connect('sqlite:///{tmp_path / 'a.db'}')\n"
        "create_tables(engine)\n"
        "print(sorted(sa.inspect(engine).get_table_names()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    for name in (
        "ledger",
        "notices",
        "reviews",
        "legal_holds",
        "studies",
        "releases",
        "excused_attempts",
        "study_patients",
    ):
        assert f"'{name}'" in done.stdout
