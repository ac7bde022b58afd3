"""The gateway: studies in, progress and reports out, over HTTP and DICOM.

Belongs here: doors and pages. Not here: measuring hearts (pipeline/) or Dagster; the gateway works while Dagster is down, and
what it takes in waits in the landing zone. docs/gateway.md is its guide.
"""
