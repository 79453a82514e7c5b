"""The headline effect of an endpoint, with the control risks at which decisions are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import ndtr, ndtri

from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.headline import Headline, headline
from reanalysis.estimands.risks import named_baselines
from reanalysis.evidence.audit.ledger import require_consistent
from reanalysis.evidence.candidates.observation import Observation
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import printable
from reanalysis.evidence.reading.arms import counts_text
from reanalysis.evidence.reading.settings import Baseline, Endpoint
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

OWN_CONTROLS = "controls of these studies"
"""Name of the control risk that the studies themselves report."""

_REPLICATES, _POINTS = 8, 2**10


@dataclass(frozen=True)
class ControlRisk:
    """A control risk of one endpoint."""

    label: str
    """Whose figure it is."""
    risk: float
    """Proportion."""
    source: str = ""
    """Key in sources.toml, empty where it is the studies' own."""

    @classmethod
    def of(cls, baseline: Baseline) -> ControlRisk:
        """A control risk that the folder names."""
        return cls(baseline.label, baseline.percent / 100, baseline.source)


@dataclass(frozen=True)
class Patients:
    """Patients and studies behind an endpoint."""

    studies: int
    """Studies that compare two arms."""
    control: tuple[int, int]
    treated: tuple[int, int]
    """Fewest and most patients, equal where every denominator is reported."""

    @property
    def total(self) -> tuple[int, int]:
        """Fewest and most patients of both arms."""
        return self.control[0] + self.treated[0], self.control[1] + self.treated[1]

    @property
    def text(self) -> str:
        """``171``, or ``40 to 100`` where a denominator is not reported."""
        return counts_text(self.total)


@dataclass(frozen=True, repr=False)
class EndpointEffect:
    """One endpoint as it is published."""

    evidence: Evidence
    """The folder."""
    posterior: Posterior
    """Under the primary specification, by quadrature."""
    observations: dict[tuple[str, str], Observation]
    """What was reported, by (study, arm)."""

    def __repr__(self) -> str:
        return f"{printable(f'{self.label}, {self.of}')}\n{self.posterior!r}"

    @property
    def endpoint(self) -> str:
        """Endpoint id."""
        return self.posterior.endpoint

    @property
    def settings(self) -> Endpoint:
        """What analysis.toml says of it."""
        return self.evidence.endpoint(self.endpoint)

    @property
    def label(self) -> str:
        """Its name for readers."""
        return self.evidence.endpoint_label(self.endpoint)

    @cached_property
    def head(self) -> Headline:
        """The effect that stands for it."""
        return headline(self.posterior)

    @property
    def of(self) -> str:
        """Whose effect that is."""
        if self.head.study is None:
            return "average"
        return f"own effect of {self.evidence.study_label(self.head.study)}"

    @property
    def control_risks(self) -> tuple[ControlRisk, ...]:
        """Control risks at which it is reported."""
        return tuple(ControlRisk.of(one) for one in named_baselines(self.evidence, self.posterior))

    @cached_property
    def patients(self) -> Patients:
        """Patients of the studies that compare, silent ones among them."""
        names = {*self.head.comparative, *(one.study for one in self.posterior.data.silent)}
        arms: dict[str, list[int]] = {"control": [0, 0], "treated": [0, 0]}
        for (study, arm), observed in self.observations.items():
            if study in names:
                sizes = observed.candidates.n
                arms[arm][0] += round(min(sizes))
                arms[arm][1] += round(max(sizes))
        control, treated = ((low, high) for low, high in arms.values())
        return Patients(len(names), control, treated)


def endpoint_effect(evidence: Evidence, endpoint: str, spec: ModelSpec) -> EndpointEffect:
    """Fit one endpoint by quadrature.

    Raises
    ------
    InvalidInput
        If nothing compares it, or its reports contradict each other.
    EngineError
        If the posterior cannot be computed.
    """
    selection = select(evidence, spec, endpoint)
    require_consistent(evidence, (endpoint,))
    return EndpointEffect(evidence, fit(spec, selection.data), selection.observations)


def scenarios(effects: dict[str, EndpointEffect]) -> dict[str, dict[str, ControlRisk]]:
    """Control risks by label and endpoint: the studies' own controls, and a set for each label that endpoints declare.

    An endpoint without a figure of a label takes the risk of its own studies' controls, and says so in its label.
    """
    labels = dict.fromkeys(b.label for one in effects.values() for b in one.settings.baselines)
    own = {name: replace(one.control_risks[0], label=OWN_CONTROLS) for name, one in effects.items()}
    found = {OWN_CONTROLS: own}
    for label in labels:
        found[label] = dict(own)
        for name, one in effects.items():
            for baseline in one.settings.baselines:
                if baseline.label == label:
                    found[label][name] = ControlRisk.of(baseline)
    return found


def scrambled_points(dimensions: int, count: int, *seed: int) -> Array:
    """Scrambled Sobol points strictly within the unit cube, shape (count, dimensions)."""
    from scipy.stats import qmc  # takes half a second to load

    points = qmc.Sobol(dimensions, rng=np.random.default_rng(seed)).random(count)
    return np.asarray(np.clip(points, 1e-12, 1 - 1e-12))


def sampled_effects(effects: Mapping[str, EndpointEffect], correlation: float, seed: int) -> dict[str, Array]:
    """Quasi-random log odds ratios of all endpoints under a Gaussian copula of one correlation, the same for a seed.

    Returns
    -------
    dict of str to ndarray, shape (R, P)
        By endpoint: R independently scrambled Sobol sets of P points, whose differences say how accurate a mean is.
    """
    names = list(effects)
    sets = []
    for replicate in range(_REPLICATES):
        z = ndtri(scrambled_points(len(names) + 1, _POINTS, seed, 71, replicate))
        sets.append(np.sqrt(correlation) * z[:, :1] + np.sqrt(1 - correlation) * z[:, 1:])
    u = ndtr(np.stack(sets))
    return {
        name: np.asarray(one.head.log_odds_ratio.quantile(u[..., i].ravel())).reshape(u.shape[:2])
        for i, (name, one) in enumerate(effects.items())
    }
