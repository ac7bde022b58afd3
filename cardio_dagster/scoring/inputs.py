"""Reading the inputs of a score from the fusion, with a trace of where each came from.

Belongs here: numbers, yes/no, sex and atrial fibrillation as scores ask for them. Not here:
any score. Nothing is imputed: what is not known is None and lands in `missing`.
"""

from dataclasses import dataclass, field

from cardio_dagster.finding import Score
from cardio_dagster.fusion import Fusion

AF_CODES = ("ECG_AFIB", "ecg.rhythm.afib")  # the ECG branch's statement; a test holds the two together


@dataclass(slots=True)
class Inputs:
    """A reader of one fusion that remembers what was used and what was missing."""

    fusion: Fusion
    used: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def number(self, name: str) -> float | None:
        """Return a numeric feature; None (and noted as missing) if it is not known."""
        feature = self.fusion.get(name)
        if feature is None or feature.value is None:
            self.lack(name)
            return None
        self.use(f"{name} = {feature.value:.4g} ({feature.origin})")
        return feature.value

    def yes_no(self, name: str) -> bool | None:
        """Return a yes/no feature; None (and noted as missing) if it is not known."""
        feature = self.fusion.get(name)
        if feature is None or feature.value is None:
            self.lack(name)
            return None
        self.use(f"{name} = {feature.text} ({feature.origin})")
        return feature.value > 0

    def above(self, name: str, limit: float) -> bool | None:
        """Return whether a numeric feature lies above `limit`; None (and noted as missing) if it is not known."""
        value = self.number(name)
        return None if value is None else value > limit

    def at_least(self, name: str, limit: float) -> bool | None:
        """Return whether a numeric feature is `limit` or more; None (and noted as missing) if it is not known."""
        value = self.number(name)
        return None if value is None else value >= limit

    def text(self, name: str) -> str | None:
        """Return a feature that is a word; None (and noted as missing) if it is not known."""
        feature = self.fusion.get(name)
        if feature is None or feature.text is None:
            self.lack(name)
            return None
        self.use(f"{name} = {feature.text} ({feature.origin})")
        return feature.text

    def sex(self) -> str | None:
        """Return "female" or "male"; None (and noted as missing) otherwise."""
        return self.text("sex")

    def atrial_fibrillation(self) -> bool | None:
        """Return whether there is or was atrial fibrillation: from the ECG's rhythm or the history.

        A sinus rhythm in ten seconds does not exclude it, so a no comes from the history only.
        """
        finding = self.fusion.found(*AF_CODES)
        if finding:
            self.use(f"atrial_fibrillation = yes ({finding.code}, {finding.modality} {finding.recording_id})")
            return True
        return self.yes_no("atrial_fibrillation")

    def use(self, text: str) -> None:
        """Remember an input."""
        if text not in self.used:
            self.used.append(text)

    def lack(self, name: str) -> None:
        """Remember a missing input."""
        if name not in self.missing:
            self.missing.append(name)


def used_number(score: Score, name: str) -> float | None:
    """Return a numeric input of a finished score from its trace; None if it used none of that name.

    >>> from cardio_dagster.finding import Score
    >>> used_number(Score("x", "X", 1.0, "%", ("age_years = 63 (clinical r02)",), "all", "me"), "age_years")
    63.0
    """
    texts = (text.removeprefix(f"{name} = ") for text in score.inputs if text.startswith(f"{name} = "))
    return next((float(text.split(" ")[0]) for text in texts), None)


def stated(fusion: Fusion, name: str) -> bool | None:
    """Return a yes/no feature without noting it as an input."""
    feature = fusion.get(name)
    return None if feature is None or feature.value is None else feature.value > 0
