"""Pictures of an ECG as SVG: the signal on paper, and the course of the heart rate.

Belongs here: drawing. Not here: what the report makes of it (reporting/).
"""
