"""A table of results as a file that people write with: Word, LaTeX, HTML or Markdown, by the ending of its name."""

from __future__ import annotations

import subprocess
import tempfile
from html import escape
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pandas as pd

from reanalysis.estimands.words import decimal
from reanalysis.evidence.extras import need
from reanalysis.evidence.problems import BadChoice, InvalidInput, printable
from reanalysis.files import write_whole
from reanalysis.model.choices import whole
from reanalysis.reporting.table import Column, Table

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{caption}</title>
<style>body{{font-family:sans-serif}}table{{border-collapse:collapse}}th,td{{padding:.2em .7em;text-align:left;
border-bottom:1px solid #ddd}}</style></head><body>
{table}
</body></html>
"""


@runtime_checkable
class Tabular(Protocol):
    """Anything that gives its numbers as a DataFrame."""

    def to_frame(self) -> pd.DataFrame:
        """Its numbers."""


def save_table(table: pd.DataFrame | Tabular, path: Path | str, caption: str = "", digits: int = 3) -> Path:
    """Write a table to a file: ``.docx`` for Word, ``.tex`` for LaTeX, ``.html`` or ``.md``.

    Parameters
    ----------
    table : DataFrame, or what has ``to_frame()``
        Such as ``effects(fit)``, ``compare(fits)`` or ``decide(evidence)``; the levels of an index become columns, and
        are written once where they repeat.
    path : Path or str
        Where to write, in a folder that is there; a file of that name is replaced.
    caption : str
        Set above the table.
    digits : int
        Decimals of numbers that are not whole, from 0 to 10.

    Returns
    -------
    Path
        The file. LaTeX is a ``tabular`` in a ``table`` and needs the package booktabs.

    Raises
    ------
    InvalidInput
        If the table is none, or the file cannot be of that name.

    Examples
    --------
    >>> import tempfile
    >>> effects = ra.effects(ra.fit(ra.load("anakinra"), "infection_g3"))
    >>> ra.save_table(effects, tempfile.mkdtemp() + "/effects.tex", caption="Severe infection").name
    'effects.tex'
    """
    path, wrong = Path(path), list[BadChoice]()
    given: object = table
    if not isinstance(given, pd.DataFrame | Tabular):
        wrong.append(BadChoice("table", f": must be a DataFrame or a result, not {type(given).__name__}"))
    if path.suffix not in _WRITERS or not path.parent.is_dir() or path.is_dir():
        wrong.append(BadChoice("path", f" {path}: must name a {', '.join(_WRITERS)} file in an existing folder"))
    if not 0 <= whole(digits, -1) <= 10:
        wrong.append(BadChoice("digits", f" {digits!r}: must be a whole number from 0 to 10"))
    if wrong:
        raise InvalidInput(wrong)
    frame = table if isinstance(table, pd.DataFrame) else table.to_frame()
    write_whole(path, _WRITERS[path.suffix](*_cells(frame, digits), printable(caption)))
    return path


def _cells(frame: pd.DataFrame, digits: int) -> tuple[list[str], list[list[str]]]:
    """Headings and cells as they are read."""
    numbered = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    levels = [] if numbered else list(frame.index.names)
    flat = frame if numbered else frame.reset_index()
    names = [*("" if name is None else name for name in levels), *frame.columns]
    heads = [printable(str(name)) for name in names]
    rows = [[_cell(value, digits) for value in row] for row in flat.itertuples(index=False)]
    before: list[str] | None = None
    for row in rows:
        own = row[: len(levels)]
        for i in range(len(levels) - 1):  # the last level tells rows apart
            if before is None or own[: i + 1] != before[: i + 1]:
                break
            row[i] = ""
        before = own
    return heads, rows


def _cell(value: Any, digits: int) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return ""
    return decimal(value, digits) if isinstance(value, float) else printable(str(value))


def _html(heads: list[str], rows: list[list[str]], caption: str) -> bytes:
    def row(cells: list[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = "\n".join(row(cells, "td") for cells in rows)
    table = f"<table>{title}\n<thead>{row(heads, 'th')}</thead>\n<tbody>\n{body}\n</tbody></table>"
    return _PAGE.format(caption=escape(caption or "Table"), table=table).encode()


def _latex(heads: list[str], rows: list[list[str]], caption: str) -> bytes:
    lines = [" & ".join(map(_tex, cells)) + r" \\" for cells in (heads, *rows)]
    title = [rf"\caption{{{_tex(caption)}}}"] if caption else []
    start = [r"\begin{table}", r"\centering", *title, rf"\begin{{tabular}}{{{'l' * len(heads)}}}", r"\toprule"]
    end = [r"\bottomrule", r"\end{tabular}", r"\end{table}", ""]
    return "\n".join([*start, lines[0], r"\midrule", *lines[1:], *end]).encode()


_TEX = {char: rf"\{char}" for char in "&%$#_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\N{MINUS SIGN}": "$-$",
    "\N{INFINITY}": r"$\infty$", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def _tex(text: str) -> str:
    return "".join(_TEX.get(char, char) for char in text)


def _markdown(heads: list[str], rows: list[list[str]], caption: str) -> bytes:
    table = Table([Column(head) for head in heads], rows).plain_markdown()
    return (f"{caption}\n\n{table}\n" if caption else f"{table}\n").encode()


def _word(heads: list[str], rows: list[list[str]], caption: str) -> bytes:
    need("a Word file", "report")
    import pypandoc

    from reanalysis.reporting.details import Details
    from reanalysis.reporting.document import MARKDOWN_FORMAT, DocumentError
    from reanalysis.reporting.word_styles import dated, finish, write_reference

    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    columns = [Column(head, min(max(width, 6), 40)) for head, width in zip(heads, widths, strict=True)]
    source = Table(columns, rows, caption, "tbl-saved").markdown()
    with tempfile.TemporaryDirectory() as place:
        reference, made = Path(place) / "reference.docx", Path(place) / "table.docx"
        write_reference(reference)
        command = [pypandoc.get_pandoc_path(), f"--from={MARKDOWN_FORMAT}", "--to=docx", f"--reference-doc={reference}"]
        command += [f"--output={made}"]
        done = subprocess.run(command, input=source.encode(), capture_output=True, check=False, env=dated(0))
        if done.returncode != 0:
            raise DocumentError(f"pandoc: {done.stderr.decode('utf-8', 'replace').strip()}")
        finish(made, Details(caption or "Table"))
        return made.read_bytes()


_WRITERS = {".docx": _word, ".tex": _latex, ".html": _html, ".md": _markdown}
