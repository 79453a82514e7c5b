"""An SVG by matplotlib made smaller, its words in a font that any reader has, with a palette for dark pages."""

from __future__ import annotations

import re

from reanalysis.figures.style import DARK

_FONTS = "DejaVu Sans, Verdana, sans-serif"
"""Verdana is as wide as DejaVu Sans, in which the words were measured."""

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE[^>]*>")
_BETWEEN = re.compile(r">\s+<")
_BREAK = re.compile(r"\s*\n\s*")
_GROUP = re.compile(r'(?<=<g) id="[A-Za-z0-9.]+_\d+"')
_BARE = re.compile(r"<g>((?:(?!</?g[ >]).)*)</g>")
_FAMILY = re.compile(r"font-family: 'DejaVu Sans';? ?")
_UPRIGHT = re.compile(r' transform="rotate\(-0 [^)]*\)"')
_LONG = re.compile(r"(?P<kept>scale\([^)]*\)|>[^<]*<)|\d+\.\d{4,}")
_OUTLINE = re.compile(r'(?<= d=")[^"]+')
_COMMAND = re.compile(r" ?([A-Za-z]) ?")


def smaller(svg: str) -> str:
    """The same picture in fewer bytes, for an SVG by matplotlib whose words are text.

    Coordinates keep three decimals of a point.
    """
    svg = _DOCTYPE.sub("", _METADATA.sub("", _COMMENT.sub("", svg)))
    svg = _BREAK.sub(" ", _BETWEEN.sub("><", svg))
    svg = _GROUP.sub("", svg)  # nothing refers to them, and two figures on one page would share them
    while svg != (svg := _BARE.sub(r"\1", svg)):
        pass
    svg = _FAMILY.sub("", _UPRIGHT.sub("", svg)).replace("<svg ", f'<svg font-family="{_FONTS}" ', 1)
    svg = _OUTLINE.sub(lambda found: _COMMAND.sub(r"\1", found[0]), svg)
    svg = _LONG.sub(lambda found: found["kept"] or f"{float(found[0]):.3f}".rstrip("0").rstrip("."), svg)
    return svg.replace("</style>", f"{_dark(svg)}</style>", 1).strip() + "\n"


def _dark(svg: str) -> str:
    """Rules for the colours that an SVG has; those of its elements give way to them on a dark page only."""
    rules = [
        f'[style*="{what}: {light.lower()}"]{{{what}:{dark}!important}}'
        for light, dark in DARK.items()
        for what in ("fill", "stroke")
        if f"{what}: {light.lower()}" in svg
    ]
    return f"@media (prefers-color-scheme: dark){{{''.join(rules)}}}" if rules else ""
