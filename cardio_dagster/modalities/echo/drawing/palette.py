"""The colours of the echo pictures, the same for the same thing in every one of them.

Belongs here: colours and the words that go with them. Not here: shapes (the other modules of this
room). Contours lie on black and grey; lines and marks of charts lie on the page, light or dark, and
keep a contrast of 3 to both. No two things that a reader must tell apart differ by colour alone.
"""

from dataclasses import dataclass

from cardio_dagster.modalities.echo.segmentation.plausible import ATRIUM, MYOCARDIUM, VENTRICLE


@dataclass(frozen=True, slots=True)
class Structure:
    """A structure of the heart: its label in the masks, the colour of its contour and its name."""

    label: int
    colour: str
    name: str


STRUCTURES = (  # in the order of drawing: the endocardium comes last, over the rest
    Structure(MYOCARDIUM, "#ffd166", "myocardium"),
    Structure(ATRIUM, "#ff7096", "left atrium"),
    Structure(VENTRICLE, "#4cc9f0", "left ventricle"),
)
CURVE = "#2586b8"  # the ventricle's hue, dark enough for white paper
END_DIASTOLE, END_SYSTOLE = "#2a9d6f", "#d1495b"
R_WAVE = "#8a63c9"
# Okabe and Ito 2008 (jfly.uni-koeln.de/color), told apart with every kind of colour vision; all bear black figures
SCORES = {1: "#56b4e9", 2: "#f0e442", 3: "#e69f00", 4: "#d55e00"}
UNSCORED = "#b8bec4"
SCORE_WORDS = {
    1: "normal",
    2: "hypokinetic",
    3: "akinetic",
    4: "dyskinetic",
}  # ASE 2015, doi:10.1016/j.echo.2014.10.003


def rgb(colour: str) -> tuple[int, int, int]:
    """Return "#rrggbb" as three numbers from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
