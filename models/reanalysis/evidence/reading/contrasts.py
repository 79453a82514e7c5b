"""contrasts.csv: ratios, p-values, figures that are no counts, and what a source says of a difference in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from reanalysis.evidence.problems import Problem, spot
from reanalysis.evidence.reading.cells import NUMBER, Name, an_id, between, like, number, one_of, says
from reanalysis.evidence.reading.table import Breach, Table

WORDS_ONLY = "words only"

Use = Literal["sensitivity", "context", "excluded"]

Claim = Literal["similar", "no difference", "lower", "higher"]
CLAIMS: tuple[Claim, ...] = get_args(Claim)
"""What a source says in words of the treated arm against the control arm."""

_NUMBER, _P_VALUE = like(NUMBER), like(rf"[<>=]?\s*{NUMBER}")


def _level(text: str) -> float:
    level = float(text or "0.95")
    return level / 100 if level > 1 else level


def p_number(p: str) -> float:
    """The number of a printed p-value such as ``<0.001``."""
    return float(p.lstrip("<>= "))


_MEASURE = one_of("OR", "HR", "RR", default="", rule="must be OR, HR or RR, or empty")
_RATIO = number("must be a number above 0 as printed (from 1e-9 to 1e9), or empty", between(1e-9, 1e9))
_LEVEL = number(
    "must be the coverage of the interval, such as 0.95 or 95",
    lambda text: _NUMBER(text) and 0 < _level(text) < 1,
    _level,
)
_P = number(
    "must be a p-value from 0 to 1 as printed, such as 0.03 or <0.001, or empty",
    lambda text: _P_VALUE(text) and p_number(text) <= 1,
)
_CLAIM = one_of(
    *CLAIMS,
    default="",
    rule=f"must be {', '.join(CLAIMS[:-1])} or {CLAIMS[-1]}: what the source says in words of treated against control; "
    "or empty",
)
_USE = one_of(
    *get_args(Use),
    default="sensitivity",
    rule="must be sensitivity, context or excluded: a ratio never enters the primary model",
)


@dataclass(frozen=True)
class ContrastRow:
    """One row of contrasts.csv; its fields but the line are the columns. Numbers keep the text they were printed as."""

    line: int
    study: Annotated[str, an_id("a study"), says("Id of the study, as in arms.csv.")]
    endpoint: Annotated[str, an_id("an endpoint"), says("Id of the outcome, as in arms.csv or of its own.")]
    subgroup: Annotated[Name, says("Part of the treated arm that is compared; empty for the whole arm.")]
    measure: Annotated[str, _MEASURE, says("`OR`, `HR` or `RR` where a ratio is printed.")]
    estimate: Annotated[str, _RATIO, says("The ratio exactly as printed, treated over control.")]
    lower: Annotated[str, _RATIO, says("Lower bound of its interval as printed.")]
    upper: Annotated[str, _RATIO, says("Upper bound of its interval as printed.")]
    level: Annotated[float, _LEVEL, says("Coverage of the interval, `0.95` or `95`; 95 % where empty.")]
    p: Annotated[str, _P, says("p-value exactly as printed: `0.03` or `<0.001`.")]
    claim: Annotated[
        Claim | Literal[""],
        _CLAIM,
        says(f"What the source says in words of treated against control: {', '.join(CLAIMS)}."),
    ]
    treated: Annotated[
        Name, says("A figure of the treated arm that is no count, as printed, such as `3 (IQR 2 to 5.5)`.")
    ]
    control: Annotated[Name, says("The same of the control arm.")]
    unit: Annotated[Name, says("What these figures are, such as `days, median`.")]
    adjustment: Annotated[
        str,
        says("What the ratio is adjusted for, in words; `none` for a crude one, which is checked against the counts."),
    ]
    use: Annotated[
        Use,
        _USE,
        says(
            "`sensitivity` (or empty), one ratio of a study and endpoint, that may stand for its counts; "
            "`context`, shown and checked; or `excluded`."
        ),
    ]
    reason: Annotated[str, says("Why, where use is not sensitivity.")]
    source: Annotated[str, says("Key of the source in sources.toml.")]
    locator: Annotated[str, says("Where it stands in that source.")]

    @property
    def has_interval(self) -> bool:
        """Whether a ratio and both bounds are printed."""
        return bool(self.estimate and self.lower and self.upper)

    @property
    def log_ratio(self) -> float:
        """Log of the printed ratio."""
        return math.log(float(self.estimate))

    @property
    def standard_error(self) -> float:
        """Standard error of the log ratio implied by the printed interval."""
        from scipy.special import ndtri

        width = math.log(float(self.upper)) - math.log(float(self.lower))
        return width / (2 * float(ndtri(0.5 + self.level / 2)))

    @property
    def has_figures(self) -> bool:
        """Whether anything is printed in numbers: a ratio, a p-value, or figures of an arm."""
        return bool(self.estimate or self.p or self.treated or self.control)

    @property
    def figures(self) -> str:
        """Printed figures that are no ratio, as text: ``4 against 6 days``; empty where there are none."""
        both = self.treated and self.control
        arms = f"{self.treated} against {self.control}" if both else self.treated or self.control
        if not arms:
            return ""
        alone = "" if both else f" ({'treated' if self.treated else 'control'} arm alone)"
        part = f"{self.subgroup}: " if self.subgroup else ""
        return f"{part}{arms}{self.unit and f' {self.unit}'}{alone}"

    @property
    def in_words(self) -> str:
        """What the source says in words: ``IV: lower``; empty where it says nothing."""
        return f"{self.subgroup}: {self.claim}" if self.subgroup and self.claim else self.claim

    @property
    def printed(self) -> str:
        """What was printed in numbers, for tables; what was said where no number was."""
        parts = []
        if self.estimate:
            interval = f" ({self.lower} to {self.upper})" if self.lower else ""
            parts.append(f"{self.measure} {self.estimate}{interval}")
        if self.figures:
            parts.append(self.figures)
        if self.p:
            parts.append(f"p {self.p}" if self.p[0] in "<>" else f"p = {self.p}")
        return "; ".join(parts) or (f"in words: {self.in_words}" if self.claim else WORDS_ONLY)


def _of_row(row: ContrastRow) -> Iterator[Breach]:
    if row.estimate and not row.measure:
        yield "measure", "", "an estimate needs its measure: OR, HR or RR"
    if row.subgroup and row.use == "sensitivity":
        yield "use", row.use, "what is said of a part of an arm enters no model: use must be context or excluded"
    if row.unit and not (row.treated or row.control):
        yield "unit", row.unit, "a unit needs a figure of an arm"
    if bool(row.lower) != bool(row.upper):
        yield "upper" if row.lower else "lower", "", "an interval needs both bounds"
    elif row.lower:
        if not float(row.lower) < float(row.upper):
            yield "upper", row.upper, f"must exceed the lower bound {row.lower}"
        elif row.estimate and not float(row.lower) <= float(row.estimate) <= float(row.upper):
            yield "estimate", row.estimate, f"must lie in its interval {row.lower} to {row.upper}"
    if row.use != "sensitivity" and not row.reason:
        yield "reason", "", f"a reason is needed where use is {row.use}"


def _duplicates(file: str, rows: Sequence[ContrastRow]) -> Iterator[Problem]:
    printed: dict[tuple[str, ...], int] = {}
    entering: dict[tuple[str, ...], int] = {}
    for row in rows:
        same = (row.study, row.endpoint, row.adjustment, row.printed)
        if same in printed and row.has_figures:
            rule = f"the same ratio stands on {spot(file, printed[same])} already"
            yield Problem(file, row.line, "", row.printed, rule)
        elif row.use == "sensitivity" and row.has_interval:
            key = (row.study, row.endpoint)
            if key in entering:
                rule = (
                    f"the ratio on {spot(file, entering[key])} is of use sensitivity already; "
                    "one ratio of a study and endpoint can be, the others are context"
                )
                yield Problem(file, row.line, "use", row.use, rule)
            entering.setdefault(key, row.line)
        printed.setdefault(same, row.line)


CONTRASTS = Table(
    ContrastRow, ("study", "endpoint"), _of_row, (_duplicates,), printed=("estimate", "lower", "upper", "p")
)
