"""Rule: what the analyst decided is said: readings, exclusions and columns set aside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from reanalysis.evidence.audit.finding import Finding, about, rule
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.table import grouped


@rule("excluded", "readings", "column")
def check_declared(evidence: Evidence) -> Iterator[Finding]:
    """Declared readings, excluded rows and ignored columns."""
    for row in evidence.arms:
        if row.use == "excluded":
            what = f"{row.subgroup}: {row.printed}" if row.subgroup else row.printed
            yield about(row, "excluded", "info", f"{what} is excluded: {row.reason}", "not modelled")
    modelled = [row for row in evidence.arms if row.modelled]
    for rows in grouped(modelled, lambda row: (row.study, row.arm, row.endpoint)).values():
        if len(rows) > 1:
            reason = _shared_sentences([row.reason for row in rows])
            message = f"the report contradicts itself and is read in {len(rows)} ways"
            yield about(
                rows[0], "readings", "warning", f"{message}: {reason}" if reason else message,
                "a mixture of the readings", tuple(_reading(row) for row in rows), tuple(row.line for row in rows),
            )  # fmt: skip
    for column in evidence.ignored_columns:
        message = f"column {column!r} of arms.csv means nothing here"
        yield Finding("column", "info", "", "", "", message, used_as="ignored")


def _reading(row: ArmRow) -> str:
    text = row.printed if row.printed.startswith(row.reading) else f"{row.reading}: {row.printed}"
    return text if row.reading_weight is None else f"{text}, weight {row.reading_weight:g}"


def _shared_sentences(reasons: list[str]) -> str:
    """The sentences with which all reasons begin: what was printed, before what each reading makes of it."""
    sentences = zip(*(re.split(r"(?<=\.)\s+", reason) for reason in reasons), strict=False)
    return " ".join(same[0] for same in takewhile(lambda each: len(set(each)) == 1, sentences))
