"""Small notes that the tests write themselves."""

FRONT = """+++
title = "Site protocol"

[references]
own = "Department of Cardiology. Protocol 7, 2024"
lang = "Lang RM, et al. J Am Soc Echocardiogr 2015;28:1-39. doi:10.1016/j.echo.2014.10.003"
+++

"""
NOTE = f"""{FRONT}## Who is called
topics: LVEF_SEVERELY_REDUCED ECG_AV_BLOCK_*
references: own lang

The cardiologist on duty is told
by telephone.

## Contrast
topics: lvef_pct
references: lang

Contrast is given where two segments are not seen.
"""
