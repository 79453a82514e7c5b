"""The styles of the Word file: pandoc's reference document with others, which its users can change again."""

from __future__ import annotations

import io
import os
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import docx
import pypandoc
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.packuri import PackURI
from docx.opc.pkgwriter import PackageWriter
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from reanalysis.reporting.details import LANGUAGE, Details

_FONT = "Calibri"
"""Narrow enough for tables, and Word and LibreOffice both have its widths."""

_TEXT_POINTS, _TABLE_POINTS = 10.5, 8.5
_POINTS = {"Title": 20, "Heading 1": 16, "Heading 2": 13, "Heading 3": 11.5, "Caption": 9}
_RULE = {"val": "single", "sz": "4", "space": "0", "color": "999999"}
_CELL_MARGIN = "50"
"""Twentieths of a point."""

_LONGEST = 255
"""Characters of a property of a Word file."""

_ALIKE = (1980, 1, 1, 0, 0, 0)


def write_reference(path: Path) -> None:
    """Write the document whose styles and page pandoc takes over.

    The same bytes each time: pandoc hands the times of the parts on to every document it makes.
    """
    command = [pypandoc.get_pandoc_path(), "--print-default-data-file=reference.docx"]
    plain = subprocess.run(command, capture_output=True, check=True, env=dated(0)).stdout
    document = docx.Document(io.BytesIO(plain))
    for section in document.sections:
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(18)
    _restyle(document)
    _save(document, path)


def dated(seconds: int) -> dict[str, str]:
    """The environment of a pandoc to which it is so many seconds after 1970, whatever the clock says."""
    return {**os.environ, "SOURCE_DATE_EPOCH": str(seconds)}


def finish(path: Path, details: Details) -> None:
    """What pandoc leaves undone: properties; no row of a table on two pages, and its head on each page that it is on.

    The style of tables asks for it too, but Word and LibreOffice look at the rows.
    """
    document = docx.Document(str(path))
    told = document.core_properties
    told.author = told.last_modified_by = "; ".join(details.named)[:_LONGEST]
    told.comments, told.language = details.description[:_LONGEST], LANGUAGE
    told.created = told.modified = datetime.fromtimestamp(details.seconds, UTC)
    for table in document.tables:
        for number, row in enumerate(table.rows):
            properties = row._tr.get_or_add_trPr()
            for name in ("w:cantSplit", *(["w:tblHeader"] if number == 0 else [])):
                if properties.find(qn(name)) is None:
                    properties.append(OxmlElement(name))
    _save(document, path)


class _Parts:
    """Parts of a package under one date: python-docx asks the clock, and a clock before 1980 is no date of a ZIP."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def write(self, name: PackURI, content: bytes | str) -> None:
        self._archive.writestr(zipfile.ZipInfo(name.membername, _ALIKE), content, zipfile.ZIP_DEFLATED)


def _save(document: Document, path: Path) -> None:
    """As ``document.save``, with the same bytes each time."""
    package, pages = document.part.package, cast("Any", PackageWriter)
    assert package is not None
    parts = tuple(package.iter_parts())
    for part in parts:
        part.before_marshal()
    with zipfile.ZipFile(path, "w") as archive:
        writer = _Parts(archive)
        pages._write_content_types_stream(writer, parts)
        pages._write_pkg_rels(writer, package.rels)
        pages._write_parts(writer, parts)


def _restyle(document: Document) -> None:
    styles = {style.name: style for style in document.styles}
    defaults = document.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    _use_font(defaults)
    defaults.sz_val = Pt(_TEXT_POINTS)  # not of Normal, which in Word would go before the size of a table
    for name, points in _POINTS.items():
        styles[name].font.size = Pt(points)
        _use_font(styles[name].element.get_or_add_rPr())
    styles["Title"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.LEFT
    styles["Caption"].font.italic = False
    styles["Caption"].font.color.rgb = RGBColor(0x40, 0x40, 0x40)
    styles["Table Caption"].paragraph_format.keep_with_next = True
    styles["Table"].font.size = Pt(_TABLE_POINTS)
    styles["Captioned Figure"].paragraph_format.space_before = Pt(12)
    _restyle_table(styles["Table"].element)


def _restyle_table(style: Any) -> None:
    """A bold head, rules between rows, narrow cells, and no row on two pages."""
    table = style.find(qn("w:tblPr"))
    table.find(qn("w:tblInd")).addnext(_rules())
    for side in ("left", "right"):
        table.find(qn("w:tblCellMar")).find(qn(f"w:{side}")).set(qn("w:w"), _CELL_MARGIN)
    bold = OxmlElement("w:rPr")
    bold.append(OxmlElement("w:b"))
    style.find(qn("w:tblStylePr")).insert(0, bold)
    rows = OxmlElement("w:trPr")
    rows.append(OxmlElement("w:cantSplit"))
    table.addnext(rows)


def _use_font(properties: Any) -> None:
    """Name the font, instead of the theme's, which would go before it."""
    properties.rFonts_ascii = properties.rFonts_hAnsi = _FONT
    for key in [key for key in properties.rFonts.attrib if key.endswith("Theme")]:
        del properties.rFonts.attrib[key]


def _rules() -> Any:
    borders = OxmlElement("w:tblBorders")
    for edge in ("top", "bottom", "insideH"):
        borders.append(OxmlElement(f"w:{edge}", {qn(f"w:{key}"): value for key, value in _RULE.items()}))
    return borders
