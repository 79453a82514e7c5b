"""How large a table of evidence may be: beyond it a file is refused before it takes the machine's memory.

Made for 200 studies with 30 endpoints in two arms, which is 12,000 rows of 16 columns.
"""

from __future__ import annotations

MOST_BYTES = 20_000_000
"""Of a file; a longer one is no table of evidence."""
MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 50_000, 1_000, 300_000
"""Of a table. Cells are rows times columns, up to the last of each that holds anything."""
MOST_UNPACKED, MOST_ELEMENTS = 50_000_000, 1_000_000
"""Bytes and XML elements of a workbook once it is unpacked: shared texts and formats besides the cells."""


def too_large(rows: int, columns: int) -> str:
    """The rule that a table of this size breaks, empty where it may be so large."""
    if rows <= MOST_ROWS and columns <= MOST_COLUMNS and rows * columns <= MOST_CELLS:
        return ""
    return f"may have {MOST_ROWS} rows, {MOST_COLUMNS} columns and {MOST_CELLS} cells"
