"""Dagster objects only, one concept a file; every module below is imported when the code location loads."""
