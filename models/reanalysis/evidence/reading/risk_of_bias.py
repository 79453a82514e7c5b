"""Rows of risk_of_bias.csv: judgements of each study by the seven domains of ROBINS-I.

ROBINS-I: Sterne et al. 2016, BMJ 355:i4919. Its domains are confounding; selection of participants; classification of
interventions; deviations from intended interventions; missing data; measurement of outcomes; selection of the reported
result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from reanalysis.evidence.problems import Problem
from reanalysis.evidence.reading.cells import Name, an_id, cell, one_of, says
from reanalysis.evidence.reading.table import Table, repeated

FILE = "risk_of_bias.csv"

Domain = Literal["confounding", "selection", "classification", "deviations", "missing data", "measurement", "reporting"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)
"""Short names of the seven domains, in the order of ROBINS-I; ``reporting`` is selection of the reported result."""

JudgementOfBias = Literal["low", "moderate", "serious", "critical", "no information"]
JUDGEMENTS: tuple[JudgementOfBias, ...] = get_args(JudgementOfBias)

Direction = Literal["", "favours treated", "favours control"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
"""Which arm a bias makes look better, where that can be told. Towards or away from no effect is no direction of an
additive bias: its sign would be that of an effect nobody knows."""


@dataclass(frozen=True)
class RiskOfBiasRow:
    """One judgement: one domain of one study, of one endpoint or of all; its fields but the line are the columns."""

    line: int
    study: Annotated[str, an_id("a study"), says("Id of the study, as in arms.csv.")]
    endpoint: Annotated[
        Name, says("Id of the outcome; empty where the judgement holds for every outcome that has none of its own.")
    ]
    domain: Annotated[
        Domain,
        one_of(*DOMAINS),
        says(f"Domain of ROBINS-I: {', '.join(DOMAINS)}."),
    ]
    judgement: Annotated[JudgementOfBias, one_of(*JUDGEMENTS), says(f"One of {', '.join(JUDGEMENTS)}.")]
    reason: Annotated[str, cell("a judgement needs its reason", bool), says("Why; needed.")]
    source: Annotated[str, says("Key of the source in sources.toml.")]
    locator: Annotated[str, says("Where it stands in that source.")]
    direction: Annotated[
        Direction,
        one_of(*DIRECTIONS[1:], default="", rule="must be favours treated, favours control, or empty"),
        says("Arm that the bias favours, favours treated or favours control; empty where that cannot be told."),
    ] = ""

    @property
    def favours(self) -> str:
        """The arm that the bias favours, empty where that cannot be told."""
        return self.direction.removeprefix("favours ")


def _duplicates(file: str, rows: Sequence[RiskOfBiasRow]) -> Iterable[Problem]:
    def rule(row: RiskOfBiasRow, there: str) -> str:
        what = "/".join(part for part in (row.study, row.endpoint, row.domain) if part)
        return f"a judgement of {what} stands on {there} already"

    return repeated(file, rows, lambda row: (row.study, row.endpoint, row.domain), rule)


RISK_OF_BIAS = Table(RiskOfBiasRow, ("study", "domain", "judgement", "reason"), of_all=(_duplicates,))
