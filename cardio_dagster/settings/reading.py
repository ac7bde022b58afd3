"""Reading: one group of settings from the environment, and what is said of a variable that is wrong or misspelt.

Belongs here: the base of all groups and the words of a refusal. Not here: any setting (the modules of the groups).
"""

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from cardio_dagster.errors import SettingsError

PREFIX = "CARDIO_"
# read by others: the supervisor's mark on its processes, the compose files, the test suite
NOT_OURS = frozenset({"CARDIO_SUPERVISED", "CARDIO_DICOM_BIND", "CARDIO_FUZZ_EXAMPLES", "CARDIO_SHOTS"})
# Kubernetes tells each pod of every service: <SERVICE>_SERVICE_HOST, <SERVICE>_PORT_8080_TCP_ADDR and so on
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT)(_\w+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")
_FILE = ".env"
_LIMITS = (("ge", "{:.12g} or more"), ("gt", "above {:.12g}"), ("le", "at most {:.12g}"), ("lt", "below {:.12g}"))


class Group(BaseSettings):
    """One group of settings; each field is the variable <prefix><NAME>. A field that is not shown (`repr=False`) is a secret."""

    model_config = SettingsConfigDict(env_file=_FILE, extra="ignore", frozen=True, populate_by_name=True)


AnyGroup = TypeVar("AnyGroup", bound=Group)


def read(group: type[AnyGroup]) -> AnyGroup:
    """Return a group as the environment and the file .env have it.

    Raises SettingsError naming each wrong variable of this group with what was seen, what is allowed and the cure, and each
    variable of the environment that no group has, with the nearest one.
    """
    faults = misspelt()
    try:
        found = group()
    except ValidationError as error:
        faults = [*(fault_of(group, e) for e in error.errors()), *faults]
    if faults:
        raise refusal(faults)
    return found


def refusal(faults: list[str]) -> SettingsError:
    """Return the error that tells these faults, one a line."""
    return SettingsError("\n".join(["these settings are wrong:", *faults]))


def misspelt() -> list[str]:
    """Return a line for each CARDIO_ variable, of the environment or of .env, that no setting reads."""
    known = {variable_of(group, name) for group in _groups(Group) for name in group.model_fields}
    given = {name.upper() for name in (*os.environ, *dotenv_values(_FILE)) if name.upper().startswith(PREFIX)}
    return [
        _unknown(name, sorted(known)) for name in sorted(given - known - NOT_OURS) if not _SERVICE_LINK.search(name)
    ]


def _groups(base: type[Group]) -> Iterator[type[Group]]:
    for group in base.__subclasses__():
        yield from (group, *_groups(group))


def variable_of(group: type[Group], name: str) -> str:
    """Return the variable of a field."""
    alias = group.model_fields[name].validation_alias
    return str(alias) if alias else f"{group.model_config.get('env_prefix', '')}{name}".upper()


def allowed_of(field: FieldInfo) -> str:
    """Return in words what a field may be; no unit, because its name has one."""
    told = _extra(field).get("allowed")
    limits = [
        text.format(value) for key, text in _LIMITS for m in field.metadata if (value := _limit(m, key)) is not None
    ]
    return str(told) if told else ", ".join(limits) or _kind(field.annotation)


def default_of(field: FieldInfo) -> str:
    """Return in words what a field is where nothing is set."""
    told = _extra(field).get("default")
    if told:
        return str(told)
    if field.default is None or field.default == "":
        return "nothing"
    if isinstance(field.default, bool):
        return str(field.default).lower()
    return f"{field.default:.12g}" if isinstance(field.default, int | float) else str(field.default)


def fault_of(group: type[Group], error: Any) -> str:
    """Return the line for one error of pydantic: variable, what was seen (never a secret's), what is allowed, the cure."""
    place = str(error["loc"][0]) if error["loc"] else ""
    by_variable = {variable_of(group, name): name for name in group.model_fields}
    name = by_variable.get(place, place)
    if name not in group.model_fields:  # of several fields together
        return f"{group.model_config.get('env_prefix', PREFIX)}*: {_words(error)}"
    field = group.model_fields[name]
    seen = f"={error['input']!r}" if field.repr else ""
    return (
        f"{variable_of(group, name)}{seen}: {_words(error)}. Allowed: {allowed_of(field)}. It is: {field.description}. "
        f"Set it right, or unset it for {default_of(field)}."
    )


def _words(error: Any) -> str:
    return str(error["msg"]).removeprefix("Value error, ")


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name.removeprefix(PREFIX), [k.removeprefix(PREFIX) for k in known], n=1, cutoff=0.6)
    cure = f"did you mean {PREFIX}{near[0]}?" if near else "docs/settings.md has all."
    return f"{name}: no setting has this name; {cure} Correct the name, or unset it."


def _extra(field: FieldInfo) -> dict[str, Any]:
    return field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}


def _limit(metadata: Any, key: str) -> float | None:
    found: float | None = getattr(metadata, key, None)
    return found


def _kind(annotation: Any) -> str:
    """Return the words for a field without limits."""
    if get_origin(annotation) is Literal:
        return ", ".join(map(str, get_args(annotation)))
    if NoneType in get_args(annotation):  # "or None" is what `default_of` tells
        return _kind(next(one for one in get_args(annotation) if one is not NoneType))
    return {"bool": "true, false", "Path": "a path", "int": "a whole number", "float": "a number"}.get(
        annotation.__name__, "text"
    )
