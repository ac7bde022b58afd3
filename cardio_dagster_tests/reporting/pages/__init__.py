"""Tests of cardio_dagster.reporting.pages."""
