"""The type of the PDF: an embedded free font with the signs of medicine, and text made safe for it.

Belongs here: finding and registering the font, cleaning text. Not here: sizes and colours (look.py).

DejaVu Sans lies in matplotlib, which wfdb brings along; matplotlib itself is not imported. It covers
Latin, Greek, Cyrillic, Hebrew, Arabic and arrows; a sign that it lacks is printed as a box and stays in the text.
"""

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "ReportSans", "ReportSans-Bold"
_FILES = {REGULAR: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}


@cache
def register_fonts() -> None:
    """Make REGULAR and BOLD known to reportlab; raises FileNotFoundError where matplotlib is not installed."""
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise FileNotFoundError("the font of report.pdf lies in matplotlib, which is not installed")
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


def clean(text: str) -> str:
    """Return `text` without control signs, direction marks and lone surrogates; a space stands in for each."""
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Cs"} else c for c in text)


def markup(text: object) -> str:
    """Return any text as the content of a paragraph: cleaned, nothing in it is a tag."""
    return escape(clean(str(text)))
