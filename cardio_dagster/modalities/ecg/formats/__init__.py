"""Readers of ECG files: each turns one format into an EcgRecord and refuses what it cannot."""
