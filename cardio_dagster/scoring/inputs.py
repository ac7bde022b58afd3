"""Reading the inputs of a score from the fusion, with a trace of where each came from.

Belongs here: numbers, yes/no, sex and atrial fibrillation as scores ask for them. Not here:
any score. Nothing is imputed: what is not known is None and lands in `missing`.
"""

from dataclasses import dataclass, field

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
        self.use(f"{name} = {feature.value:.4g} ({feature.source} {feature.recording_id})")
        return feature.value

    def yes_no(self, name: str) -> bool | None:
        """Return a yes/no feature; None (and noted as missing) if it is not known."""
        feature = self.fusion.get(name)
        if feature is None or feature.value is None:
            self.lack(name)
            return None
        self.use(f"{name} = {feature.text} ({feature.source} {feature.recording_id})")
        return feature.value > 0

    def sex(self) -> str | None:
        """Return "female" or "male"; None (and noted as missing) otherwise."""
        feature = self.fusion.get("sex")
        if feature is None or feature.text is None:
            self.lack("sex")
            return None
        self.use(f"sex = {feature.text} ({feature.source} {feature.recording_id})")
        return feature.text

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


def stated(fusion: Fusion, name: str) -> bool | None:
    """Return a yes/no feature without noting it as an input."""
    feature = fusion.get(name)
    return None if feature is None or feature.value is None else feature.value > 0
