"""What was this computed with?"""

from __future__ import annotations

from collections.abc import Mapping

from reanalysis.reporting.markdown import Column, Markdown, table


def version_table(versions: Mapping[str, str]) -> Markdown:
    """Versions of the interpreter and of the packages results depend on."""
    return table(
        [Column("Package"), Column("Version")],
        versions.items(),
        "Software versions.",
        "tbl-versions",
    )
