"""Reading a PDF with software that did not write it: pypdf for text and structure, PDFium for pixels."""

import io
import re

import numpy as np
import pypdfium2
from pypdf import PdfReader


def reader(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content), strict=True)


def pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in reader(content).pages]


def squashed(text: str) -> str:
    """Return text without white space: lines break where the page is narrow."""
    return re.sub(r"\s+", "", text)


def whole(content: bytes) -> str:
    return squashed("".join(pages(content)))


def outline(content: bytes) -> list[str]:
    found = reader(content)

    def titles(items):
        return [t for item in items for t in (titles(item) if isinstance(item, list) else [item.title])]

    return titles(found.outline)


def pixels(content: bytes, page: int, *, px_per_mm: float) -> np.ndarray:
    """Return a page as (rows, columns, 3) numbers from 0 to 255."""
    document = pypdfium2.PdfDocument(content)
    try:
        image = document[page].render(scale=px_per_mm * 25.4 / 72).to_pil().convert("RGB")
        return np.asarray(image).astype(int)
    finally:
        document.close()


def near(picture: np.ndarray, colour: tuple[int, int, int], within: int = 30) -> np.ndarray:
    """Return where a picture has about that colour."""
    return np.abs(picture - np.array(colour)).max(axis=2) <= within
