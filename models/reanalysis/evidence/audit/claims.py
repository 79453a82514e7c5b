"""Rule: what a source says of a difference in words agrees with its figures, and with what it says elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from reanalysis.evidence.audit.arithmetic import p_bounds
from reanalysis.evidence.audit.finding import Finding, about, rule
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.contrasts import ContrastRow
from reanalysis.evidence.reading.table import grouped

_LEVEL = 0.05
"""Customary level of a test: at or below it people call a difference one."""
_DIRECTION = {"lower": -1, "higher": 1, "similar": 0, "no difference": 0}
_SHOWN = "shown, never counted"


@rule("claim")
def check_claims(evidence: Evidence) -> Iterator[Finding]:
    """Each claim against the numbers beside it, and the claims of one endpoint against each other."""
    claims = [row for row in evidence.contrasts if row.claim and row.use != "excluded"]
    for row in claims:
        if said := _against_its_numbers(row):
            yield about(row, "claim", "warning", said, _SHOWN)
    for rows in grouped(claims, lambda row: (row.study, row.endpoint, row.subgroup)).values():
        for one, other in combinations(rows, 2):
            if _DIRECTION[one.claim] != _DIRECTION[other.claim]:
                message = f"the source contradicts itself in words: {_told(one)}, and {_told(other)}"
                yield about(one, "claim", "warning", message, _SHOWN, lines=(one.line, other.line))


def _against_its_numbers(row: ContrastRow) -> str:
    direction = _DIRECTION[row.claim]
    if row.has_interval and not float(row.lower) <= 1 <= float(row.upper):
        if direction != (1 if float(row.lower) > 1 else -1):
            return f"called {row.claim}, but {row.printed} says otherwise"
    elif direction and row.estimate and (float(row.estimate) - 1) * direction < 0:
        return f"called {row.claim}, but {row.printed} is on the other side"
    if row.p:
        low, high = p_bounds(row.p)
        if direction and low > _LEVEL:
            return f"called {row.claim} with {row.printed}"
        if row.claim == "no difference" and high < _LEVEL:
            return f"called no difference with {row.printed}"
    return ""


def _told(row: ContrastRow) -> str:
    return f"{row.claim} ({row.printed})" if row.has_figures else row.claim
