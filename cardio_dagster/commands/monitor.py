"""`cardio monitor`: the installation on one screen, drawn anew every two seconds.

Belongs here: asking and laying out. Not here: the figures (watch/). Every colour repeats a word, so that it may be left out.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cardio_dagster.commands.health import STYLES, status_of
from cardio_dagster.orchestration.queues import QUEUES
from cardio_dagster.outcome import State
from cardio_dagster.settings import Settings
from cardio_dagster.watch.asking import Asker
from cardio_dagster.watch.counts import STARTING, WAITING, Counting, Counts
from cardio_dagster.watch.health import Watch
from cardio_dagster.watch.moments import age_s, now, span
from cardio_dagster.watch.place import Place, open_engine, place_of
from cardio_dagster.watch.recent import Recent, recent
from cardio_dagster.watch.words import Health, Level
from cardio_dagster.watch.workers import Workforce, workforce

if TYPE_CHECKING:
    from cardio_dagster.stores.notices import Notice

EVERY_S = 2.0
_SHOWN = 5
_ORDER = (WAITING, STARTING, *(state.name for state in State if state > State.INIT), State.ERROR.name)


@dataclass(frozen=True, slots=True)
class Frame:
    """What one look found; a part that does not answer is None and its health says so."""

    health: Health
    counts: Counts | None
    recent: Recent | None
    workforce: Workforce | None
    at: datetime = field(default_factory=now)


def run_monitor(settings: Settings, *, once: bool = False, console: Console | None = None) -> int:
    """Draw until Ctrl+C, or one frame with `once`; return 0."""
    screen = console or Console()
    eyes = _Eyes(place_of(settings, queues=QUEUES))
    if once:
        screen.print(drawn(eyes.look()))
        return 0
    live = Live(console=screen, screen=screen.is_terminal, auto_refresh=False)
    try:  # not `with`: an interrupt while it starts would leave the terminal as it is
        live.start()
        live.update(drawn(eyes.look()), refresh=True)
        while not threading.Event().wait(EVERY_S):
            live.update(drawn(eyes.look()), refresh=True)
    except KeyboardInterrupt:
        pass
    finally:
        live.stop()
    return 0


class _Eyes:
    """What one monitor looks with."""

    def __init__(self, place: Place) -> None:
        self._place, self._watch, self._counting = place, Watch(place), Counting()
        self._asker: Asker[Any] = Asker(self._watch.limits.timeout_s)

    def look(self) -> Frame:
        limits = self._watch.limits
        asked = {"database": self._ask_database, "workers": lambda: workforce(self._place, limits) or False}
        answers = self._asker.ask(asked)
        database, workers = answers["database"], answers["workers"]
        counted, happened = database if isinstance(database, tuple) else (None, None)
        return Frame(self._watch.health(), counted, happened, workers if isinstance(workers, Workforce) else None)

    def _ask_database(self) -> tuple[Counts, Recent]:
        with open_engine(self._place.settings.database).connect() as connection:
            return self._counting.look(connection, now()), recent(connection, now())


def drawn(frame: Frame) -> Group:
    """Return one frame; it fits into 80 columns."""
    parts: list[Any] = [_head(frame)]
    if frame.counts is not None:
        parts += [_title("Studies"), _studies(frame.counts)]
    if frame.recent is not None:
        parts += [_title("Last hour"), _last_hour(frame.recent)]
    if frame.workforce is not None:
        parts += [_title("Queues and workers"), _queues(frame.workforce)]
    parts += [_title("Not as it should be"), _alerts(frame.health)]
    if frame.recent is not None:
        parts += [_title("Last notices"), _notices(frame.recent.notices, frame.at)]
    return Group(*parts)


def _head(frame: Frame) -> Text:
    level = frame.health.level
    line = Text("cardio ", style="bold").append(level.value.upper(), style=STYLES[level])
    return line.append(f"   {frame.at:%Y-%m-%d %H:%M:%S} UTC   Ctrl+C ends", style="dim")


def _title(text: str) -> Text:
    return Text(f"\n{text}", style="bold underline")


def _grid() -> Table:
    """Return a table without lines whose columns stand under each other in all parts of the frame."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(min_width=12)
    return table


def _studies(found: Counts) -> Table:
    table = _grid()
    open_ = [f"{found.open[p]} {p} (oldest {span(found.oldest_s[p])})" for p in found.open]
    table.add_row("open", ", ".join(open_) or "none")
    at = [f"{found.stages[s]} {s}" for s in _ORDER if s in found.stages]
    table.add_row("reached", ", ".join(at) or "-")
    ended = [f"{n} {state}" for state, n in sorted(found.ended.items())]
    table.add_row("ended", ", ".join(ended) or "none")
    held = f"{found.held}, the oldest since {span(found.held_oldest_s)}" if found.held else "none"
    table.add_row("held", held)
    return table


def _last_hour(found: Recent) -> Table:
    table, total = _grid(), sum(found.closed.values())
    failed = found.closed.get("error", 0)
    rate = f"{100 * (total - failed) / total:.0f} % of {total} with a result" if total else "no report was written"
    style = "yellow" if total and failed > 0.1 * total else ""
    table.add_row("success", Text(rate, style=style))
    codes = Counter(found.codes).most_common(_SHOWN)
    table.add_row("failures", ", ".join(f"{n} {code}" for code, n in codes) or "none")
    table.add_row("runs died", str(found.runs_died))
    return table


def _queues(found: Workforce) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("queue", "waiting", "workers", "slots"):
        table.add_column(name, justify="left" if name == "queue" else "right", min_width=12)
    for queue in found.queues:
        unserved = Text("none", style="bold red") if not queue.workers else Text(str(queue.workers))
        table.add_row(queue.name, str(queue.waiting), unserved, str(queue.slots))
    active = ", ".join(f"{w.name} {w.active}/{w.slots}" for w in found.workers)
    table.caption, table.caption_justify = f"active: {active or 'no worker is alive'}", "left"
    return table


def _alerts(found: Health) -> Table | Text:
    worse = [c for c in found.checks if c.level is not Level.OK]
    if not worse:
        return Text("nothing", style="green")
    table = _grid()
    for check in worse:
        table.add_row(*status_of(check), check.seen)
    return table


def _notices(found: "tuple[Notice, ...]", at: datetime) -> Table | Text:
    if not found:
        return Text("none", style="dim")
    table = _grid()
    for notice in found:
        about = notice.study_id or notice.subject or ""
        code = notice.causes[0].code
        table.add_row(notice.impact.value, span(age_s(notice.raised_at, at)), notice.state.value, code, about)
    return table
