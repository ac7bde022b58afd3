"""The last look before a problem's text leaves: file names of the study are replaced by recording ids.

Belongs here: what guards identities at the report's door. Problems are written without file
names, but a text may quote a library's own message. Not here: pseudonyms of studies (intake/).
"""

import re
from dataclasses import replace
from pathlib import PurePosixPath

from cardio_dagster.outcome import Problem
from cardio_dagster.study import Study

_SHORTEST_NAME = 5  # "1.hea"; anything shorter, or without a dot, is also an ordinary word or number


def without_file_names(problems: tuple[Problem, ...], study: Study) -> tuple[Problem, ...]:
    """Return the problems with every path and file name of the study replaced by its recording id.

    Names without a dot or of fewer than five characters are left, because they cannot be told from words.
    """
    ids = _ids_by_name(study)
    if not ids:
        return problems
    pattern = re.compile("|".join(re.escape(name) for name in sorted(ids, key=len, reverse=True)))

    def clean(text: str | None) -> str | None:
        return None if text is None else pattern.sub(lambda match: ids[match[0]], text)

    return tuple(
        replace(p, message=clean(p.message) or "", seen=clean(p.seen), allowed=clean(p.allowed), cure=clean(p.cure))
        for p in problems
    )


def _ids_by_name(study: Study) -> dict[str, str]:
    return {
        name: recording.recording_id
        for recording in study.recordings
        for path in (recording.path, *recording.companions)
        for name in (path, PurePosixPath(path).name)
        if "." in name and len(name) >= _SHORTEST_NAME
    }
