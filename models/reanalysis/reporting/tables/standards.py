"""Which reporting standards does this build meet, and by what?"""

from __future__ import annotations

from collections.abc import Iterable

from reanalysis.reporting.markdown import Column, Markdown, escape, table
from reanalysis.reporting.standards import Tick


def standards_table(ticks: Iterable[Tick]) -> Markdown:
    """One row an item: met by which artefact, or why not."""
    rows = [
        [
            t.standard,
            t.item,
            "yes" if t.met else "no",
            Markdown(f"[{escape(t.artefact)}]({t.place})") if t.met else f"missing: {t.missing}",
        ]
        for t in ticks
    ]
    return table(
        [Column("Standard", 1), Column("Item", 2.8), Column("Met", 0.5), Column("By, or why not", 3)],
        rows,
        "Reporting standards. An item is met only where its artefact exists in this build.",
        "tbl-standards",
    )
