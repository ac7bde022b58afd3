"""docs/settings.md, written from the models of settings/: `python -m cardio_dagster.commands.settings_page > docs/settings.md`.

Belongs here: the page. Not here: the settings. A test compares the page in the repository with what this writes.
"""

import sys

from cardio_dagster.settings import GROUPS, Described, described

_HEAD = """# Settings

Written from the models in `cardio_dagster/settings/` by `python -m cardio_dagster.commands.settings_page`; do not edit it by hand.

Each setting is a variable of the environment, or a line of a file `.env` in the working directory; the environment wins. A process
reads them once, at its start. A value that is not allowed ends the start with the variable, what was seen, what is allowed and what to
do; so does a variable `CARDIO_...` that no setting reads, with the nearest name. A secret is never repeated: not in messages, not in
logs, not in the UI. The unit is in the name: `_s` seconds, `_ms` milliseconds, `_mb` mebibytes, `_pct` percent.
"""
_COLUMNS = "| variable | unset | allowed | what |\n|---|---|---|---|"


def settings_page() -> str:
    """Return the page: a table for each group of settings, in the order of the models."""
    parts = [_HEAD]
    for title, group in GROUPS.items():
        rows = "\n".join(_row(one) for one in described(group))
        parts.append(f"## {title}\n\n{_COLUMNS}\n{rows}\n")
    return "\n".join(parts)


def _row(one: Described) -> str:
    what = f"{one.description} (secret)" if one.is_secret else one.description
    cells = (f"`{one.variable}`", one.default, one.allowed, what)
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
