"""The ECG analysis beside its peers, on the reference data (`make bench-ecg`)."""
