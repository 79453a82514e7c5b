"""A row of arms.csv as a record: one arm-endpoint as it was reported, and how it is written out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from reanalysis.evidence.candidates.printing import Percentage
from reanalysis.evidence.reading.cells import Events, Name, Percent, Weight, a_size, an_id, one_of, says

Use = Literal["primary", "sensitivity", "context", "excluded"]
Weighting = Literal["none", "iptw"]


@dataclass(frozen=True)
class ArmRow:
    """One row of arms.csv; its fields but the line are the columns, and each says what it holds.

    Without n every size that the figures allow is considered; readings without a weight weigh the same.
    """

    line: int
    study: Annotated[
        str, an_id("a study"), says("Id of the study, the same in every file; analysis.toml gives it a label.")
    ]
    arm: Annotated[str, one_of("control", "treated"), says("`control` or `treated`, in any case.")]
    endpoint: Annotated[str, an_id("an endpoint"), says("Id of the outcome that is counted, the same in every file.")]
    events: Annotated[
        Events,
        says(
            "Patients with the event as printed: a count, a range `0..1`, or nothing beside a percentage. "
            "`12/40` and `12 (30%)` are taken apart."
        ),
    ]
    n: Annotated[
        int | None,
        a_size(),
        says("Patients in the arm as printed; empty only where analysis.toml or another figure bounds it."),
    ]
    percent: Annotated[
        Percent, says("The percentage exactly as printed, without the sign: `63` or `13.0`. Its decimals matter.")
    ]
    subgroup: Annotated[
        Name, says("Part of the arm, such as a dose; empty for the whole arm. Parts are shown and never counted twice.")
    ]
    reading: Annotated[Name, says("Name of one of several ways to read a print that contradicts itself, one row each.")]
    reading_weight: Annotated[Weight, says("Weight of that reading against the others; all or none have one.")]
    weighting: Annotated[
        Weighting,
        one_of(*get_args(Weighting), default="none"),
        says("`iptw` for propensity-weighted rates, else `none` or empty."),
    ]
    timepoint: Annotated[str, says("When it was counted, in words.")]
    use: Annotated[
        Use,
        one_of(*get_args(Use), default="primary"),
        says("`primary` (or empty), `sensitivity`, `context` (shown) or `excluded`."),
    ]
    reason: Annotated[str, says("Why, where use is not primary.")]
    source: Annotated[str, says("Key of the source in sources.toml.")]
    locator: Annotated[str, says("Where it stands in that source.")]

    @property
    def modelled(self) -> bool:
        """Whether a model may use the row: the whole arm, neither context nor excluded."""
        return self.use in ("primary", "sensitivity") and not self.subgroup

    @property
    def printed(self) -> str:
        """What was printed, for tables: ``17 of 25 (68 %)``."""
        return printed_text(self.events, self.n, self.percent)


def counts_text(counts: tuple[int, int]) -> str:
    """``3`` or ``3 to 5``."""
    low, high = counts
    return str(low) if low == high else f"{low} to {high}"


def printed_text(events: tuple[int, int] | None, n: int | None, percent: Percentage | None) -> str:
    """What was printed, for tables: ``17 of 25 (68 %)``."""
    count = "" if events is None else counts_text(events)
    parts = [count] if count else []
    if n is not None:
        parts.append(f"of {n}" if count else f"n = {n}")
    text = " ".join(parts)
    if percent is None:
        return text
    return f"{text} ({percent})" if count else f"{percent}" + (f", {text}" if text else "")
