"""Export: the ledger in the words of others: JSON lines, FHIR AuditEvent, W3C PROV, DICOM audit messages.

Belongs here: mapping records to formats. Not here: proving the chain (stores/ledger/) or reading it for people (lineage).
"""

from cardio_dagster.audit.export.told import PurgeProof, Selection, proof_of, purge_proofs
from cardio_dagster.audit.export.write import FORMATS, export

__all__ = ["FORMATS", "PurgeProof", "Selection", "export", "proof_of", "purge_proofs"]
