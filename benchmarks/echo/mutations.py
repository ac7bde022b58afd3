"""Damaged echo files of every format: each must end in a result or a coded problem, in 10 s of processor and 2 GB.

Usage: python -m benchmarks.echo.mutations [--count 3000] [--offset 0] [--seed 20261122] [--verbs all] [--write FOLDER]

The samples are small files of every transfer syntax and container by the writers of the tests, the public ultrasound files of
pydicom and pydicom-data, and a reference file. Cases are numbered and each has a seed of its own: `--offset` and `--count` run a
part of the same 3,000. With `--verbs validate` only the readers run.

Belongs here: which samples, and the analysis that is run. Not here: the readers, the damage and the writers (of the tests), the
running under limits (benchmarks/mutation_run.py).
"""

from dataclasses import replace
from pathlib import Path

from benchmarks.mutation_cases import Bundle, Limits, Trial
from benchmarks.mutations import main, parser
from cardio_dagster_tests.modalities.echo.damage import damage
from cardio_dagster_tests.modalities.echo.sample_files import WRITERS

LIMITS = Limits(processor_s=10.0, memory_mb=2048, wall_s=600.0, is_whole=True)
PUBLIC = (
    "ExplVR_BigEnd.dcm", "examples_jpeg2k.dcm", "examples_palette.dcm", "examples_rgb_color.dcm", "examples_ybr_color.dcm",
    "JPGLosslessP14SV1_1s_1f_8b.dcm", "OBXXXX1A.dcm", "OBXXXX1A_expb_2frame.dcm", "OBXXXX1A_rle_2frame.dcm", "US1_J2KI.dcm",
    "US1_J2KR.dcm", "US1_UNCI.dcm", "color-pl.dcm", "color-px.dcm", "gdcm-US-ALOKA-16.dcm", "gdcm-US-ALOKA-16_big.dcm",
    "color3d_jpeg_baseline.dcm",
)  # fmt: skip


def samples(data: Path, folder: Path) -> list[Bundle]:
    """Return the written files, the public ones, and one of the reference set where there is one."""
    from pydicom.data import get_testdata_file

    public = [(Path(str(get_testdata_file(name))),) for name in PUBLIC]
    reference = [(p,) for p in sorted((data / "camus_a4c").rglob("*.npz"))[:1]]
    return written(folder) + public + reference


def written(folder: Path) -> list[Bundle]:
    """Return a file of every format, written below `folder`."""
    bundles: list[Bundle] = []
    for name, write in WRITERS.items():
        (folder / name).mkdir()
        paths: Bundle = write(folder / name)
        bundles.append(paths)
    return bundles


def read(path: Path) -> str:
    """Return "result", or the code with which the readers refuse the file."""
    from cardio_dagster.errors import StudyError
    from cardio_dagster.modalities.branch import Options
    from cardio_dagster.modalities.echo.validate import validate

    try:
        validate(path, Options(threads=1, memory_limit_mb=LIMITS.memory_mb))
    except StudyError as refused:
        return refused.problem.code
    return "result"


def analyse(path: Path) -> str:
    """Return "result" where the file could be read, else the code with which the echo branch refuses it.

    What was read but holds no heart to measure is a result: its document says why.
    """
    from cardio_dagster.modalities.branch import Options
    from cardio_dagster.modalities.echo.document import describe
    from cardio_dagster.outcome import Severity

    document = describe(path, Options(threads=1, memory_limit_mb=LIMITS.memory_mb))
    if document.format is not None:
        return "result"
    return next(p.code for p in document.problems if p.severity in (Severity.ERROR, Severity.CRITICAL))


def check(path: Path) -> str:
    """Return what a sound file must: it is read, and one format is taken through the whole branch."""
    return analyse(path) if path.suffix == ".npz" else read(path)


TRIAL = Trial(analyse, damage, samples, written, check, LIMITS)

if __name__ == "__main__":
    options = parser(__doc__, count=3000)
    options.add_argument("--verbs", choices=("all", "validate"), default="all")
    arguments = options.parse_args()
    raise SystemExit(main(TRIAL if arguments.verbs == "all" else replace(TRIAL, analyse=read, check=read), arguments))
