"""A finding of the audit, tied to its rows and to what the likelihood does about it, and the rule that makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Literal

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.contrasts import ContrastRow

Severity = Literal["info", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")

REFUSED = "refused until readings are declared"

_MOST_FEASIBLE = 100


@dataclass(frozen=True)
class Finding:
    """One finding."""

    kind: str
    """What was checked: one of the kinds that its rule declares."""
    severity: Severity
    """``error`` keeps a model from using the rows; "no finding" means none above ``info``."""
    study: str
    arm: str
    endpoint: str
    """Where; empty where it does not apply."""
    message: str
    """One or two sentences."""
    feasible: tuple[str, ...] = ()
    """What the figures allow, where it was searched."""
    used_as: str = ""
    """What the likelihood does about it."""
    table: Literal["arms", "contrasts", "benchmarks"] = "arms"
    """Table that the lines are of."""
    lines: tuple[int, ...] = ()
    """Lines of the rows concerned."""

    @property
    def where(self) -> str:
        """Study, arm and endpoint, as far as they apply."""
        return "/".join(part for part in (self.study, self.arm, self.endpoint) if part)

    @property
    def id(self) -> str:
        """Stable name: what was found where, not on which line."""
        return "/".join(part for part in (self.kind, self.where) if part)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain = {"id": self.id, **asdict(self)}
        plain["feasible"], plain["lines"] = list(self.feasible), list(self.lines)
        return plain


@dataclass(frozen=True)
class Rule:
    """A rule of the audit."""

    kinds: tuple[str, ...]
    """Every kind of finding that it can make."""
    check: Callable[[Evidence], Iterator[Finding]]
    """From the evidence of a folder to what breaks the rule, or is decided by it."""

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Findings in a folder.

        Raises
        ------
        ValueError
            If one is of a kind that the rule does not declare.
        """
        for finding in self.check(evidence):
            if finding.kind not in self.kinds:
                raise ValueError(f"{self.check.__name__} makes findings of {', '.join(self.kinds)}, not {finding.kind}")
            yield finding


def rule(*kinds: str) -> Callable[[Callable[[Evidence], Iterator[Finding]]], Rule]:
    """Declare a function of the evidence to be a rule of the audit that makes findings of these kinds."""
    return lambda check: Rule(kinds, check)


def about(
    row: ArmRow | ContrastRow,
    kind: str,
    severity: Severity,
    message: str,
    used_as: str,
    feasible: tuple[str, ...] = (),
    lines: tuple[int, ...] = (),
) -> Finding:
    """A finding where a row stands, and of its line if of no others."""
    lines = lines or (row.line,)
    if isinstance(row, ArmRow):
        return Finding(kind, severity, row.study, row.arm, row.endpoint, message, feasible, used_as, "arms", lines)
    return Finding(kind, severity, row.study, "", row.endpoint, message, feasible, used_as, "contrasts", lines)


def allowed(texts: Iterable[str], many: int) -> tuple[str, ...]:
    """What figures allow: the first 100 of ``many`` texts, and how many more there are."""
    more = many - _MOST_FEASIBLE
    shown = tuple(islice(texts, _MOST_FEASIBLE))
    return (*shown, f"and {more} more") if more > 0 else shown


def used(row: ArmRow | ContrastRow, modelled_as: str) -> str:
    """What the likelihood makes of a row: as described where it is modelled, nothing otherwise."""
    modelled = row.modelled if isinstance(row, ArmRow) else row.use == "sensitivity"
    return modelled_as if modelled else f"not modelled ({row.use})"
