"""The floors of the house: arrows point down, the domain never meets Dagster."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "cardio_dagster"

# The floor of each part; a module may import from its own part and from lower floors.
FLOORS: dict[str, int] = {
    "definitions": 9, "cli": 9,
    "defs": 8, "commands": 8, "gateway": 8,
    "orchestration": 7, "serve": 7,
    "audit": 6, "review": 6, "escalation": 6, "evaluation": 6, "watch": 6,
    "pipeline": 5, "intake": 5, "demo": 5,
    "modalities": 4, "fusion": 4, "scoring": 4, "evidence": 4, "reporting": 4,
    "stores": 3, "models": 3,
    "settings": 2, "deadline": 2, "errors": 1, "audit_contents": 1,
    "study": 0, "outcome": 0, "finding": 0, "statement": 0, "audit_record": 0, "__init__": 0,
}  # fmt: skip
SAME_FLOOR_ALLOWED = {
    ("statement", "finding"),  # a sentence has the grade of its finding
    ("scoring", "fusion"),  # scores read what fusion made
    ("reporting", "fusion"),  # a cohort row takes the value that fusion would choose
    ("reporting", "evidence"),  # a report appraises the evidence that it cites
}
WITH_DAGSTER = {"definitions", "defs", "orchestration"}


def part_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_arrows_point_down(path):
    mine = part_of(path)
    for name in imports(path):
        if not name.startswith("cardio_dagster."):
            continue
        other = name.split(".")[1]
        down = FLOORS[other] < FLOORS[mine] or other == mine or (mine, other) in SAME_FLOOR_ALLOWED
        assert down, f"{path.relative_to(PACKAGE)} (floor {FLOORS[mine]}) imports {name} (floor {FLOORS[other]})"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_dagster_layer_imports_dagster(path):
    tops = {name.split(".")[0] for name in imports(path)}
    assert part_of(path) in WITH_DAGSTER or not {t for t in tops if t.startswith("dagster")}


def test_no_modality_knows_another():
    names = [p.name for p in (PACKAGE / "modalities").iterdir() if (p / "__init__.py").is_file()]
    for path in MODULES:
        parts = path.relative_to(PACKAGE).parts
        if parts[0] != "modalities" or len(parts) == 2:
            continue
        others = [
            n for n in imports(path) for o in names if o != parts[1] and n.startswith(f"cardio_dagster.modalities.{o}")
        ]
        assert not others, f"{path.relative_to(PACKAGE)} imports {others}"


def test_no_postponed_annotations_where_dagster_reads_them():
    for path in MODULES:
        if part_of(path) in WITH_DAGSTER:
            assert "from __future__ import annotations" not in path.read_text(), path


@pytest.mark.parametrize(
    "module",
    [
        "cardio_dagster.pipeline.study_run",
        "cardio_dagster.intake.scan",
        "cardio_dagster.modalities",
        "cardio_dagster.commands.process",
        "cardio_dagster.cli",
    ],
)
def test_importing_the_domain_does_not_import_dagster(module):
    code = f"import sys, {module}; print([m for m in sys.modules if m == 'dagster' or m.startswith('dagster.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"


def test_command_line_starts_without_the_heavy_libraries():
    heavy = ["numpy", "pandas", "pydicom", "onnxruntime", "sqlalchemy", "pyarrow", "scipy"]
    code = f"import sys, cardio_dagster.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
