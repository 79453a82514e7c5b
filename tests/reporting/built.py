"""A report as its readers get it: the page, the paper and the Word file, taken apart."""

from __future__ import annotations

import ctypes
import html
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from reanalysis.analysis.analysis import Analysis
from reanalysis.reporting.details import details_of
from reanalysis.reporting.document import write_documents
from reanalysis.reporting.drawing import Drawn, draw_chains, draw_endpoint, draw_found, draw_shared
from reanalysis.reporting.markdown import Markdown
from reanalysis.reporting.results import results
from reanalysis.reporting.text import markdown

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def build(analysis: Analysis, folder: Path) -> Report:
    """The documents of an analysis, without the posteriors beside them."""
    drawn = draw_figures(analysis)
    (folder / "figures").mkdir(parents=True)
    for name, content in drawn.files.items():
        (folder / "figures" / name).write_bytes(content)
    figures = {name: Markdown(text) for name, text in drawn.shown.items()}
    write_documents(markdown(analysis, figures), details_of(analysis.evidence), folder)
    return Report(folder, analysis)


def draw_figures(analysis: Analysis) -> Drawn:
    """Every figure of a report."""
    endpoints = [draw_endpoint(e, headline=e.id in analysis.first_page) for e in analysis.endpoints]
    groups = [draw_shared(analysis), draw_found(analysis), *endpoints, *map(draw_chains, analysis.headlines)]
    shown = {name: text for one in groups for name, text in one.shown.items()}
    return Drawn(shown, {name: content for one in groups for name, content in one.files.items()})


@dataclass(frozen=True)
class Element:
    """An element of a page with all text within it."""

    tag: str
    attributes: dict[str, str | None]
    path: tuple[str, ...]
    parts: list[str]

    @property
    def text(self) -> str:
        return squeezed("".join(self.parts))

    @property
    def folded(self) -> bool:
        return "details" in self.path and "main" in self.path


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), tuple(e.tag for e in self.open), [])
        self.elements.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if any(e.tag == tag for e in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        silent = next((e for e in self.open if e.tag in ("script", "style")), None)
        for element in self.open if silent is None else [silent]:
            element.parts.append(data)


def elements_of(text: str) -> list[Element]:
    page = _Page()
    page.feed(text)
    return page.elements


@dataclass(frozen=True)
class Report:
    """A built report."""

    folder: Path
    analysis: Analysis

    @cached_property
    def results(self) -> dict[str, Any]:
        return results(self.analysis)

    def cells(self, caption: str) -> list[list[str]]:
        """Cells of each row of the table of the page whose caption holds some words."""
        rows: list[list[str]] = []
        inside = False
        for element in self.elements:
            if element.tag == "caption":
                inside = caption in element.text
            elif element.tag == "tr" and inside:
                rows.append([])
            elif element.tag in ("th", "td") and inside:
                rows[-1].append(element.text)
        return rows

    @property
    def page(self) -> Path:
        return self.folder / "index.html"

    @cached_property
    def html(self) -> str:
        return self.page.read_text(encoding="utf-8")

    @cached_property
    def elements(self) -> list[Element]:
        return elements_of(self.html)

    @cached_property
    def program(self) -> list[Element]:
        """Elements of the document about the program."""
        return elements_of((self.folder / "validation.html").read_text(encoding="utf-8"))

    def all(self, tag: str) -> list[Element]:
        return [e for e in self.elements if e.tag == tag]

    def open(self, tag: str) -> list[Element]:
        """Those that a reader sees before anything is unfolded."""
        return [e for e in self.all(tag) if not e.folded]

    @property
    def pictures(self) -> list[Element]:
        """Pictures of the page; of one that has a form for phones, the other."""
        pairs = pairwise(self.elements)
        return [e for around, e in pairs if e.tag == "svg" and "on-phone" not in (around.attributes.get("class") or "")]

    @cached_property
    def words(self) -> str:
        """What the page says."""
        body = next(e for e in self.elements if e.tag == "main")
        return body.text

    @cached_property
    def page_data(self) -> dict[str, Any]:
        text = next(e for e in self.all("script") if e.attributes.get("id") == "report-data")
        found: dict[str, Any] = json.loads("".join(text.parts))
        return found

    @cached_property
    def pdf_pages(self) -> list[str]:
        return _pages(self.folder / "report.pdf")

    @cached_property
    def pdf_boxes(self) -> list[list[tuple[float, float, float, float]]]:
        """Left, bottom, right and top of every letter of every page, as shares of the page."""
        import pypdfium2

        document = pypdfium2.PdfDocument(self.folder / "report.pdf")
        try:
            return [_boxes(page) for page in document]
        finally:
            document.close()

    @cached_property
    def pdf(self) -> str:
        return squeezed(" ".join(self.pdf_pages))

    @cached_property
    def supplement_pages(self) -> list[str]:
        return _pages(self.folder / "supplement.pdf")

    @cached_property
    def supplement(self) -> str:
        return squeezed(" ".join(self.supplement_pages))

    @cached_property
    def docx(self) -> ET.Element:
        with zipfile.ZipFile(self.folder / "report.docx") as file:
            return ET.fromstring(file.read("word/document.xml"))

    def docx_styles(self) -> set[str]:
        return {e.attrib[f"{_W}val"] for e in self.docx.iter(f"{_W}pStyle")}

    @cached_property
    def docx_tables(self) -> list[list[list[str]]]:
        """Text of each cell of each row of each table."""
        return [
            [[squeezed(_text(cell)) for cell in row.findall(f"{_W}tc")] for row in table.findall(f"{_W}tr")]
            for table in self.docx.iter(f"{_W}tbl")
        ]

    def docx_pictures(self) -> list[str]:
        """Alternative texts of the pictures."""
        return [e.attrib.get("descr", "") for e in self.docx.iter() if e.tag.endswith("}docPr")]

    @cached_property
    def docx_text(self) -> str:
        return squeezed(" ".join(_text(p) for p in self.docx.iter(f"{_W}p")))

    def docx_captions(self, style: str) -> list[str]:
        return [
            squeezed(_text(p))
            for p in self.docx.iter(f"{_W}p")
            if any(e.attrib[f"{_W}val"] == style for e in p.iter(f"{_W}pStyle"))
        ]


def _pages(path: Path) -> list[str]:
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def told_in(path: Path) -> list[str]:
    """Alternative texts of the pictures of a tagged PDF."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        return [text for page in document for text in _told(page)]
    finally:
        document.close()


def _told(page: Any) -> Iterator[str]:
    from pypdfium2 import raw

    def text(read: Any, element: Any) -> str:
        size = read(element, None, 0)
        buffer = ctypes.create_string_buffer(size)
        read(element, buffer, size)
        return buffer.raw[: max(size - 2, 0)].decode("utf-16-le")

    def within(element: Any) -> Iterator[str]:
        if text(raw.FPDF_StructElement_GetType, element) == "Figure":
            yield text(raw.FPDF_StructElement_GetAltText, element)
        for number in range(raw.FPDF_StructElement_CountChildren(element)):
            child = raw.FPDF_StructElement_GetChildAtIndex(element, number)
            if child:
                yield from within(child)

    tree = raw.FPDF_StructTree_GetForPage(page)
    for number in range(raw.FPDF_StructTree_CountChildren(tree)):
        yield from within(raw.FPDF_StructTree_GetChildAtIndex(tree, number))
    raw.FPDF_StructTree_Close(tree)


def _boxes(page: Any) -> list[tuple[float, float, float, float]]:
    wide, high = page.get_size()
    text = page.get_textpage()
    found = [text.get_charbox(i) for i in range(text.count_chars())]
    return [(a / wide, b / high, c / wide, d / high) for a, b, c, d in found if c > a and d > b]


def _text(element: ET.Element) -> str:
    return "".join(e.text or "" for e in element.iter(f"{_W}t"))


def squeezed(text: str) -> str:
    """Text on one line: how a format breaks lines and which space it takes is no content."""
    return re.sub(r"\s+", " ", html.unescape(text).replace("\N{NO-BREAK SPACE}", " ")).strip()
