"""Outcomes: the headline under other specifications of the same evidence, all fitted in one place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from reanalysis.engines.errors import EngineError
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.quadrature.engine import effects as engine_effects
from reanalysis.estimands.headline import NO_AVERAGE, headline_study, why_no_headline
from reanalysis.estimands.measures import odds_ratio
from reanalysis.estimands.summary import Direction, QuantileTable, Summary, direction, summarise, tabulate
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.gates.result import CheckResult
from reanalysis.model.data import ModelData
from reanalysis.model.selection import select
from reanalysis.model.spec import Engine, ModelSpec

Setting = tuple[Evidence, ModelSpec]
"""Evidence and a specification: what an analyst sets before anything is fitted."""

Effects = dict[str | None, Marginal]
"""Log odds ratios: the average under None, a study's own under its id."""


@dataclass(frozen=True)
class Outcome:
    """The headline effect under one specification."""

    spec: ModelSpec
    """The whole specification."""
    studies: tuple[str, ...]
    """Studies that entered."""
    log_odds_ratio: Summary | None = None
    odds_ratio: Summary | None = None
    """The effect; None where it is not defined."""
    direction: Direction | None = None
    """Probabilities of its sides."""
    study: str | None = None
    """The study whose own effect it is; None for an average."""
    note: str = ""
    """Whose effect it is, or why there is none."""
    table: QuantileTable | None = field(default=None, repr=False)
    """The whole distribution of the log odds ratio."""
    group: str = ""
    label: str = ""
    """The choice that was varied, and the level it was set to, for readers."""
    primary: bool = False
    """Whether that is the level of the primary analysis."""
    gates: tuple[CheckResult, ...] = ()
    """What a sampled posterior must pass; empty for quadrature, which raises instead of failing a gate."""
    broken: bool = False
    """Whether there is no effect because the fit came to no result."""

    @property
    def below(self) -> float | None:
        """P(log odds ratio < 0)."""
        return None if self.direction is None else self.direction.below

    @property
    def benefit(self) -> float | None:
        """P(benefit), None where no side is declared good."""
        return None if self.direction is None else self.direction.benefit

    @property
    def chance(self) -> float | None:
        """P(benefit), P(log odds ratio < 0) where no side is declared good."""
        return self.below if self.benefit is None else self.benefit

    @property
    def model(self) -> str:
        """The model's name."""
        return self.spec.model

    @property
    def engine(self) -> Engine:
        """What fits the model here: quadrature where the model has it."""
        return "quadrature" if "quadrature" in self.spec.engines else "nuts"

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """Gates that the posterior did not pass."""
        return tuple(gate for gate in self.gates if gate.failed)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What went wrong, one sentence each: no result, or a gate that failed."""
        reasons = [self.note] if self.broken else [f"{gate.name}: {gate.text}" for gate in self.failed]
        return tuple(f"{self.model}: {reason}" for reason in reasons)

    def as_dict(self) -> dict[str, Any]:
        """The model and its effect as plain values for JSON; ``passed`` is null where there is no posterior."""
        return {
            "model": self.model,
            "engine": self.engine,
            "studies": list(self.studies),
            "study": self.study,
            "log_odds_ratio": None if self.log_odds_ratio is None else self.log_odds_ratio.as_dict(),
            "odds_ratio": None if self.odds_ratio is None else self.odds_ratio.as_dict(),
            "p_below_0": self.below,
            "p_benefit": self.benefit,
            "p_harm": None if self.direction is None else self.direction.harm,
            "passed": None if self.log_odds_ratio is None else not self.failed,
            "gates": [{"name": gate.name, "passed": gate.passed, "text": gate.text} for gate in self.gates],
            "note": self.note,
        }


def outcome(
    spec: ModelSpec, data: ModelData, effect: Marginal, better: str | None, study: str | None = None, note: str = ""
) -> Outcome:
    """Outcome of an effect that is known: the average, or the study's own."""
    summaries = summarise(effect), summarise(odds_ratio(effect))
    return Outcome(spec, data.names, *summaries, direction(effect, better), study, note, tabulate(effect, [0.0]))


def headlines(settings: Sequence[Setting], endpoint: str) -> list[list[Outcome]]:
    """Headline of one endpoint under each setting, by quadrature; without pooling the effect of every study.

    What is not defined, or could not be computed, is an outcome that says why.
    """
    found: dict[int, list[Outcome]] = {}
    pairs: dict[int, tuple[ModelSpec, ModelData]] = {}
    for index, (evidence, spec) in enumerate(settings):
        try:
            data = select(evidence, spec, endpoint).data
        except InvalidInput:
            found[index] = [Outcome(spec, (), note="not defined: no comparison is left")]
            continue
        reason = why_no_headline(spec, data)
        if reason and reason != NO_AVERAGE:
            found[index] = [Outcome(spec, data.names, note=f"not defined: {reason}")]
        else:
            pairs[index] = spec, data
    for (index, (spec, data)), fitted in zip(pairs.items(), effects(list(pairs.values())), strict=True):
        if isinstance(fitted, EngineError):
            found[index] = [Outcome(spec, data.names, note=f"not computed: {fitted}", broken=True)]
        else:
            found[index] = _outcomes(settings[index][0], endpoint, spec, data, fitted)
    return [found[index] for index in range(len(settings))]


def _outcomes(evidence: Evidence, endpoint: str, spec: ModelSpec, data: ModelData, found: Effects) -> list[Outcome]:
    better, made = evidence.endpoint(endpoint).better, []
    for study, effect in found.items():
        note = "average effect" if study is None else f"{evidence.study_label(study)}'s own effect"
        one = outcome(spec, data, effect, better, study, note)
        made.append(replace(one, studies=(str(study),), note="") if spec.pooling == "none" else one)
    return made


def effects(pairs: Sequence[tuple[ModelSpec, ModelData]]) -> list[Effects | EngineError]:
    """Headline effect of each specification of its data, by quadrature, or the error that keeps it from one.

    The only place where alternatives are fitted: all that are known are handed over together, because those of the
    same data that differ in the priors of mu and tau alone share their fit.

    Parameters
    ----------
    pairs : sequence of (ModelSpec, ModelData)
        Of models of contrasts. Without pooling each comparative study has its own effect.
    """
    asked: dict[tuple[ModelData, str | None], list[int]] = defaultdict(list)
    for index, (spec, data) in enumerate(pairs):
        for study in _whose(spec, data):
            asked[data, study].append(index)
    found: list[Effects] = [{} for _ in pairs]
    errors: dict[int, EngineError] = {}
    for (data, study), places in asked.items():
        for index, one in zip(places, engine_effects([pairs[i][0] for i in places], data, study), strict=True):
            if isinstance(one, EngineError):
                errors[index] = one
            else:
                found[index][study] = one
    return [errors.get(index, one) for index, one in enumerate(found)]


def _whose(spec: ModelSpec, data: ModelData) -> tuple[str | None, ...]:
    """Studies whose own effects are asked for; None is the average."""
    return data.comparative if spec.pooling == "none" else (headline_study(data),)


def as_table(outcomes: Iterable[Outcome]) -> pd.DataFrame:
    """One row an outcome, odds ratios beside log odds ratios."""
    rows = []
    for one in outcomes:
        row: dict[str, object] = {
            "group": one.group,
            "choice": one.label,
            "primary": one.primary,
            "studies": len(one.studies),
            "note": one.note,
            "p_below_0": one.below,
            "p_benefit": one.benefit,
        }
        if one.log_odds_ratio is not None:
            row |= {f"log_odds_ratio_{k}": v for k, v in one.log_odds_ratio.as_dict().items()}
            ratios = {k: float(np.exp(getattr(one.log_odds_ratio, k))) for k in ("median", "lower", "upper")}
            row |= {f"odds_ratio_{k}": v for k, v in ratios.items()}
        rows.append(row)
    return pd.DataFrame(rows)
