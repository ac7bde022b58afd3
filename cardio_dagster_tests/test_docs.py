"""The documents say what the code does."""

import json
import re
from pathlib import Path

from cardio_dagster.modalities import BRANCHES, sniff_file
from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.clinical.history import HISTORY
from cardio_dagster.modalities.clinical.quantities import QUANTITIES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "metadata.md").read_text()


def test_metadata_page_names_every_quantity_and_every_history():
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE))
    assert named == {q.name for q in QUANTITIES} | {h.name for h in HISTORY}


def test_metadata_example_is_read_without_a_problem(tmp_path):
    example = re.search(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)[1]
    json.loads(example)
    path = tmp_path / "metadata.json"
    path.write_text(example)
    assert sniff_file(path)[0] == "clinical"
    step = BRANCHES["clinical"].validate(path, Options())
    assert step.data is not None
    assert [p.message for p in step.problems if p.code != "E_VALID_004"] == []
