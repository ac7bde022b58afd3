"""Tests of the FHIR bundle."""
