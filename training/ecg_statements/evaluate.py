"""Compare the statements with what cardiologists wrote about LUDB, record by record, through the package's own code.

Usage: python -m training.ecg_statements.evaluate DATA [--edges ours|marked] [--limit N] [--list]

DATA holds `ludb/`. With `--edges marked` the waves are the cardiologists' own, so that rules are judged apart from delineation.
Nothing is fitted here: the rules come from guidelines, and no limit is chosen by these figures.
"""

import argparse
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cardio_dagster.modalities.branch import Options
from cardio_dagster.modalities.ecg import BRANCH
from cardio_dagster.modalities.ecg.measuring.measure import Measured, measure_all
from cardio_dagster.modalities.ecg.rhythm.classify import classify_rhythm
from cardio_dagster.modalities.ecg.validate import validate
from training.ecg_statements.ludb import Case, in_microvolts, read_cases, with_marked_edges


@dataclass(frozen=True)
class Claim:
    """What we may state (any of the codes), and what the cardiologists' text must match for it to be true."""

    name: str
    codes: tuple[str, ...]
    column: str
    pattern: str


_CONDUCTION, _HYPERTROPHY, _ISCHAEMIA = "Conduction abnormalities", "Hypertrophies", "Ischemia"
CLAIMS = (
    Claim("sinus rhythm", ("ECG_SINUS",), "Rhythms", "sinus"),
    Claim("AF or flutter", ("ECG_AFIB", "ECG_AFLUTTER"), "Rhythms", "fibrillation|flutter"),
    Claim("bradycardia", ("ECG_BRADYCARDIA",), "Rhythms", "bradycardia"),
    Claim("tachycardia", ("ECG_TACHYCARDIA",), "Rhythms", "tachycardia"),
    Claim("paced", ("ECG_PACED",), "Cardiac pacing", "pacing|pacemaker|synchrony"),
    Claim("PVC", ("ECG_PVC", "ECG_VT"), "Extrasystolies", "ventricular extrasystole"),
    Claim("PAC", ("ECG_PAC", "ECG_SV_RUN"), "Extrasystolies", "atrial extrasystole"),
    Claim("AV block I", ("ECG_PR_LONG",), _CONDUCTION, r"\bi degree"),
    Claim("AV block III", ("ECG_AV_BLOCK_3",), _CONDUCTION, r"\biii degree"),
    Claim("RBBB", ("ECG_RBBB",), _CONDUCTION, "(?<!in)complete right"),
    Claim("LBBB", ("ECG_LBBB",), _CONDUCTION, "(?<!in)complete left"),
    Claim(
        "any complete BBB or wide",
        ("ECG_RBBB", "ECG_LBBB", "ECG_QRS_WIDE"),
        _CONDUCTION,
        "(?<!in)complete|non-specific",
    ),
    Claim("incomplete RBBB or rSR'", ("ECG_IRBBB", "ECG_RSR"), _CONDUCTION, "incomplete right"),
    Claim("incomplete LBBB", ("ECG_ILBBB",), _CONDUCTION, "incomplete left"),
    Claim("LAFB", ("ECG_LAFB",), _CONDUCTION, "left anterior hemiblock"),
    Claim("left axis", ("ECG_AXIS_LEFT",), "Electric axis of the heart", "left axis"),
    Claim("right axis", ("ECG_AXIS_RIGHT",), "Electric axis of the heart", "right axis"),
    Claim("LVH", ("ECG_LVH_VOLTAGE", "ECG_LVH_STRAIN"), _HYPERTROPHY, "left ventricular hypertrophy"),
    Claim("left atrium", ("ECG_P_WIDE",), _HYPERTROPHY, "left atrial"),
    Claim("right atrium", ("ECG_P_TALL",), _HYPERTROPHY, "right atrial"),
    Claim("STEMI (any ST elevation)", ("ECG_ST_ELEVATION",), _ISCHAEMIA, "(?<!n)stemi"),
    Claim("STEMI (critical)", ("ECG_ST_ELEVATION!",), _ISCHAEMIA, "(?<!n)stemi"),
    Claim("ischaemia (ST or T)", ("ECG_ST_DEPRESSION", "ECG_T_INVERSION"), _ISCHAEMIA, r"ischemia"),
    Claim("scar (Q)", ("ECG_Q_PATHOLOGICAL",), _ISCHAEMIA, "scar formation"),
)


def measure_case(case: Case, *, marked: bool) -> Measured:
    """Run the branch on one record."""
    options = Options()
    record = validate(case.path.with_suffix(".hea"), options).data
    assert record is not None
    prepared = BRANCH.preprocess(in_microvolts(record, case.path), options).data
    assert prepared is not None
    found = BRANCH.detect(prepared, options).data
    assert found is not None
    if marked:
        found = with_marked_edges(found, case.path, prepared.record.leads, prepared.record.sampling_rate_hz)
    return measure_all(prepared, found, classify_rhythm(prepared, found), recording_id="")


def codes_of(measured: Measured) -> set[str]:
    """Return the codes stated; a critical one once more with an exclamation mark."""
    codes = {f.code for f in measured.findings}
    return codes | {f"{f.code}!" for f in measured.findings if f.grade.value == "critical"}


def score(claim: Claim, stated: list[set[str]], cases: tuple[Case, ...]) -> tuple[str, list[str], list[str]]:
    """Return a line of figures, and the records missed and falsely called."""
    true = [re.search(claim.pattern, case.said[claim.column]) is not None for case in cases]
    said = [bool(codes & set(claim.codes)) for codes in stated]
    pairs = list(zip(true, said, cases, strict=True))
    missed = [c.path.name for t, s, c in pairs if t and not s]
    false = [c.path.name for t, s, c in pairs if s and not t]
    positive, negative = sum(true), len(true) - sum(true)
    sensitivity = 100 * (positive - len(missed)) / positive if positive else float("nan")
    specificity = 100 * (negative - len(false)) / negative if negative else float("nan")
    line = f"{claim.name:26s} {positive:4d} {sensitivity:12.0f} {specificity:12.0f} {len(missed):7d} {len(false):7d}"
    return line, missed, false


def main(write: Callable[[str], None] = print) -> None:
    """Print one line per statement."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--edges", choices=("ours", "marked"), default="ours")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--list", action="store_true", help="name the records missed and falsely called")
    options = parser.parse_args()
    cases = read_cases(options.data / "ludb")[: options.limit]
    stated = [codes_of(measure_case(case, marked=options.edges == "marked")) for case in cases]
    write(f"{len(cases)} records, edges: {options.edges}")
    write(f"{'statement':26s} {'n':>4s} {'sensitivity%':>12s} {'specificity%':>12s} {'missed':>7s} {'false':>7s}")
    for claim in CLAIMS:
        line, missed, false = score(claim, stated, cases)
        write(line)
        if options.list:
            write(f"    missed: {' '.join(missed)}\n    false: {' '.join(false)}")


if __name__ == "__main__":
    main()
