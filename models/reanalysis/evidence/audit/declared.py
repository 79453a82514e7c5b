"""What did the analyst decide? Readings, exclusions and columns that were set aside, so that nothing is silent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from reanalysis.evidence.arms import ArmRow
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.folder import Evidence


def check_declared(evidence: Evidence) -> Iterator[Finding]:
    """Declared readings, excluded rows and ignored columns."""
    groups: dict[tuple[str, str, str], list[ArmRow]] = defaultdict(list)
    for row in evidence.arms:
        if row.modelled:
            groups[row.study, row.arm, row.endpoint].append(row)
        elif row.use == "excluded" and not row.subgroup:
            yield Finding(
                "excluded", "info", row.study, row.arm, row.endpoint,
                f"{row.printed} is excluded: {row.reason}", used_as="not modelled", lines=(row.line,),
            )  # fmt: skip
    for (study, arm, endpoint), rows in groups.items():
        if len(rows) > 1:
            reason = next((r.reason for r in rows if r.reason), "")
            yield Finding(
                "readings", "warning", study, arm, endpoint,
                "the print contradicts itself and is read in "
                f"{len(rows)} ways" + (f": {reason}" if reason else ""),
                feasible=tuple(f"{r.reading}: {r.printed}" for r in rows),
                used_as="a mixture of the readings", lines=tuple(r.line for r in rows),
            )  # fmt: skip
    for column in evidence.ignored_columns:
        yield Finding(
            "column", "info", "", "", "", f"column {column!r} of arms.csv means nothing here", used_as="ignored"
        )
