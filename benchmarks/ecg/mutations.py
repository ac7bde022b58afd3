"""Damaged files of every ECG format: each must end in a result or a coded problem, in 5 s of CPU and 1 GB.

Usage: python -m benchmarks.ecg.mutations [--data FOLDER] [--count 5000] [--offset 0] [--seed 20261122]

The samples are the reference files and, of every format, a small one by the writers of the tests. Cases are numbered and each has
a seed of its own: `--offset` and `--count` run a part of the same 5,000.

Belongs here: which samples, and the analysis that is run. Not here: the readers, the damage and the writers (of the tests), the
running under limits (benchmarks/mutation_run.py).
"""

from pathlib import Path

from benchmarks.mutation_cases import Bundle, Limits, Trial
from benchmarks.mutations import main, parser
from cardio_dagster_tests.modalities.ecg.damage import damage
from cardio_dagster_tests.modalities.ecg.sample_files import WRITERS, long_ishne


def samples(data: Path, folder: Path) -> list[Bundle]:
    """Return bundles of every format, the written ones below `folder`; the first file of a bundle is the one that is analysed."""
    single = [(p,) for p in sorted((data / "formats").rglob("*")) if p.is_file() and p.suffix != ".md"]
    folders = (data / "ludb/data", data / "mitdb", data / "cinc2017", data / "cinc2017/original_headers")
    headers = [header for folder_ in folders for header in sorted(folder_.glob("*.hea"))[:1]]
    bundles = [(h, *(p for p in h.parent.glob(f"{h.stem}.*") if p.suffix in {".dat", ".mat"})) for h in headers]
    return single + bundles + written(folder)


def written(folder: Path) -> list[Bundle]:
    """Return a bundle of every format and a long recording, written below `folder`."""
    bundles: list[Bundle] = []
    for name, write in (*WRITERS.items(), ("long", long_ishne)):
        (folder / name).mkdir()
        paths: Bundle = write(folder / name)  # type: ignore[no-untyped-call]
        bundles.append(paths)
    return bundles


def analyse(path: Path) -> str:
    """Return "result", or the code with which the ECG branch refuses the file."""
    from cardio_dagster.errors import StudyError
    from cardio_dagster.modalities.branch import Options
    from cardio_dagster.modalities.ecg.document import describe

    try:
        describe(path, Options(threads=1))
    except StudyError as refused:
        return refused.problem.code
    return "result"


TRIAL = Trial(analyse, damage, samples, written, analyse, Limits(processor_s=5.0, memory_mb=1024, wall_s=60.0))

if __name__ == "__main__":
    raise SystemExit(main(TRIAL, parser(__doc__, count=5000).parse_args()))
