"""An independent posterior: dense uniform grids, sums of positive terms, scipy's own probability functions.

Nothing here is shared with the quadrature engine, and nothing is clever: no Fourier transform, no windows, no
adaptive nodes. Each convolution with Normal(0, tau^2) is a sum over a fine grid (Gauss-Hermite where tau is below
its step), so that every term is positive and keeps its relative precision however far apart the studies lie. Slow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.special import betaln, expit, logit, logsumexp

from engines.frozen_priors import frozen
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.spec import ModelSpec

Array = NDArray[np.float64]


def arm_log_likelihood(candidates: Any, eta: Array, rho: float) -> Array:
    """Log probability of a print, through scipy's Beta function (pseudo-counts have no scipy pmf)."""
    if candidates is None:
        return np.zeros_like(eta)
    log_p, log_q = -np.logaddexp(0, -eta), -np.logaddexp(0, eta)
    terms = []
    for x, n, weight in zip(candidates.events, candidates.n, candidates.weight, strict=True):
        choose = -np.log(n + 1) - betaln(x + 1, n - x + 1)
        if rho == 0:
            term = x * log_p + (n - x) * log_q
        else:
            m = (1 - rho) / rho
            a, b = np.maximum(m * np.exp(log_p), 1e-290), np.maximum(m * np.exp(log_q), 1e-290)
            term = betaln(x + a, n - x + b) - betaln(a, b)
        terms.append(np.log(weight) + choose + term)
    return np.asarray(logsumexp(terms, axis=0))


@dataclass(frozen=True)
class Density:
    """A density on dense uniform nodes; its distribution function is that of the spline through it."""

    x: Array
    values: Array

    @cached_property
    def _weight(self) -> Array:
        return self.values / self.values.sum()

    @cached_property
    def _integral(self) -> Any:
        return CubicSpline(self.x, self.values).antiderivative()

    def mean(self) -> float:
        return float(self._weight @ self.x)

    def sd(self) -> float:
        return float(np.sqrt(self._weight @ (self.x - self.mean()) ** 2))

    def cdf(self, at: Array) -> Array:
        inside = np.clip(at, self.x[0], self.x[-1])
        return np.asarray(self._integral(inside) / self._integral(self.x[-1]))

    def quantile(self, probability: Array) -> Array:
        cumulative = self._integral(self.x) / self._integral(self.x[-1])
        found = np.interp(probability, cumulative, self.x)
        for _ in range(6):
            slope = np.interp(found, self.x, self.values) / (self._weight.sum() * self._integral(self.x[-1]))
            found = found - (self.cdf(found) - probability) / slope
        return found


@dataclass(frozen=True)
class Panels:
    """A density known at the nodes of Gauss-Legendre panels: no smoothness is asked for at the ends."""

    edges: Array
    nodes: Array  # (panels, order)
    weights: Array
    values: Array

    def mean(self) -> float:
        mass = self.weights * self.values
        return float((mass * self.nodes).sum() / mass.sum())

    def sd(self) -> float:
        mass = self.weights * self.values
        return float(np.sqrt((mass * (self.nodes - self.mean()) ** 2).sum() / mass.sum()))

    def cdf(self, at: Array) -> Array:
        return np.array([self._cdf(float(t)) for t in np.atleast_1d(at)])

    def _cdf(self, at: float) -> float:
        mass = (self.weights * self.values).sum(axis=1)
        panel = int(np.clip(np.searchsorted(self.edges, at) - 1, 0, len(mass) - 1))
        low, high = self.edges[panel], self.edges[panel + 1]
        order = self.nodes.shape[1]
        local = np.polynomial.legendre.leggauss(order)[0]
        polynomial = np.polynomial.legendre.legfit(local, self.values[panel], order - 1)
        integral = np.polynomial.legendre.legint(polynomial, lbnd=-1)
        t = np.clip(2 * (at - low) / (high - low) - 1, -1, 1)
        part = np.polynomial.legendre.legval(t, integral) * (high - low) / 2
        return float((mass[:panel].sum() + part) / mass.sum())

    def quantile(self, probability: Array) -> Array:
        low, high = self.edges[0], self.edges[-1]
        return np.array([brentq(lambda t, p=p: self._cdf(t) - p, low, high, xtol=1e-12) for p in probability])


@dataclass(frozen=True)
class Functional:
    """g(a, b) of the control logit a and the treated logit b, under their joint density on a dense grid.

    P(g <= x) is a sum over one logit of a cumulative integral along the other. Summed over a, the integral ends at the
    b that makes g equal x; where that b runs to infinity within the grid the sum converges slowly, so each x is given
    the logit to sum over for which that happens where there is no mass.
    """

    a: Array
    b: Array
    density: Array  # (A, B)
    values: Array  # (A, B), decreasing in a and increasing in b
    treated_at: Callable[[float], Array]  # the b at which g is x, for every a
    control_at: Callable[[float], Array]  # the a at which g is x, for every b
    over_control: Callable[[float], bool]

    def mean(self) -> float:
        return float((self.density * self.values).sum() / self.density.sum())

    def sd(self) -> float:
        return float(np.sqrt((self.density * (self.values - self.mean()) ** 2).sum() / self.density.sum()))

    @cached_property
    def _along_treated(self) -> tuple[Array, float]:
        antiderivative = CubicSpline(self.b, self.density, axis=1).antiderivative()
        return antiderivative.c, float(antiderivative(self.b[-1]).sum())

    @cached_property
    def _along_control(self) -> tuple[Array, float]:
        antiderivative = CubicSpline(self.a, self.density.T, axis=1).antiderivative()
        return antiderivative.c, float(antiderivative(self.a[-1]).sum())

    def cdf(self, at: Array) -> Array:
        return np.array([self._cdf(float(x)) for x in np.atleast_1d(at)])

    def _cdf(self, x: float) -> float:
        if self.over_control(x):
            return _row_sums(self._along_treated, self.b, self.treated_at(x))
        return 1 - _row_sums(self._along_control, self.a, self.control_at(x))

    def quantile(self, probability: Array) -> Array:
        low, high = float(self.values.min()), float(self.values.max())
        return np.array([brentq(lambda x, p=p: self._cdf(x) - p, low, high, xtol=1e-9) for p in probability])


def _row_sums(antiderivative: tuple[Array, float], grid: Array, end: Array) -> float:
    """Sum over rows of each row's integral up to its own end, as a share of the whole."""
    pieces, total = antiderivative
    end = np.clip(end, grid[0], grid[-1])
    cell = np.clip(np.searchsorted(grid, end) - 1, 0, len(grid) - 2)
    c, t = pieces[:, cell, np.arange(len(end))], end - grid[cell]
    return float(sum(c[k] * t ** (len(c) - 1 - k) for k in range(len(c))).sum() / total)


@dataclass(frozen=True)
class BruteForce:
    """Posterior of ``contrast`` (or ``rates``, ``arm`` given) on grids that the caller lays.

    Parameters
    ----------
    effect : (low, high, step) of the study effects: wide enough for every tau
    mu : (low, high, step) of the average
    baseline : (low, high) of the control logit; its step is that of ``effect``
    tau : edges of the Gauss-Legendre panels of tau
    """

    spec: ModelSpec
    data: ModelData
    effect: tuple[float, float, float]
    mu: tuple[float, float, float]
    tau: tuple[float, ...]
    order: int = 12
    baseline: tuple[float, float] = (-14.0, 14.0)

    @cached_property
    def delta(self) -> Array:
        low, high, step = self.effect
        return step * np.arange(round(low / step), round(high / step) + 1)

    @cached_property
    def average_grid(self) -> Array:
        low, high, step = self.mu
        return step * np.arange(round(low / step), round(high / step) + 1)

    @cached_property
    def a(self) -> Array:
        step = self.effect[2]
        return step * np.arange(round(self.baseline[0] / step), round(self.baseline[1] / step) + 1)

    @cached_property
    def log_study(self) -> Array:
        """log L_s(delta), shape (S, D)."""
        return np.stack([self._log_study(s) for s in self.data.studies])

    def _log_study(self, one: StudyData) -> Array:
        if one.adjusted is not None:
            return stats.norm(self.delta, one.adjusted.standard_error).logpdf(one.adjusted.log_ratio)
        if self.spec.model == "rates":
            return arm_log_likelihood(getattr(one, self.spec.arm), self.delta, one.rho)
        result = np.empty(len(self.delta))
        for start in range(0, len(self.delta), 256):
            columns = np.arange(start, min(start + 256, len(self.delta)))
            result[columns] = logsumexp(self._log_prints(one, columns), axis=0)
        return result + np.log(self.effect[2])

    def _log_prints(self, one: StudyData, columns: NDArray[np.int64]) -> Array:
        """Log of p(y_0 | a) p(y_1 | a + delta) p(m), shape (A, columns of delta)."""
        effect = self.delta[columns]
        mean = self.a[:, None] + (effect / 2 if self.spec.anchor == "midpoint" else 0 * effect)
        control = arm_log_likelihood(one.control, self.a, one.rho)[:, None]
        treated = self._treated(one)[np.arange(len(self.a))[:, None] + columns]
        return control + treated + frozen(self.spec.priors.baseline).logpdf(mean)

    def _treated(self, one: StudyData) -> Array:
        step = self.effect[2]
        first = round(self.a[0] / step) + round(self.delta[0] / step)
        b = step * (first + np.arange(len(self.a) + len(self.delta) - 1))
        return arm_log_likelihood(one.treated, b, one.rho)

    @cached_property
    def _tau_panels(self) -> tuple[Array, Array]:
        node, weight = np.polynomial.legendre.leggauss(self.order)
        edges = np.asarray(self.tau)
        half = np.diff(edges)[:, None] / 2
        return edges[:-1, None] + half * (1 + node), half * weight

    def _smooth(self, log_values: Array, grid: Array, tau: float, at: Array) -> Array:
        """log of the integral of exp(log_values) times Normal(at, tau^2), rows of log_values apart."""
        step = grid[1] - grid[0]
        top = log_values.max(axis=-1, keepdims=True)
        if tau > 2 * step:
            kernel = stats.norm.pdf(grid[:, None], at[None, :], tau)
            with np.errstate(divide="ignore"):
                return np.log(np.exp(log_values - top) @ kernel * step) + top
        z, w = np.polynomial.hermite_e.hermegauss(24)
        spline = CubicSpline(grid, np.maximum(log_values, top - 650), axis=-1)
        nodes = at[:, None] + tau * z
        at_nodes = spline(np.clip(nodes, grid[0], grid[-1]))
        at_nodes = np.where((nodes < grid[0]) | (nodes > grid[-1]), -np.inf, at_nodes)
        return np.asarray(logsumexp(at_nodes + np.log(w / w.sum()), axis=-1))

    @cached_property
    def log_marginals(self) -> Array:
        """log M_s(mu, tau), shape (S, T, U)."""
        taus = self._tau_panels[0].ravel()
        return np.stack([self._smooth(self.log_study, self.delta, t, self.average_grid) for t in taus], axis=1)

    @cached_property
    def _log_prior(self) -> Array:
        tau, weight = (v.ravel() for v in self._tau_panels)
        priors = self.spec.priors
        return (
            frozen(priors.mu).logpdf(self.average_grid)[None, :]
            + (frozen(priors.tau).logpdf(tau) + np.log(weight))[:, None]
            + np.log(self.mu[2])
        )

    def _log_mass(self, without: int | None = None) -> Array:
        """Log posterior masses of (tau, mu), unnormalised, given all studies or all but one: shape (T, U)."""
        others = [s for s in range(len(self.data.studies)) if s != without]
        return self._log_prior + self.log_marginals[others].sum(axis=0)

    @property
    def log_evidence(self) -> float:
        if self.spec.pooling == "complete":
            return float(logsumexp(self._log_common) + np.log(self.effect[2]))
        return float(logsumexp(self._log_mass()))

    @cached_property
    def _log_common(self) -> Array:
        return frozen(self.spec.priors.mu).logpdf(self.delta) + self.log_study.sum(axis=0)

    def _mass(self, without: int | None = None) -> Array:
        log_mass = self._log_mass(without)
        mass = np.exp(log_mass - log_mass.max())
        return mass / mass.sum()

    def average(self) -> Density:
        if self.spec.pooling == "complete":
            return Density(self.delta, np.exp(self._log_common - self._log_common.max()))
        return Density(self.average_grid, self._mass().sum(axis=0))

    def heterogeneity(self) -> Panels:
        nodes, weights = self._tau_panels
        by_tau = self._mass().sum(axis=1).reshape(nodes.shape)
        return Panels(np.asarray(self.tau), nodes, weights, by_tau / weights)

    def _new(self, mass: Array) -> Array:
        """Log predictive density of an effect on the grid of delta."""
        terms = []
        for tau, row in zip(self._tau_panels[0].ravel(), mass, strict=True):
            if row.sum() < 1e-13:
                continue
            with np.errstate(divide="ignore"):
                log_row = np.log(row / self.mu[2])
            terms.append(self._smooth(log_row[None], self.average_grid, tau, self.delta)[0])
        return np.asarray(logsumexp(terms, axis=0))

    def new_effect(self) -> Density:
        return Density(self.delta, np.exp(self._new(self._mass())))

    def _given_others(self, index: int) -> Array:
        if self.spec.pooling == "none":
            return frozen(self.spec.priors.mu).logpdf(self.delta)
        if self.spec.pooling == "complete":
            return self._log_common - self.log_study[index]
        return self._new(self._mass(index))

    def study_effect(self, index: int) -> Density:
        log_density = self._given_others(index) + self.log_study[index]
        return Density(self.delta, np.exp(log_density - log_density.max()))

    def evidence_through(self, index: int) -> float:
        """Log of p(y_s | the others) by the study's own predictive density."""
        log_q = self._given_others(index)
        log_q = log_q - logsumexp(log_q) - np.log(self.effect[2])
        return float(logsumexp(log_q + self.log_study[index]) + np.log(self.effect[2]))

    def study_quantities(self, index: int) -> dict[str, Functional | Density]:
        """control_logit, treated_logit, risk_difference and log_risk_ratio of a study with arms."""
        one = self.data.studies[index]
        step, size = self.effect[2], len(self.delta)
        on_effect = self._log_prints(one, np.arange(size)) + self._given_others(index)
        on_effect = np.exp(on_effect - on_effect.max())  # (A, D); then by the treated logit, (A, A + D - 1)
        i, k = np.indices(on_effect.shape)
        by_control, by_treated = on_effect.sum(axis=1), np.bincount((i + k).ravel(), on_effect.ravel())
        kept_a, kept_b = (np.flatnonzero(by > 1e-14 * by.max()) for by in (by_control, by_treated))
        i, k = np.arange(kept_a[0], kept_a[-1] + 1), np.arange(kept_b[0], kept_b[-1] + 1)
        a, b = self.a[i], self.a[0] + self.delta[0] + step * k
        apart = k[None, :] - i[:, None]  # index of b - a among the nodes of delta
        inside = (apart >= 0) & (apart < size)
        joint = np.where(inside, on_effect[i[:, None], np.clip(apart, 0, size - 1)], 0.0)
        p, q = expit(a), expit(b)
        log_p, log_q1 = -np.logaddexp(0, -a), -np.logaddexp(0, -b)

        def low_control_matters(x: float) -> bool:
            """Sum over a unless more of its mass lies where b has to be infinite than the other way about."""
            reach_a, reach_b = (-x, 1 + x) if x < 0 else (1 - x, x)
            return bool(
                np.interp(logit(reach_a), a, joint.sum(axis=1)) <= np.interp(logit(reach_b), b, joint.sum(axis=0))
            )

        with np.errstate(divide="ignore"):
            return {
                "control_logit": Density(a, joint.sum(axis=1)),
                "treated_logit": Density(b, joint.sum(axis=0)),
                "risk_difference": Functional(
                    a, b, joint, q[None, :] - p[:, None],
                    lambda x: logit(np.clip(p + x, 0, 1)), lambda x: logit(np.clip(q - x, 0, 1)), low_control_matters,
                ),
                "log_risk_ratio": Functional(
                    a, b, joint, log_q1[None, :] - log_p[:, None],
                    lambda r: logit(np.exp(np.minimum(log_p + r, 0))),
                    lambda r: logit(np.exp(np.minimum(log_q1 - r, 0))),
                    lambda r: r < 0,
                ),
            }  # fmt: skip


PROBABILITIES = np.array([0.025, 0.5, 0.975])


def errors(found: Any, truth: Any) -> dict[str, float]:
    """Differences of mean, SD and the three quantiles, in posterior SDs of the truth."""
    sd = truth.sd()
    wrong = {"mean": abs(found.mean() - truth.mean()) / sd, "sd": abs(found.sd() - sd) / sd}
    quantiles = np.abs(np.asarray(found.quantile(PROBABILITIES)) - truth.quantile(PROBABILITIES)) / sd
    return wrong | dict(zip(("2.5 %", "50 %", "97.5 %"), quantiles.tolist(), strict=True))
