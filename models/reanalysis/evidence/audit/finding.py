"""What did the audit find? One finding, tied to its rows and to what the likelihood does about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["info", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")


@dataclass(frozen=True)
class Finding:
    """One finding.

    Parameters
    ----------
    kind : str
        What was checked: ``count-percent``, ``rounding``, ``readings``, ``denominator``, ``subgroups``, ``nesting``,
        ``weighted-rate``, ``interval``, ``p-value``, ``excluded``, ``column``, ``not-a-count``.
    severity : {"info", "warning", "error"}
        ``error`` keeps a model from using the rows; "no finding" means none above ``info``.
    study, arm, endpoint : str
        Where; empty where it does not apply.
    message : str
        One or two sentences.
    feasible : tuple of str
        What the print allows, where it was searched.
    used_as : str
        What the likelihood does about it.
    lines : tuple of int
        Lines of arms.csv (or contrasts.csv for ratios).
    """

    kind: str
    severity: Severity
    study: str
    arm: str
    endpoint: str
    message: str
    feasible: tuple[str, ...] = ()
    used_as: str = ""
    lines: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """Stable name: what was found where, not on which line."""
        return "/".join(part for part in (self.kind, self.study, self.arm, self.endpoint) if part)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain = {"id": self.id, **asdict(self)}
        plain["feasible"], plain["lines"] = list(self.feasible), list(self.lines)
        return plain
