"""Evaluation: how good the measurements are tonight, whether they became worse, whether what comes in has changed.

Belongs here: plain functions over truth (reference records, simulated hearts) and over the result tables, and the page that
shows them. Not here: the asset and its schedule (defs/evaluation.py), the stores of an installation
(orchestration/evaluation.py) or training (training/).
"""
