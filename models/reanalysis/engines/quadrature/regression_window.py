"""Where a meta-regression has mass: modes and Laplace approximations over the average, the slope and every arm's logit.

Each arm is taken for a binomial of its mean count at its effective size, and each prior for a normal one, so that all
is concave and Newton's method finds it however wide the priors are. It only places grids: what is computed on them is
exact, and a grid that ends where there is mass is laid anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logsumexp

from reanalysis.engines.quadrature.grids import TauScale
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array, Integers

_ITERATIONS, _HALVINGS = 60, 12
_CLOSE = 1e-3
"""Rise of the log density by which a mode is still sought."""

_CUT = 21.0
"""Log density below its maximum at which a window ends."""

_ROWS, _FEW_ROWS = 16, 4
"""Heterogeneities at which the modes are sought, and at which they are followed outwards."""

_FIRST, _STEPS, _FARTHEST = 6.0, 6, 1e9
"""SDs from the mode at which an end is looked for first, how many places by factors of root 2 at once, and at most."""

_NEARLY_LINEAR = 3.0
"""SDs of the slope within which its coordinate is nearly linear."""

_LARGEST_TAU = 300.0
_PINNED = 1e18


@dataclass(frozen=True)
class SlopeScale:
    """A coordinate v of the slope, mode + c sinh(v): linear near the mode, logarithmic beyond, on both sides."""

    mode: float
    c: float

    def slope(self, v: Array) -> Array:
        """Slope at the coordinate."""
        return self.mode + self.c * np.sinh(v)

    def derivative(self, v: Array) -> Array:
        """Derivative of the slope by the coordinate."""
        return self.c * np.cosh(v)

    def coordinate(self, slope: ArrayLike) -> Array:
        """Coordinate of a slope."""
        return np.arcsinh((np.asarray(slope, dtype=float) - self.mode) / self.c)


@dataclass(frozen=True)
class Window:
    """A stretch of each coordinate."""

    centre: float
    """Value of the covariate at which average and slope are nearly uncorrelated: ``mu`` is the effect there."""
    mu: tuple[float, float]
    slope: tuple[float, float]
    u: tuple[float, float]
    """Ends of the average at that value, of the slope and of the coordinate of the heterogeneity."""
    mode: float
    """Of the slope."""
    narrow: tuple[float, float]
    """Smallest SDs of average and slope given the heterogeneity."""
    scale: TauScale
    """The coordinate of the heterogeneity."""
    support: tuple[float, float]
    """Where the prior of the heterogeneity begins and ends in it."""

    @property
    def slope_scale(self) -> SlopeScale:
        """The coordinate of the slope."""
        return SlopeScale(self.mode, _NEARLY_LINEAR * self.narrow[1])

    def wider(self, sides: Sequence[str]) -> Window:
        """With the stretches named by ``mu-`` or ``mu+`` and so on longer by half."""
        found = self
        for side in sides:
            name = side[:-1]
            low, high = getattr(found, name)
            more = 0.5 * (high - low)
            ends = (low - more, high) if side.endswith("-") else (low, high + more)
            if name == "u":
                ends = (max(ends[0], self.support[0]), min(ends[1], self.support[1]))
            changed: dict[str, Any] = {name: ends}
            found = replace(found, **changed)
        return found


@dataclass(frozen=True)
class _Modes:
    """Modes at a batch of heterogeneities: average and slope (...,), Laplace log density (...,), inverse curvature."""

    mu: Array
    slope: Array
    control: Array
    effect: Array
    log_density: Array
    covariance: Array


@dataclass(frozen=True)
class Approximation:
    """Binomial arms of S studies, and normal priors; ``x`` is the covariate of each study less ``centre``."""

    studies: tuple[StudyLikelihood, ...]
    x: Array
    apart: tuple[tuple[float, ...], ...]
    mu_prior: Distribution
    slope_prior: Distribution
    centre: float = 0.0

    @cached_property
    def _cells(self) -> tuple[Integers, Array, Array, Array, Array]:
        """Of each arm or part: study, events, n, whether it is treated, and its covariate less its study's."""
        rows = []
        for index, (one, apart) in enumerate(zip(self.studies, self.apart, strict=True)):
            study = one.study
            if study.adjusted is not None:
                continue
            assert study.control is not None
            assert study.treated is not None
            treated = [part.candidates for part in study.parts] or [study.treated]
            rows.append((index, *_counted(study.control, study.rho), 0.0, 0.0))
            rows += [
                (index, *_counted(part, study.rho), 1.0, above)
                for part, above in zip(treated, apart or (0.0,), strict=True)
            ]
        cells = np.array(rows, dtype=float).reshape(-1, 5).T
        return cells[0].astype(int), cells[1], cells[2], cells[3], cells[4]

    @cached_property
    def _of_study(self) -> Array:
        """Indicator (C, S)."""
        return (self._cells[0][:, None] == np.arange(len(self.studies))).astype(float)

    @cached_property
    def _ratio(self) -> tuple[Array, Array]:
        """Log ratios of studies that enter by them, and their precisions, 0 for others."""
        known = [one.study.adjusted for one in self.studies]
        ratio = np.array([0.0 if one is None else one.log_ratio for one in known])
        return ratio, np.array([0.0 if one is None else one.standard_error**-2 for one in known])

    def modes(self, tau: Array, start: _Modes | None = None, pinned: str = "") -> _Modes:
        """Modes given heterogeneities, and given a start's average or slope where that is pinned."""
        index, x, n, treated, above = self._cells
        below = 0.0 if self.studies[0].anchor == "control" else 0.5
        base, mean, slope_prior = (_normal(p) for p in (self.studies[0].baseline, self.mu_prior, self.slope_prior))
        ratio, ratio_precision = self._ratio
        by_tau = tau[..., None] ** -2.0
        log_tau = len(self.studies) * np.log(tau)

        def density(control: Array, effect: Array, mu: Array, slope: Array) -> tuple[Array, Array, Array, Array]:
            eta = control[..., index] + treated * effect[..., index] + above * slope[..., None]
            middle = control + below * effect - base[0]
            rest = effect - mu[..., None] - slope[..., None] * self.x
            at_zero = mu - slope * self.centre - mean[0]
            value = (x * eta - n * np.logaddexp(0.0, eta)).sum(axis=-1)
            value = value - 0.5 * (base[1] * middle**2 + by_tau * rest**2).sum(axis=-1)
            value = value - 0.5 * (ratio_precision * (effect - ratio) ** 2).sum(axis=-1)
            value = value - 0.5 * (mean[1] * at_zero**2 + slope_prior[1] * (slope - slope_prior[0]) ** 2) - log_tau
            return value, eta, middle, rest

        if start is None:
            first, second = np.zeros((2, *tau.shape, len(self.studies)))
            for cell in range(len(index)):
                where = second if treated[cell] else first
                where[..., index[cell]] = np.log((x[cell] + 0.5) / (n[cell] - x[cell] + 0.5))
            effect = np.where(ratio_precision > 0, ratio, second - first)
            at = [first, effect, effect.mean(axis=-1), np.zeros(tau.shape)]
        else:
            at = [np.broadcast_to(one, (*tau.shape, *one.shape[tau.ndim :])).copy() for one in (
                start.control, start.effect, start.mu, start.slope)]  # fmt: skip
        value, eta, middle, rest = density(*at)
        for _ in range(_ITERATIONS):
            rate = expit(eta)
            slope_of, curve = x - n * rate, n * rate * (1 - rate)
            to = self._of_study
            g_control = slope_of @ to - base[1] * middle
            g_effect = (slope_of * treated) @ to - base[1] * below * middle - by_tau * rest
            g_effect = g_effect - ratio_precision * (at[1] - ratio)
            at_zero = at[2] - at[3] * self.centre - mean[0]
            g_mu = (by_tau * rest).sum(axis=-1) - mean[1] * at_zero
            g_slope = (by_tau * rest * self.x).sum(axis=-1) + (slope_of * above).sum(axis=-1)
            g_slope = g_slope + mean[1] * self.centre * at_zero - slope_prior[1] * (at[3] - slope_prior[0])
            aa = curve @ to + base[1] + 1e-12
            ad = (curve * treated) @ to + base[1] * below
            dd = (curve * treated) @ to + base[1] * below**2 + by_tau + ratio_precision
            bs = (curve * treated * above) @ to  # of both logits with the slope, but for the heterogeneity's part
            d_mu, d_slope = -by_tau * np.ones_like(dd), bs - by_tau * self.x
            det = aa * dd - ad**2
            inverse = np.stack([dd, -ad, aa]) / det
            columns = ((np.zeros_like(bs), d_mu), (bs, d_slope))
            solved = [(inverse[0] * p + inverse[1] * q, inverse[1] * p + inverse[2] * q) for p, q in columns]
            own = (inverse[0] * g_control + inverse[1] * g_effect, inverse[1] * g_control + inverse[2] * g_effect)
            total = np.empty((*tau.shape, 2, 2))
            plain = (
                len(self.studies) * by_tau[..., 0] + mean[1],
                (by_tau * self.x).sum(axis=-1) - mean[1] * self.centre,
                (by_tau * self.x**2).sum(axis=-1)
                + (curve * above**2).sum(axis=-1)
                + mean[1] * self.centre**2
                + slope_prior[1],
            )
            for i in (0, 1):
                for j in (0, 1):
                    cross = (columns[i][0] * solved[j][0] + columns[i][1] * solved[j][1]).sum(axis=-1)
                    total[..., i, j] = plain[i + j] - cross
            right = np.stack([g_mu, g_slope], axis=-1)
            for i in (0, 1):
                right[..., i] -= (columns[i][0] * own[0] + columns[i][1] * own[1]).sum(axis=-1)
            if pinned:
                i = ("mu", "slope").index(pinned)
                total[..., i, i] += _PINNED
                right[..., i] = 0.0
            both = np.linalg.solve(total, right[..., None])[..., 0]
            move_mu, move_slope = both[..., 0], both[..., 1]
            move = [
                own[0] - solved[0][0] * move_mu[..., None] - solved[1][0] * move_slope[..., None],
                own[1] - solved[0][1] * move_mu[..., None] - solved[1][1] * move_slope[..., None],
                move_mu,
                move_slope,
            ]
            share = np.ones(tau.shape)
            for _ in range(_HALVINGS):
                tried = [
                    a + (share[..., None] if m.ndim > tau.ndim else share) * m for a, m in zip(at, move, strict=True)
                ]
                found = density(*tried)
                worse = ~(found[0] >= value - 1e-9)
                if not worse.any():
                    break
                share = np.where(worse, 0.5 * share, share)
            kept = found[0] >= value - 1e-9
            at = [
                np.where(kept[..., None] if a.ndim > tau.ndim else kept, t, a) for a, t in zip(at, tried, strict=True)
            ]
            gain = np.where(kept, found[0] - value, 0.0)
            value, eta, middle, rest = density(*at)
            if gain.max() < _CLOSE:
                break
        log_det = np.log(det).sum(axis=-1) + np.linalg.slogdet(total)[1] - (np.log(_PINNED) if pinned else 0.0)
        return _Modes(at[2], at[3], at[0], at[1], value - 0.5 * log_det, np.linalg.inv(total))

    def recentred(self, centre: float) -> Approximation:
        """With the average taken at another value of the covariate."""
        return replace(self, x=self.x + self.centre - centre, centre=centre)


def _counted(candidates: Candidates, rho: float) -> tuple[float, float]:
    """Mean events and size of a report, at the size that its correlation leaves."""
    share = np.asarray(candidates.weight) / sum(candidates.weight)
    n, events = float(share @ candidates.size), float(share @ candidates.x)
    discount = 1 + max(n - 1, 0.0) * rho
    return events / discount, n / discount


def _normal(prior: Distribution) -> tuple[float, float]:
    """Centre and precision of a symmetric prior."""
    return prior.quantile(0.5), (3.0 * prior.width if prior.heavy else prior.sd) ** -2


def located(found: Approximation, tau_prior: Distribution, narrowest: float) -> Window:
    """The window of a meta-regression.

    Parameters
    ----------
    found : Approximation
        The studies and the priors of average and slope.
    tau_prior : Distribution
        Prior of the heterogeneity.
    narrowest : float
        Scale of the most informative study's effect.
    """
    usual = tau_prior.quantile(0.25 if np.isfinite(tau_prior.logpdf(0.0)) else 1e-6)
    scale = TauScale(min(narrowest, usual))
    low, end = float(scale.coordinate(tau_prior.quantile(0.0))), float(scale.coordinate(tau_prior.tail(0.0)))
    top = end if np.isfinite(end) else float(scale.coordinate(min(tau_prior.tail(1e-12), _LARGEST_TAU)))
    edges = np.linspace(low, top, _ROWS + 1)
    u = 0.5 * (edges[1:] + edges[:-1])
    tau = scale.tau(u)
    prior = tau_prior.logpdf(tau) + np.log(scale.slope(u))
    modes = found.modes(tau)
    log_weight = modes.log_density + prior
    weight = np.exp(log_weight - log_weight.max())
    spread = np.einsum("t,tij->ij", weight / weight.sum(), modes.covariance)
    centre = found.centre - float(spread[0, 1] / spread[1, 1])
    found = found.recentred(centre)
    used = np.flatnonzero(log_weight > log_weight.max() - _CUT)
    rows = used[np.unique(np.linspace(0, len(used) - 1, _FEW_ROWS).round().astype(int))]
    best = int(np.argmax(log_weight))
    rows = np.unique([*rows, best])
    modes = found.modes(tau[rows])
    ends = {
        name: _ends(found, name, tau[rows], prior[rows], modes, place) for place, name in enumerate(("mu", "slope"))
    }
    at = int(np.flatnonzero(rows == best)[0])
    return Window(
        centre,
        ends["mu"],
        ends["slope"],
        (float(edges[max(used[0] - 1, 0)]), float(edges[min(used[-1] + 2, _ROWS)])),
        float(modes.slope[at]),
        (float(np.sqrt(modes.covariance[:, 0, 0].min())), float(np.sqrt(modes.covariance[:, 1, 1].min()))),
        scale,
        (low, end),
    )


def _ends(
    found: Approximation, name: str, tau: Array, prior: Array, modes: _Modes, place: int
) -> tuple[float, float]:  # fmt: skip
    """Where the Laplace density of the average or of the slope has fallen too far to count, on both sides."""
    log_weight = modes.log_density + prior
    best = int(np.argmax(log_weight))
    sd, middle = float(np.sqrt(modes.covariance[best, place, place])), float(getattr(modes, name)[best])
    far, enough, shape = _FIRST, float(logsumexp(log_weight)) - _CUT, (len(tau), 2 * _STEPS)
    ends = [middle, middle]
    while far < _FARTHEST:
        away = sd * far * 2.0 ** (0.5 * np.arange(_STEPS))
        at = middle + np.concatenate([-away, away])
        start = replace(
            modes,
            **{
                key: np.broadcast_to(value[:, None] if key != name else at, (*shape, *value.shape[1:]))
                for key, value in ((k, getattr(modes, k)) for k in ("mu", "slope", "control", "effect"))
            },
        )
        log_density = found.modes(np.broadcast_to(tau[:, None], shape), start, name).log_density
        within = (logsumexp(log_density + prior[:, None], axis=0) > enough).reshape(2, -1)
        for side in (0, 1):
            if ends[side] == middle and not within[side].all():
                ends[side] = float(at[side * _STEPS + int(np.flatnonzero(~within[side])[0])])
        if middle not in ends:
            break
        far *= 2.0 ** (0.5 * _STEPS)
    return ends[0], ends[1]
