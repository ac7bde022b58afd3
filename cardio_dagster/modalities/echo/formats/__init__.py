"""Readers of echo files: DICOM ultrasound, AVI/MP4, NIfTI, NPZ; one module each, and what they share."""
