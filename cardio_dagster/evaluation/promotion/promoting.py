"""Putting a candidate in force, with both figures in the ledger.

Belongs here: the files, the record and the new standing run. Not here: whether it may be (judging.py).

The catalogue is replaced inside the transaction that records it: no promotion without a record. What is not promotable is recorded
too, because somebody wanted it.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from cardio_dagster.audit_contents import ModelsChanged, PromotionDecided
from cardio_dagster.audit_record import Actor, Entry, Kind
from cardio_dagster.evaluation.measure import Run, models_of
from cardio_dagster.evaluation.metrics import BY_NAME
from cardio_dagster.evaluation.promotion.candidate import Candidate, catalogue_text, site_entries
from cardio_dagster.evaluation.promotion.judging import Judgement, figures_text
from cardio_dagster.evaluation.standing import Standing, set_standing
from cardio_dagster.models import catalogue
from cardio_dagster.stores.atomic import write_atomically
from cardio_dagster.stores.ledger import Ledger

PROMOTED, APPROVED, REFUSED, ACCEPTED = "promoted", "approved", "refused", "accepted"  # a PromotionDecided's decision


@dataclass(frozen=True, slots=True)
class Place:
    """Where a promotion happens: the site's catalogue, the folder of evaluations, the ledger; and who promotes."""

    site_catalogue: Path
    evaluations: Path
    ledger: Ledger
    actor: Actor


class NotPromotableError(ValueError):
    """Somebody tried to promote what was judged worse; nothing was changed."""


def promote(candidate: Candidate, run: Run, judgement: Judgement, place: Place, *, night: str) -> None:
    """Put a candidate's models in force in the site's catalogue and make its run the standing one.

    Limits of gates are constants of the code: their candidate is approved in the ledger and nothing is put in force. Raises
    NotPromotableError, after recording the refusal, where anything speaks against it.
    """
    if not judgement.may_be_promoted:
        place.ledger.append(_entry(REFUSED, what_changes(candidate), judgement, place.actor))
        raise NotPromotableError("; ".join(judgement.reasons))
    if candidate.bounds:
        place.ledger.append(_entry(APPROVED, what_changes(candidate), judgement, place.actor))
        return
    text = _copied(candidate, place.site_catalogue)
    told = _entry(PROMOTED, what_changes(candidate), judgement, place.actor)
    with place.ledger.engine.begin() as connection:
        models = Entry(Kind.MODELS_CHANGED, place.actor, ModelsChanged(run.models))
        place.ledger.append(told, models, connection=connection)
        write_atomically(place.site_catalogue, text.encode())
    catalogue.reload()
    models_of(place.site_catalogue)
    set_standing(place.evaluations, Standing(night, run))


def accept(run: Run, judgement: Judgement, place: Place, *, night: str) -> None:
    """Make a run of what is in force (after an update of the software) the standing one; NotPromotableError as above."""
    if not judgement.may_be_promoted:
        place.ledger.append(_entry(REFUSED, "what is in force", judgement, place.actor))
        raise NotPromotableError("; ".join(judgement.reasons))
    place.ledger.append(_entry(ACCEPTED, "what is in force", judgement, place.actor))
    set_standing(place.evaluations, Standing(night, run))


def what_changes(candidate: Candidate) -> str:
    """Return models with the beginning of their sha256, or gates with their limits."""
    models = (f"{name} {entry.version} {entry.sha256[:12]}" for name, (entry, *_) in sorted(candidate.models.items()))
    gates = (f"{name} {low} to {high}" for name, (low, high) in sorted(candidate.bounds.items()))
    return ", ".join([*models, *gates])


def _copied(candidate: Candidate, site: Path) -> str:
    """Copy files and cards beside the site's catalogue, under names that no other content has, and return the new catalogue."""
    site.parent.mkdir(parents=True, exist_ok=True)
    entries = {name: entry for name, (entry, _) in site_entries(site).items()}
    for name, (entry, file, card) in candidate.models.items():
        stem = f"{name}-{entry.sha256[:12]}"
        shutil.copyfile(file, site.parent / f"{stem}.onnx")
        shutil.copyfile(card, site.parent / f"{stem}.md")
        entries[name] = replace(entry, file=f"{stem}.onnx", card=f"{stem}.md")
    return catalogue_text(entries)


def _entry(decision: str, what: str, judgement: Judgement, actor: Actor) -> Entry:
    """Return the record: each primary metric, standing and new; reasons where it was refused."""
    figures = tuple(
        (c.metric, figures_text(c), c.verdict.value) for c in judgement.changes if BY_NAME[c.metric].is_primary
    )
    reasons = judgement.reasons if decision == REFUSED else ()
    return Entry(Kind.PROMOTION_DECIDED, actor, PromotionDecided(decision, what, figures, reasons))
