"""Rows of risk_of_bias.csv: judgements of each study by the seven domains of ROBINS-I.

ROBINS-I: Sterne et al. 2016, BMJ 355:i4919. Its domains are confounding; selection of participants; classification of
interventions; deviations from intended interventions; missing data; measurement of outcomes; selection of the reported
result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from reanalysis.evidence.problems import Problem
from reanalysis.evidence.reading.cells import Name, an_id, cell, one_of
from reanalysis.evidence.reading.table import Table, repeated

FILE = "risk_of_bias.csv"

Domain = Literal["confounding", "selection", "classification", "deviations", "missing data", "measurement", "reporting"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)
"""Short names of the seven domains, in the order of ROBINS-I; ``reporting`` is selection of the reported result."""

JudgementOfBias = Literal["low", "moderate", "serious", "critical", "no information"]
JUDGEMENTS: tuple[JudgementOfBias, ...] = get_args(JudgementOfBias)


@dataclass(frozen=True)
class RiskOfBiasRow:
    """One judgement: one domain of one study, of one endpoint or of all.

    Parameters
    ----------
    line : int
        Line in the file.
    study : str
        Id, as in arms.csv.
    endpoint : str
        Endpoint id, empty where the judgement holds for every endpoint that has none of its own.
    domain : str
        One of the seven of ROBINS-I.
    judgement : str
        How serious the bias may be.
    reason : str
        Why.
    source, locator : str
        Key in sources.toml of what it was judged from, and where in that.
    """

    line: int
    study: Annotated[str, an_id("a study")]
    endpoint: Name
    domain: Annotated[Domain, one_of(*DOMAINS)]
    judgement: Annotated[JudgementOfBias, one_of(*JUDGEMENTS)]
    reason: Annotated[str, cell("a judgement needs its reason", bool)]
    source: str
    locator: str


def read_risk_of_bias(path: Path) -> tuple[RiskOfBiasRow, ...]:
    """Read and validate risk_of_bias.csv.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    return _RISK_OF_BIAS.read(path)[0]


def _duplicates(file: str, rows: Sequence[RiskOfBiasRow]) -> Iterable[Problem]:
    def rule(row: RiskOfBiasRow, line: int) -> str:
        what = "/".join(part for part in (row.study, row.endpoint, row.domain) if part)
        return f"a judgement of {what} stands on line {line} already"

    return repeated(file, rows, lambda row: (row.study, row.endpoint, row.domain), rule)


_RISK_OF_BIAS = Table(RiskOfBiasRow, ("study", "domain", "judgement", "reason"), of_all=(_duplicates,))
