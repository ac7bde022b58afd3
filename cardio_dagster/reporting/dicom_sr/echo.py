"""The echo report as TID 5200, Echocardiography Procedure Report.

Belongs here: its sections (TID 5202) and the modifiers of its measurements (TID 5203, PS3.17 annex N.2). Not here: the
number itself (measurement.py), header and file (document.py).
"""

from dataclasses import replace

from cardio_dagster.reporting.dicom_sr import codes, concepts
from cardio_dagster.reporting.dicom_sr.codes import Code
from cardio_dagster.reporting.dicom_sr.common import characteristics, measurements_of, preamble, sentences
from cardio_dagster.reporting.dicom_sr.document import to_bytes
from cardio_dagster.reporting.dicom_sr.items import Item, Relation, code, container, text
from cardio_dagster.reporting.dicom_sr.measurement import numeric
from cardio_dagster.reporting.parts import Report, ReportedMeasurement

_SITES = (codes.LEFT_VENTRICLE, codes.LEFT_ATRIUM, codes.MITRAL_VALVE)  # in the order of the rows of TID 5200


def to_echo_sr(report: Report) -> bytes | None:
    """Return the echo part of a report as a DICOM Comprehensive SR file (TID 5200).

    None where the study ended in ERROR or has no measurement of an echo clip. Every echo measurement stands in it, with a
    standard code or else a private one; one without value is a NUM without value, with the reason. Raises StudyError
    (E_INTERNAL_001) where `received_at` is no time with an offset. Source: DICOM PS3.16, TID 5200 to 5203.
    """
    found = measurements_of(report, "echo")
    if report.error or not found:
        return None
    tree = container(
        codes.ECHO_REPORT,
        *preamble(report),
        *characteristics(report),
        *(section for site in _SITES for section in _section(site, found)),
        *_impressions(report),
        relation=None,
    )
    return to_bytes(report, replace(tree, template="5200"), kind="echo", number=1)


def _section(site: Code, found: tuple[ReportedMeasurement, ...]) -> tuple[Item, ...]:
    """TID 5202: one section a site, in it one group a recording."""
    here = [m for m in found if concepts.site(m.name) == site]
    recordings = tuple(dict.fromkeys(m.recording_id for m in here))
    groups = [_group(r, [m for m in here if m.recording_id == r]) for r in recordings]
    return (container(codes.FINDINGS, code(codes.FINDING_SITE, site), *groups),) if groups else ()


def _group(recording_id: str | None, members: list[ReportedMeasurement]) -> Item:
    identifier = (
        (text(codes.IDENTIFIER, f"recording {recording_id}", relation=Relation.CONTEXT),) if recording_id else ()
    )
    return container(
        codes.MEASUREMENT_GROUP,
        code(codes.IMAGE_MODE, codes.MODE_2D),  # contours of grey-scale cine loops are all that is measured
        *identifier,
        *(_measurement(m) for m in members),
    )


def _measurement(measurement: ReportedMeasurement) -> Item:
    """TID 5203: method and derivation are modifiers, the view is acquisition context."""
    name = concepts.ECHO.get(measurement.name) or codes.private(measurement.name, measurement.label)
    method, view = concepts.volume_method(measurement.method), concepts.view(measurement.method)
    modifiers = [code(codes.METHOD, method)] if method else []
    if "mean of beats" in measurement.method:
        modifiers.append(code(codes.DERIVATION, codes.MEAN))
    if view:
        modifiers.append(code(codes.IMAGE_VIEW, view, relation=Relation.ACQUISITION))
    return numeric(name, measurement, *modifiers)


def _impressions(report: Report) -> tuple[Item, ...]:
    told = sentences(report, "echo")
    return (container(codes.IMPRESSIONS, *(text(codes.IMPRESSION, t) for t in told)),) if told else ()
