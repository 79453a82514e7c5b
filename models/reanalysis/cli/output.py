"""Results on standard output as JSON or text, whatever the reader's encoding, width and patience."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Never, TextIO

from rich.console import Console
from rich.text import Text

from reanalysis.evidence.problems import printable
from reanalysis.files import as_json

if TYPE_CHECKING:
    from reanalysis.reporting.table import Table

_UNLIMITED = 1000
"""Columns of an output that is no terminal: programs and pagers break lines themselves."""


def prepare_streams() -> None:
    """Let no encoding and no closed stream end a command: what cannot be shown becomes a question mark."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextmanager
def until_closed(stream: TextIO) -> Iterator[None]:
    """Write for as long as somebody reads: a reader that leaves early, as ``head`` does, is no error."""
    try:
        yield
        stream.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def print_json(value: object) -> None:
    """One JSON object on standard output and nothing else, in ASCII so that any locale carries it."""
    with until_closed(sys.stdout):
        print(json.dumps(as_json(value), indent=2, allow_nan=False))


def print_line(text: str) -> None:
    """One line on standard output."""
    with until_closed(sys.stdout):
        print(printable(text))


def print_text(text: str) -> None:
    """Lines on standard output as they are, each one already printable."""
    with until_closed(sys.stdout):
        print(text, end="")


class Page(Console):
    """Standard output for people: as wide as the terminal, plain and unbroken elsewhere."""

    def __init__(self, file: TextIO | None = None, width: int | None = None, terminal: bool = False) -> None:
        file = file or sys.stdout
        wide = None if terminal or file.isatty() else _UNLIMITED
        super().__init__(file=file, width=width or wide, force_terminal=terminal or None, highlight=False, markup=False)

    def on_broken_pipe(self) -> Never:
        """Leave it to `until_closed`."""
        raise BrokenPipeError

    def lines(self, text: str, indent: int = 0, style: str = "") -> None:
        """One paragraph, wrapped on a terminal only."""
        wrapped = [" " * indent + printable(text)]
        if self.is_terminal:
            margin = " " * indent
            wrapped = textwrap.wrap(
                printable(text),
                self.width,
                initial_indent=margin,
                subsequent_indent=margin,
                break_on_hyphens=False,
            )
        for line in wrapped:
            self.print(Text(line, style), soft_wrap=True)

    def heading(self, text: str, style: str = "bold") -> None:
        """A line after a free one."""
        self.print()
        self.lines(text, style=style)

    def table(self, table: Table) -> None:
        """A table as wide as its words, or as the terminal."""
        self.print(table.rich())
