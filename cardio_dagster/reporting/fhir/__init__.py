"""The report as an HL7 FHIR R4 (4.0.1) Bundle; `to_fhir` is its one door.

Belongs here: turning a finished Report into FHIR resources. Not here: reading FHIR
(modalities/clinical), sending it anywhere, or any medical judgement. docs/fhir.md tells receivers what is where.
"""

from cardio_dagster.reporting.fhir.bundle import to_fhir

__all__ = ["to_fhir"]
