"""Sizes, colours and paragraph styles of the PDF.

Belongs here: how it looks. Not here: what stands where (pages.py, sections).
"""

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

from cardio_dagster.reporting.pdf.fonts import BOLD, REGULAR

PAGE_WIDTH, PAGE_HEIGHT = A4
PAGE_MARGIN = 15 * mm
TEXT_WIDTH = PAGE_WIDTH - 2 * PAGE_MARGIN

INK, MUTED, LINE, GROUND = HexColor("#14161a"), HexColor("#565b63"), HexColor("#c4c9d0"), HexColor("#f1f3f5")
ALERT, CALM = HexColor("#a3180f"), HexColor("#1c6338")

BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9, leading=12.5, textColor=INK, spaceAfter=3)
SMALL = ParagraphStyle("small", BODY, fontSize=7.2, leading=9.4, spaceAfter=0)
STRONG = ParagraphStyle("strong", SMALL, fontName=BOLD)
NOTE = ParagraphStyle("note", BODY, spaceBefore=2, fontSize=7.5, leading=10, textColor=MUTED)
LISTED = ParagraphStyle("listed", BODY, leftIndent=10, bulletIndent=0, spaceAfter=2)
TITLE = ParagraphStyle("title", BODY, fontName=BOLD, fontSize=18, leading=23, spaceAfter=6)
HEADING = ParagraphStyle("heading", BODY, fontName=BOLD, fontSize=12, leading=16, spaceBefore=10, spaceAfter=4)  # fmt: skip
SUBHEADING = ParagraphStyle("subheading", BODY, fontName=BOLD, fontSize=9.5, leading=13, spaceBefore=6, spaceAfter=3)  # fmt: skip
LABEL = ParagraphStyle("label", SMALL, textColor=MUTED)
KEY = ParagraphStyle("key", BODY, fontName=BOLD, fontSize=15, leading=19, spaceAfter=0)
KEY_WORDS = ParagraphStyle("key-words", KEY, fontSize=10.5, leading=13)
