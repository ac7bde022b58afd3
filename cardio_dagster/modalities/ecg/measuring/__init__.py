"""From waves to numbers: intervals, voltages, axes and shapes, of each lead and of all together.

Belongs here: numbers with their names, units and ranges. Not here: finding waves, or rules that make statements (statements/).
"""
