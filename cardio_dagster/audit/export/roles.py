"""Roles: the numbers that DICOM audit messages and FHIR AuditEvent share for objects.

Belongs here: object roles and life-cycle stages (PS3.15 A.5.1.2.2 and A.5.1.2.3; FHIR R4 took the same numbers over
in its code systems object-role and dicom-audit-lifecycle), and who an actor is. Not here: events (meanings.py).
"""

from cardio_dagster.audit.export.things import Sort, Thing, Things

REPORT, MASTER_FILE, SECURITY_RESOURCE, JOB = "3", "5", "13", "20"
CREATED, USED, ERASED = "1", "6", "15"
SYSTEM_OBJECT = "2"
APPLICATION_SERVER = "4"  # of the source types

# A study has the role Report in DICOM's own messages, and so has all that is made of it.
_ROLES: dict[Sort, str] = {
    Sort.MODEL: MASTER_FILE,
    Sort.CONFIGURATION: MASTER_FILE,
    Sort.RUN: JOB,
    Sort.RESOURCE: SECURITY_RESOURCE,
}


def role(thing: Thing) -> str:
    """Return the object role of a thing."""
    return _ROLES.get(thing.sort, REPORT)


def staged(found: Things) -> list[tuple[Thing, str]]:
    """Return the things with their life-cycle stage, in the order used, made, destroyed."""
    return [
        *((thing, USED) for thing in found.used),
        *((thing, CREATED) for thing in found.made),
        *((thing, ERASED) for thing in found.destroyed),
    ]


def is_person(actor: str) -> bool:
    """Return whether an actor as it stands in a record (`person:mk`) is a human being."""
    return actor.startswith("person:")


def login(actor: str) -> str:
    """Return the name of an actor without its kind."""
    return actor.partition(":")[2] or actor
