"""Text measured and broken into lines before it is drawn, so that nothing overlaps, and the characters of its fonts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from matplotlib import get_data_path
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.textpath import text_to_path

from reanalysis.figures.style import BODY, INK

_SPACE = re.compile(r"[ \t\n\r\f\v\x1c-\x1f\x85\u2028\u2029]+")  # not the no-break space

LEADING = 1.28
"""Line pitch over font size."""


@dataclass(frozen=True)
class Words:
    """A piece of text with its look."""

    text: str
    size: float = BODY  # points
    bold: bool = False
    colour: str = INK

    @property
    def width(self) -> float:
        """Length on one line, in points."""
        return _width(self.text, self.size, self.bold)

    @property
    def pitch(self) -> float:
        """Height of a line, in points."""
        return LEADING * self.size

    def wrapped(self, width: float) -> tuple[Words, ...]:
        """Lines no longer than ``width`` points, broken at spaces or, where a word is too long, within it."""
        lines: list[str] = []
        line = ""
        for word in _printable(self.text).split(" "):
            trial = f"{line} {word}" if line else word
            if _width(trial, self.size, self.bold) <= width:
                line = trial
                continue
            if line:
                lines.append(line)
            *full, line = self._broken(word, width)
            lines += full
        return tuple(replace(self, text=one) for one in (*lines, line))

    def _broken(self, word: str, width: float) -> list[str]:
        pieces = [""]
        for character in word:
            if pieces[-1] and _width(pieces[-1] + character, self.size, self.bold) > width:
                cut = max((pieces[-1].rfind(mark) + 1 for mark in "-/_."), default=0)
                kept, carried = (pieces[-1][:cut], pieces[-1][cut:]) if cut > 1 else (pieces[-1], "")
                pieces[-1:] = [kept, carried]
            pieces[-1] += character
        return pieces


def wrapped(lines: tuple[Words, ...], width: float) -> tuple[Words, ...]:
    """Several pieces of text, each on lines of its own no longer than ``width`` points."""
    return tuple(line for words in lines for line in words.wrapped(width) if line.text)


def height(lines: tuple[Words, ...]) -> float:
    """Height of lines set one below the other, in points."""
    return sum(line.pitch for line in lines)


@lru_cache(maxsize=64)
def _properties(size: float, bold: bool) -> FontProperties:
    return FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")


@lru_cache(maxsize=16384)
def _width(text: str, size: float, bold: bool) -> float:
    if not text:
        return 0.0
    found = text_to_path.get_text_width_height_descent(text, _properties(size, bold), False)
    return float(found[0])


def fonts() -> Path:
    """Folder of the fonts that figures are set in, and the PDF where its own have no glyph."""
    return Path(get_data_path()) / "fonts" / "ttf"


@lru_cache(maxsize=1)
def characters() -> frozenset[int]:
    """Code points that every face of these fonts has."""
    faces = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
    return frozenset.intersection(*(frozenset(get_font(str(fonts() / face)).get_charmap()) for face in faces))


def _printable(text: str) -> str:
    """Text on one line, composed, with the replacement character where the font has no glyph."""
    composed = unicodedata.normalize("NFC", _SPACE.sub(" ", text).strip(" "))
    known = characters()
    return "".join(c if ord(c) in known else "\N{REPLACEMENT CHARACTER}" for c in composed)
