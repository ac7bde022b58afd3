"""Whose study is this? What its recordings state about the patient's number, compared and then made a key.

Belongs here: which identifiers count, whether those of one study agree, and the link to the patient's key.
Not here: where a format keeps the number (modalities/), the table of links (stores/priors.py).

The number never leaves this module: what is stored is a keyed hash of it, what is told is how many
differ and in which recordings. So files of two patients in one drop are held for a person, and the earlier
studies of one patient are found without anybody knowing who that is.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cardio_dagster.errors import problem
from cardio_dagster.intake.pseudonym import pseudonym
from cardio_dagster.outcome import Problem
from cardio_dagster.stores.priors import PriorStore
from cardio_dagster.study import Recording

if TYPE_CHECKING:  # the package of the modalities loads all of them: too dear for a sensor's tick
    from cardio_dagster.modalities.identity import StatedId

Identify = Callable[[Path, str, str], "tuple[StatedId, ...]"]
"""Says which patient identifiers a recording (path, modality, format) states; never raises."""

# What people and devices write where no number is known. A number like these would make strangers one patient.
PLACEHOLDERS = frozenset(
    {
        "anon", "anonym", "anonymous", "anonymized", "anonymised", "anonymousid", "deidentified", "redacted",
        "removed", "deleted", "hidden", "masked", "unknown", "unspecified", "undefined", "unnamed", "unidentified",
        "notavailable", "notapplicable", "notknown", "none", "null", "nil", "nan", "na", "noid", "nopatientid",
        "empty", "blank", "missing", "default", "patient", "patientid", "patientname", "subject", "id", "mrn", "name",
        "test", "testpatient", "testid", "demo", "dummy", "sample", "example", "phantom", "qa", "emergency",
        "johndoe", "janedoe", "doe",
    }
)  # fmt: skip
_IN_ORDER = "|".join("1234567890"[:n] for n in range(3, 11))
_NO_NUMBER = re.compile(rf"0*|9{{3,}}|x+|{_IN_ORDER}")  # of what is left without leading zeros, spaces and marks
_SHORTEST_COUNT = 4  # digits; "204" is the count of a device since it was switched on, and many devices count
_URI = re.compile(r"[a-z][a-z0-9+.-]*:", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class PatientId:
    """A patient's number in the one spelling in which numbers are compared; hidden in every representation."""

    number: str = field(repr=False)
    issuer: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Whose:
    """What the recordings of a study agree on; `patient` is None where they state nothing, or different patients."""

    patient: PatientId | None = None
    problems: tuple[Problem, ...] = ()


def patient_id(number: str, issuer: str = "") -> PatientId | None:
    """Return the identifier in its compared spelling, None for a placeholder.

    Case, spaces around and runs of spaces do not count, nor do leading zeros of a number of digits only, which
    some systems pad and others do not. Nothing else is changed: "A-12" and "A12" stay two.
    None: no letter or digit, a word of PLACEHOLDERS, zeros, nines, the digits in their order, less than four digits alone.

    >>> patient_id(" 0012345678 ") == patient_id("12345678"), patient_id("ANONYMOUS")
    (True, None)
    """
    spelt = _one_spelling(number)
    if spelt.isascii() and spelt.isdigit():
        spelt = spelt.lstrip("0")
        is_none = len(spelt) < _SHORTEST_COUNT
    else:
        is_none = False
    bare = "".join(character for character in spelt if character.isalnum())
    if is_none or bare in PLACEHOLDERS or _NO_NUMBER.fullmatch(bare):
        return None
    return PatientId(spelt, _one_spelling(issuer))


def whose(folder: Path, recordings: Sequence[Recording], identify: Identify) -> Whose:
    """Return the patient of the recordings that lie below `folder`.

    Those that state nothing agree with all. Different patients give E_INTAKE_009, which holds the report.
    """
    stated = {r.recording_id: _stated(folder, r, identify) for r in recordings}
    groups = _groups({recording_id: ids for recording_id, ids in stated.items() if ids})
    if len(groups) > 1:
        return Whose(None, (_different(groups),))
    return Whose(_most_stated(stated.values())) if groups else Whose()


@dataclass(frozen=True, slots=True)
class PatientDesk:
    """Where intake learns whose a study is, and notes it under a keyed hash."""

    priors: PriorStore
    identify: Identify
    key: bytes = field(repr=False)

    def link(self, study_id: str, found: Whose) -> None:
        """Note whose study it is; to be repeated after a crash, the newest word counts.

        A study whose later files are of another patient becomes nobody's: it has a key of its own from then on.
        """
        if found.patient:
            who = found.patient
            self.priors.link(study_id, pseudonym(self.key, f"patient\n{who.issuer}\n{who.number}"))
        elif found.problems and self.priors.is_linked(study_id):
            self.priors.link(study_id, pseudonym(self.key, f"study\n{study_id}"))


def _one_spelling(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).replace("\0", " ").casefold().split())


def _stated(folder: Path, recording: Recording, identify: Identify) -> tuple[PatientId, ...]:
    if recording.modality is None or recording.format is None:
        return ()
    stated = identify(folder / recording.path, recording.modality, recording.format)
    read = (patient_id(found.number, found.issuer) for found in stated)
    return tuple(dict.fromkeys(found for found in read if found))


def _groups(stated: dict[str, tuple[PatientId, ...]]) -> list[list[str]]:
    """Return the recordings by patient. All that one recording states is one patient's, and so is a shared number.

    An issuer sets equal numbers apart only from another of its kind: a URI (FHIR, aECG) and a name (DICOM)
    may mean the same house, and many files name none.
    """
    everything = {found for ids in stated.values() for found in ids}
    groups: list[tuple[set[PatientId], list[str]]] = []
    for recording_id, ids in stated.items():
        mine = {other for one in ids for other in everything if _is_same(one, other, everything)}
        joined = [group for group in groups if group[0] & mine]
        groups = [group for group in groups if not group[0] & mine]
        merged = set().union(mine, *(group[0] for group in joined))
        groups.append((merged, [*(r for group in joined for r in group[1]), recording_id]))
    return sorted(sorted(recordings) for _, recordings in groups)


def _is_same(one: PatientId, other: PatientId, everything: Iterable[PatientId]) -> bool:
    if one.number != other.number or one.issuer == other.issuer:
        return one == other
    issuers = {found.issuer for found in everything if found.number == one.number and found.issuer}
    kinds = [bool(_URI.match(issuer)) for issuer in issuers]
    return len(kinds) == len(set(kinds))


def _most_stated(stated: Iterable[tuple[PatientId, ...]]) -> PatientId:
    """Return the identifier that makes the key: stated by most recordings, else the first of the first.

    Of equal numbers the one whose issuer has a name goes before a URI and before none, as that is DICOM's.
    """
    ids = [found for each in stated for found in each]
    numbers = [found.number for found in ids]
    number = max(dict.fromkeys(numbers), key=numbers.count)
    same = {found for found in ids if found.number == number}
    return min(same, key=lambda found: (not found.issuer, bool(_URI.match(found.issuer)), found.issuer))


def _different(groups: list[list[str]]) -> Problem:
    return problem(
        "E_INTAKE_009",
        "the recordings state different patients",
        seen=f"{len(groups)} different identifiers: {' against '.join(', '.join(group) for group in groups)}",
        allowed="one patient",
    )
