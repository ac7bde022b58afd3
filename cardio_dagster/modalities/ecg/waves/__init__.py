"""P, QRS and T in every lead: a network reads the leads, then leads and beats decide together.

Belongs here: edges and peaks of waves around known beats. Not here: finding beats, or numbers made of edges (measuring/).
"""
