"""What a study is discounted by: its intra-arm correlation, its additive bias and its effective-size factor.

A bias has a size v in log odds: N(0, v^2) where nobody can tell its direction. Its direction declared, it is folded to
that side, with the mean v sqrt(2 / pi) and the variance v^2 (1 - 2 / pi) of a half-normal of that mean square. Where
analysis.toml has no ``[bias]`` the size follows from the design of the study and there is no direction; with it each
domain of risk_of_bias.csv that is judged adds a bias of the size of its judgement: means add, and variances do.

Source: Turner et al. 2009, J R Stat Soc A 172:21, whose assessors give each domain of each study a mean and a variance.
"""

from __future__ import annotations

import math

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, Problem
from reanalysis.evidence.reading.risk_of_bias import FILE as RISK_OF_BIAS
from reanalysis.evidence.reading.risk_of_bias import RiskOfBiasRow
from reanalysis.model.family import BIAS_SETTINGS
from reanalysis.model.spec import ModelSpec

_FOLDED = math.sqrt(2 / math.pi)
"""Mean of a half-normal of scale 1."""


def study_rho(evidence: Evidence, study: str, spec: ModelSpec) -> float:
    """Intra-arm correlation of a study: the specification's, else that of its design class, else 0."""
    if spec.rho is not None:
        return spec.rho
    if not spec.family.rho:
        return 0.0  # the model spreads or discounts in its own way
    design = evidence.study(study).design
    return 0.0 if design is None else float(getattr(evidence.settings.rho, design))


def study_bias(evidence: Evidence, study: str, endpoint: str, spec: ModelSpec) -> tuple[float, float]:
    """SD and mean of the additive bias of a study; 0 in models without it.

    An SD that the specification sets replaces that of the judgements, which keep their direction.

    Raises
    ------
    InvalidInput
        If a bias favours an arm and the endpoint has no good side.
    """
    design = evidence.study(study).design
    if not spec.family.bias or design is None:
        return 0.0, 0.0
    name = BIAS_SETTINGS[design].name
    judged = evidence.judgements(study, endpoint)
    sizes = evidence.settings.bias
    if sizes is None or not judged:
        return spec.number(name), 0.0
    mean = variance = 0.0
    for row in judged.values():
        size, side = sizes.of(row.judgement), _side(evidence, row, endpoint)
        mean += side * size * _FOLDED
        variance += size**2 * (1 - abs(side) * _FOLDED**2)
    return dict(spec.settings).get(name, math.sqrt(variance)), mean


def _side(evidence: Evidence, row: RiskOfBiasRow, endpoint: str) -> int:
    """Sign of what a bias adds to the log odds ratio, 0 where nobody can tell."""
    if not row.favours:
        return 0
    better = evidence.endpoint(endpoint).better
    if better is None:
        rule = f"which arm it favours has no sign: endpoint {endpoint!r} has no good side; set better in analysis.toml"
        raise InvalidInput([Problem(RISK_OF_BIAS, row.line, "direction", row.direction, rule)])
    return -1 if (row.favours == "treated") == (better == "lower") else 1


def study_k(evidence: Evidence, study: str, spec: ModelSpec) -> float:
    """Effective-size factor of a weighted study.

    Raises
    ------
    InvalidInput
        If neither the specification nor analysis.toml gives one.
    """
    k = spec.k if spec.k is not None else evidence.study(study).k
    if k is None:
        raise InvalidInput(
            [
                f"arms.csv: study {study!r} has weighted arms and no effective-size factor; "
                f"set [studies.{study}] k in analysis.toml or pass --k"
            ]
        )
    return k
