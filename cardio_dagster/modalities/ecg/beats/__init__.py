"""QRS complexes over all leads: where they are, what kind each is, and how sure that is.

Belongs here: candidates by rules, a small network that judges them, types, and pacemaker spikes. Not here: the edges of waves (waves/).
"""
