"""What the recording device printed beside what was measured here.

Belongs here: the comparison. Not here: reading the device's words from a file (formats/).
"""
