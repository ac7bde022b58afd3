"""Names that hold a digit, and number words: what in a sentence looks like a number and is none, or the reverse.

Belongs here: the list. A digit outside of these names is a number and needs a quote. Not here: reading numbers (numbers.py).
"""

import re

# Each entry is a whole name; a name that is altered by one digit either leaves the list, and its digits become numbers
# without a quote, or becomes another name of the list, which the sentence's source then does not hold (quotes.py).
_NAMES = (
    r"CHA2DS2-VASc",
    r"CHA2DS2-VA",
    r"CHADS2",
    r"H2FPEF",
    r"SCORE2-OP",
    r"SCORE2",
    r"HbA1c",
    r"SpO2",
    r"pNN50",
    r"CKD-EPI 2021",
    r"V[1-9]R?",  # chest leads
    r"A[2-5]C",  # apical views
    r"r[0-9]{2,3}",  # recordings of the study
    r"J\+?80",
    r"B12",
    r"P2Y12",
)
NAME = re.compile(rf"(?<![\w-])(?:{'|'.join(_NAMES)})(?![\w-])")

NUMBER_WORD = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|thousand|"
    r"half|twice|thrice|double|triple|dozen|first|second|third)\b(?: \w+)?",
    re.IGNORECASE,
)
# Words of the field that hold a number word and state no quantity of this heart.
SET_PHRASES = re.compile(
    r"\b(?:one plane|two planes|(?:first|second|third)-degree|second- and third-degree|two or more (?:antihypertensive )?medicines|"
    r"the first|two neighbouring|in (?:one|two) of|one-sided)\b",
    re.IGNORECASE,
)
