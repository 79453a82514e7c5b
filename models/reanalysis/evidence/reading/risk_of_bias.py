"""Rows of risk_of_bias.csv: judgements of each study by the seven domains of ROBINS-I.

ROBINS-I: Sterne et al. 2016, BMJ 355:i4919. Its domains are confounding; selection of participants; classification of
interventions; deviations from intended interventions; missing data; measurement of outcomes; selection of the reported
result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from reanalysis.evidence.problems import Problem
from reanalysis.evidence.reading.cell_rules import a_name, an_id, one_of, rule, schema
from reanalysis.evidence.reading.checked_rows import Layout, read_rows
from reanalysis.evidence.reading.text_table import TextRow

FILE = "risk_of_bias.csv"
COLUMNS = ("study", "endpoint", "domain", "judgement", "reason", "source", "locator")
REQUIRED = ("study", "domain", "judgement", "reason")

Domain = Literal["confounding", "selection", "classification", "deviations", "missing data", "measurement", "reporting"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)
"""Short names of the seven domains, in the order of ROBINS-I; ``reporting`` is selection of the reported result."""

JudgementOfBias = Literal["low", "moderate", "serious", "critical", "no information"]
JUDGEMENTS: tuple[JudgementOfBias, ...] = get_args(JudgementOfBias)

_SCHEMA = schema(
    {
        "study": an_id("a study"),
        "endpoint": a_name(),
        "domain": one_of(*DOMAINS),
        "judgement": one_of(*JUDGEMENTS),
        "reason": rule(lambda cell: cell != "", "a judgement needs its reason"),
    }
)


@dataclass(frozen=True)
class RiskOfBiasRow:
    """One judgement: one domain of one study, of one endpoint or of all.

    Parameters
    ----------
    line : int
        Line in the file.
    endpoint : str
        Endpoint id, empty where the judgement holds for every endpoint that has none of its own.
    domain : str
        One of :data:`DOMAINS`.
    judgement : str
        One of :data:`JUDGEMENTS`.
    reason : str
        Why.
    source, locator : str
        Key in sources.toml, and where in that source.
    """

    line: int
    study: str
    endpoint: str
    domain: Domain
    judgement: JudgementOfBias
    reason: str
    source: str
    locator: str


def read_risk_of_bias(path: Path) -> tuple[RiskOfBiasRow, ...]:
    """Read and validate risk_of_bias.csv.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    return read_rows(path, _LAYOUT)[0]


def _parsed(row: TextRow) -> RiskOfBiasRow:
    cells = row.cells
    return RiskOfBiasRow(
        line=row.line,
        study=cells["study"],
        endpoint=cells["endpoint"],
        domain=cells["domain"].lower(),  # type: ignore[arg-type]
        judgement=cells["judgement"].lower(),  # type: ignore[arg-type]
        reason=cells["reason"],
        source=cells["source"],
        locator=cells["locator"],
    )


def _duplicates(file: str, rows: Sequence[RiskOfBiasRow]) -> list[Problem]:
    seen: dict[tuple[str, str, str], int] = {}
    found = []
    for row in rows:
        key = row.study, row.endpoint, row.domain
        if key in seen:
            rule = f"a judgement of {'/'.join(part for part in key if part)} stands on line {seen[key]} already"
            found.append(Problem(file, row.line, "", "", rule))
        seen.setdefault(key, row.line)
    return found


_LAYOUT = Layout(COLUMNS, REQUIRED, _SCHEMA, _parsed, lambda file, row: [], (_duplicates,))
