"""The model in which all rates share one Beta distribution.

    y_s ~ Binomial(n_s, p_s)      p_s ~ Beta(alpha, beta)      p(alpha, beta) proportional to (alpha + beta)^(-5/2)

Source: Gelman et al., Bayesian Data Analysis, 3rd edition, section 5.3. The rates are integrated out exactly (each
arm is beta-binomial), leaving the plane of v = log(alpha / beta) and t = log(alpha + beta).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaln, expit, log_expit, logit, logsumexp

from reanalysis.engines.beta_rate import arms_of, beta_rates_draws, largest_total, log_report
from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.interpolation import cumulative_integral
from reanalysis.engines.marginal import GridMarginal, MappedMarginal
from reanalysis.engines.posterior import Marginals, Posterior
from reanalysis.engines.quadrature.functional import Along, FunctionalMarginal
from reanalysis.engines.quadrature.registered import QuadratureModel
from reanalysis.engines.quadrature.sampling import CHAINS, DRAWS
from reanalysis.engines.streams import stream
from reanalysis.engines.tree import to_tree
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array

if TYPE_CHECKING:
    from xarray import DataTree

_CUT = 26.0
_V_NODES, _T_NODES = 49, 73
_MOST_V_NODES = 1000
_RESOLVED = 1.6
"""Nodes of v by SD of v given t, at least."""

_RATE_STEP = 0.4
"""Step between nodes of a rate, where they are closest, in SDs of the narrowest component."""

_FAR, _FARTHEST = 40.0, 700.0
"""Logs of probability that a tail is followed, and the logit it ends at."""


@dataclass(frozen=True)
class BetaRates:
    """Posterior of (v, t) on a grid."""

    v: Array
    t: Array
    """Uniform nodes of log(alpha / beta) and log(alpha + beta), shape (V,)."""
    mass: Array
    """Posterior masses, summing to 1, shape (V, T)."""
    arms: tuple[Candidates, ...]
    """Observations by study."""
    mode: tuple[float, float]
    """Posterior mode of (v, t)."""
    bound: float
    """Largest alpha + beta allowed."""

    @cached_property
    def _shape(self) -> tuple[Array, Array]:
        total = np.exp(self.t)[None, :]
        return total * expit(self.v)[:, None], total * expit(-self.v)[:, None]

    @cached_property
    def _along_total(self) -> Along:
        step = float(self.t[1] - self.t[0])
        return Along(self.t[None, :1], step, self.mass / step, cumulative_integral(self.mass / step, step))

    def alpha(self) -> MappedMarginal:
        """Posterior of alpha."""
        return self._parameter(expit(self.v)[:, None])

    def beta(self) -> MappedMarginal:
        """Posterior of beta."""
        return self._parameter(expit(-self.v)[:, None])

    def _parameter(self, share: Array) -> MappedMarginal:
        """Alpha or beta: its share of alpha + beta, which depends on v alone, times exp(t)."""
        log_parameter = FunctionalMarginal(
            self._along_total,
            (self.t[None, :] + np.log(share)).ravel(),
            self.mass.ravel(),
            partial(_total_of, log_share=np.log(share)),
        )
        return MappedMarginal(log_parameter, np.exp, np.log)

    def mean_rate(self) -> MappedMarginal:
        """Posterior of alpha / (alpha + beta)."""
        return MappedMarginal(GridMarginal.from_density(self.v, self.mass.sum(axis=1)), expit, logit)

    def new_rate(self) -> MappedMarginal:
        """Predictive distribution of the rate of a new study."""
        return self._rate(*self._shape, self.mass)

    def rate(self, study: int) -> MappedMarginal:
        """Posterior of one study's rate: Beta(alpha + y, beta + n - y) mixed over the plane and the candidates."""
        arm = self.arms[study]
        alpha, beta = self._shape
        x, n = arm.x[:, None, None], arm.size[:, None, None]
        if arm.certain:
            return self._rate(alpha + x[0], beta + n[0] - x[0], self.mass)
        log_share = log_report(arm, alpha, beta)
        share = np.exp(log_share - logsumexp(log_share, axis=0)) * self.mass
        return self._rate(alpha + x, beta + n - x, share)

    def sample(self, rng: np.random.Generator, chains: int, draws: int) -> tuple[Array, Array]:
        """Joint draws of alpha and beta, each of shape (chains, draws)."""
        count = chains * draws
        cell = rng.choice(self.mass.size, size=count, p=self.mass.ravel())
        row, column = np.unravel_index(cell, self.mass.shape)
        v = self.v[row] + (self.v[1] - self.v[0]) * rng.uniform(-0.5, 0.5, count)
        t = self.t[column] + (self.t[1] - self.t[0]) * rng.uniform(-0.5, 0.5, count)
        alpha, beta = np.exp(t) * expit(v), np.exp(t) * expit(-v)
        return alpha.reshape(chains, draws), beta.reshape(chains, draws)

    def _rate(self, alpha: Array, beta: Array, mass: Array) -> MappedMarginal:
        """Mixture of Beta distributions, integrated along u = arsinh((logit - c) / w).

        Every component is smooth on the logit scale, but components of large alpha + beta are narrow and those of small
        alpha + beta reach far: nodes lie close around the centres, and further apart the further out.
        """
        used = mass > _heaviest(mass, 1e-7)
        a, b, weight = alpha[used], beta[used], mass[used]
        centre, spread = np.log(a / b), np.sqrt(1 / a + 1 / b)
        middle = float(np.average(centre, weights=weight))
        narrowest = float(spread.min())
        scale = max(narrowest, float(np.sqrt(np.average((centre - middle) ** 2, weights=weight))))
        ends = np.array([np.min(centre - 8 * spread - _FAR / a), np.max(centre + 8 * spread + _FAR / b)])
        low, high = np.arcsinh((np.clip(ends, -_FARTHEST, _FARTHEST) - middle) / scale)
        u = np.linspace(low, high, 1 + int(np.ceil((high - low) * scale / (_RATE_STEP * narrowest))))
        theta = middle + scale * np.sinh(u)
        log_p, log_q = log_expit(theta), log_expit(-theta)
        constant = np.log(weight) - betaln(a, b)
        density = np.empty_like(theta)
        for start in range(0, len(theta), 64):  # keep the (nodes x mixture) block small
            block = slice(start, start + 64)
            density[block] = np.exp(
                np.multiply.outer(log_p[block], a) + np.multiply.outer(log_q[block], b) + constant
            ).sum(axis=1)
        return MappedMarginal(
            GridMarginal.from_density(u, density * np.cosh(u)),
            partial(_rate_at, middle=middle, scale=scale),
            partial(_at_rate, middle=middle, scale=scale),
        )


def _heaviest(mass: Array, rest: float) -> float:
    """The mass of a cell such that all lighter cells together hold a share ``rest``."""
    ordered = np.sort(mass, axis=None)
    return float(ordered[min(int(np.searchsorted(np.cumsum(ordered), rest * ordered.sum())), len(ordered) - 1)]) * 0.999


def solve_beta(arms: tuple[Candidates, ...]) -> BetaRates:
    """Posterior of alpha and beta.

    Raises
    ------
    QuadratureError
        If mass reaches the edge of the grid where the model does not end.
    """
    bound = largest_total(arms)
    top = float(np.log(bound))
    window = [-25.0, 25.0, -30.0, top]
    for _ in range(12):
        v, t, log_density = _surface(arms, window, 41, 41)
        keep = log_density > log_density.max() - _CUT
        rows, columns = np.flatnonzero(keep.any(axis=1)), np.flatnonzero(keep.any(axis=0))
        smaller = [
            v[max(rows[0] - 1, 0)],
            v[min(rows[-1] + 1, len(v) - 1)],
            t[max(columns[0] - 1, 0)],
            t[min(columns[-1] + 1, len(t) - 1)],
        ]
        done = all(smaller[i + 1] - smaller[i] > 0.8 * (window[i + 1] - window[i]) for i in (0, 2))
        window = [float(edge) for edge in smaller]
        if done:
            break
    v_nodes = _V_NODES
    while True:
        v, t, log_density = _surface(arms, window, v_nodes, _T_NODES)
        mass = np.exp(log_density - log_density.max())
        if _narrowest(v, mass) > _RESOLVED * (v[1] - v[0]) or v_nodes > _MOST_V_NODES:
            break
        v_nodes = 2 * v_nodes - 1
    mass[[0, -1]] *= 0.5
    mass[:, [0, -1]] *= 0.5
    mass /= mass.sum()
    edges = [mass[0].max(), mass[-1].max(), mass[:, 0].max()]
    if window[3] < top:
        edges.append(mass[:, -1].max())
    if max(edges) > 1e-5 * mass.max():
        raise QuadratureError(f"posterior mass of (alpha, beta) reaches the edge of its grid {window}")
    return BetaRates(v, t, mass, arms, _mode(arms, v, t, log_density), bound)


def _narrowest(v: Array, mass: Array) -> float:
    """Smallest SD of v given t, among the t that count."""
    by_t = mass.sum(axis=0)
    counts = by_t > 1e-6 * by_t.max()
    share = mass[:, counts] / by_t[counts]
    return float(np.sqrt((share * (v[:, None] - v @ share) ** 2).sum(axis=0).min()))


def _surface(
    arms: tuple[Candidates, ...], window: list[float], v_nodes: int, t_nodes: int
) -> tuple[Array, Array, Array]:
    v, t = np.linspace(window[0], window[1], v_nodes), np.linspace(window[2], window[3], t_nodes)
    return v, t, _log_posterior(arms, v[:, None], t[None, :])


def _log_posterior(arms: tuple[Candidates, ...], v: Array, t: Array) -> Array:
    """Log density of (v, t): alpha beta (alpha + beta)^(-5/2) times the beta-binomial likelihood."""
    log_alpha, log_beta = t - np.logaddexp(0.0, -v), t - np.logaddexp(0.0, v)
    alpha, beta = np.exp(log_alpha), np.exp(log_beta)
    total = log_alpha + log_beta - 2.5 * t
    same: dict[Candidates, int] = {}
    for arm in arms:
        same[arm] = same.get(arm, 0) + 1
    for arm, times in same.items():
        total = total + times * logsumexp(log_report(arm, alpha, beta), axis=0)
    return total


def _mode(arms: tuple[Candidates, ...], v: Array, t: Array, log_density: Array) -> tuple[float, float]:
    from scipy.optimize import minimize

    row, column = np.unravel_index(int(np.argmax(log_density)), log_density.shape)

    def minus_log_posterior(at: Array) -> float:
        return -float(_log_posterior(arms, at[:1, None], at[1:, None])[0, 0])

    found = minimize(
        minus_log_posterior,
        x0=np.array([v[row], t[column]]),
        method="Nelder-Mead",
        options={"xatol": 1e-6, "fatol": 1e-10},
        bounds=((float(v[0]), float(v[-1])), (float(t[0]), float(t[-1]))),
    )
    return float(found.x[0]), float(found.x[1])


def _posterior(spec: ModelSpec, data: ModelData) -> Posterior:
    joint = solve_beta(arms_of(spec, data))
    return Posterior(
        spec=spec,
        data=data,
        engine="quadrature",
        overall=Marginals(
            {
                "alpha": joint.alpha,
                "beta": joint.beta,
                "mean_rate": joint.mean_rate,
                "rate_new": joint.new_rate,
            }
        ),
        study={
            study.study: Marginals({"rate": partial(joint.rate, index)}) for index, study in enumerate(data.studies)
        },
        make_tree=partial(_tree, spec, data),
        mode={"log_alpha_over_beta": joint.mode[0], "log_alpha_plus_beta": joint.mode[1]},
        bound=joint.bound,
    )


def _tree(spec: ModelSpec, data: ModelData) -> DataTree:
    rng = stream(spec, data, "draws from quadrature")
    draws = beta_rates_draws(spec, data, *solve_beta(arms_of(spec, data)).sample(rng, CHAINS, DRAWS), rng)
    return to_tree(spec, data, "quadrature", draws, None)


def _total_of(x: Array, log_share: Array) -> tuple[Array, Array]:
    """log(alpha + beta) where the logarithm of a fraction of it is x, and its slope."""
    return x - log_share, np.ones((len(log_share), x.shape[1]))


def _rate_at(at: Array, middle: float, scale: float) -> Array:
    """A rate on the grid that is fine where the rate is likely."""
    return expit(middle + scale * np.sinh(at))


def _at_rate(rate: Array, middle: float, scale: float) -> Array:
    """The inverse."""
    return np.arcsinh((logit(rate) - middle) / scale)


MODELS = {"beta-rates": QuadratureModel(lambda specs, data: [_posterior(spec, data) for spec in specs])}
