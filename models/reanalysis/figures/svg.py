"""An SVG of outlined text made half as large: what no renderer needs goes; glyphs get short names.

matplotlib places every letter with an element of some 90 bytes on a line of its own; a figure of fifty
labelled rows would weigh more than the report around it.
"""

from __future__ import annotations

import re

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE[^>]*>")
_BETWEEN = re.compile(r">\s+<")
_BREAK = re.compile(r"\s*\n\s*")
_SHIFT = re.compile(r'transform="translate\((-?[\d.]+) (-?[\d.]+)\)"(?=/>)')
_GLYPH = re.compile(r"(?<=[\"#])DejaVuSans-(Bold-)?(?=[0-9a-f]+\")")
_EMPTY = re.compile(r'<path id="([BR][0-9a-f]+)"(?: d="")?(?: transform="[^"]*")?/>')
_GROUP = re.compile(r'(?<=<g) id="[A-Za-z0-9.]+_\d+"')
_BARE = re.compile(r"<g>((?:(?!</?g[ >]).)*)</g>")
_LONG = re.compile(r"(?P<factor>scale\([^)]*\))|\d+\.\d{4,}")
_OUTLINE = re.compile(r'(?<= d=")[^"]+')
_COMMAND = re.compile(r" ?([A-Za-z]) ?")


def smaller(svg: str) -> str:
    """The same picture in fewer bytes, for an SVG by matplotlib whose text is outlines.

    Coordinates keep three decimals of a point.
    """
    svg = _DOCTYPE.sub("", _METADATA.sub("", _COMMENT.sub("", svg)))
    svg = _BREAK.sub(" ", _BETWEEN.sub("><", svg))
    svg = _GROUP.sub("", svg)  # nothing refers to them, and two figures on one page would share them
    svg = _GLYPH.sub(lambda found: "B" if found[1] else "R", svg)
    for blank in set(_EMPTY.findall(svg)):  # the space
        svg = re.sub(rf'<use xlink:href="#{blank}"[^>]*/>', "", svg)
    svg = _EMPTY.sub("", svg).replace("<defs></defs>", "")
    while svg != (svg := _BARE.sub(r"\1", svg)):
        pass
    svg = _OUTLINE.sub(lambda found: _COMMAND.sub(r"\1", found[0]), svg)
    svg = _SHIFT.sub(_placed, svg)
    return _LONG.sub(lambda found: found["factor"] or _short(float(found[0])), svg).replace(' "', '"').strip() + "\n"


def _placed(found: re.Match[str]) -> str:
    x, y = (_short(float(value), 1) for value in found.groups())
    return " ".join(f'{name}="{value}"' for name, value in (("x", x), ("y", y)) if value != "0") or 'x="0"'


def _short(value: float, decimals: int = 3) -> str:
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".")
