"""Small studies and a made-up modality for the tests of the pipeline."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cardio_dagster.errors import StudyError
from cardio_dagster.finding import Analysis, Measurement
from cardio_dagster.modalities.branch import Branch, Options, Sniffed
from cardio_dagster.outcome import Step
from cardio_dagster.study import Priority, Recording, Study


@dataclass(frozen=True)
class Beep:
    """The data of the made-up modality."""

    samples: np.ndarray
    label: str


def recording(number: int, *, modality: str | None = "beep", content: str = "a") -> Recording:
    return Recording(f"r{number:02d}", f"f{number}", content * 64, 4, modality, "raw" if modality else None)


def study(*recordings: Recording) -> Study:
    return Study("s-0123456789abcdef", 1, "c" * 64, "2026-01-01T00:00:00+00:00", Priority.ROUTINE, recordings)


def write_inputs(folder: Path, *texts: str) -> None:
    for number, text in enumerate(texts, start=1):
        (folder / f"f{number}").write_text(text)


def beep_branch(**verbs: object) -> Branch:
    """Return a modality that reads numbers and means them; any verb can be replaced."""

    def validate(path: Path, options: Options) -> Step[Beep]:
        text = path.read_text()
        if not text.strip():
            raise StudyError("E_CORRUPT_001", "no numbers", seen="0 numbers", allowed="at least 1")
        return Step(Beep(np.array(text.split(), float), "read"))

    def analyse(prepared: Beep, detected: Beep, recording_id: str, options: Options) -> Step[Analysis]:
        mean = Measurement("mean_mv", "Mean", float(detected.samples.mean()), "mV", "mean", recording_id=recording_id)
        return Step(Analysis("beep", recording_id, (mean,)))

    chosen: dict[str, object] = {
        "sniff": lambda path: Sniffed("raw"),
        "validate": validate,
        "preprocess": lambda beep, options: Step(Beep(beep.samples - 1, "prepared")),
        "detect": lambda beep, options: Step(Beep(beep.samples * 2, "detected")),
        "analyse": analyse,
        **verbs,
    }
    return Branch(
        name="beep",
        title="Beep",
        gates=(),
        code_version="1",
        valid_type=Beep,
        prepared_type=Beep,
        detected_type=Beep,
        **chosen,  # type: ignore[arg-type]
    )
