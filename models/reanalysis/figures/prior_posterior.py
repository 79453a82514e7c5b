"""Densities of the headline effect and of the heterogeneity, posterior against prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import OffsetFrom
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator
from scipy.interpolate import Akima1DInterpolator
from scipy.optimize import brentq
from scipy.special import chdtri, kolmogi, ndtr

from reanalysis.analysis.endpoint import EndpointAnalysis, as_endpoint
from reanalysis.engines.marginal import GridMarginal, Marginal
from reanalysis.estimands.summary import Summary
from reanalysis.estimands.words import interval, log_interval
from reanalysis.figures.ratio_axis import chance, ratio_ticks
from reanalysis.figures.rows import points_across, stack
from reanalysis.figures.style import ACCENT, GOOD, INK, SMALL, SOFT, TITLE, WIDTH, house_style, new_figure, tidy
from reanalysis.figures.words import Words, height
from reanalysis.gates.checked_fit import CheckedFit
from reanalysis.model.distributions import Distribution
from reanalysis.typing import Array

_BODY, _FOOT = 128.0, 34.0  # points: height of the panels, and of the words below them
_POINTS = 241
_HEADROOM = 1.42  # of the higher peak; the words stand above both curves


@dataclass(frozen=True)
class _Curve:
    """A density with the words that name it."""

    x: Array
    density: Array
    summary: Summary
    colour: str
    words: tuple[Words, ...]


def plot_prior_posterior(endpoint: EndpointAnalysis | CheckedFit, ax: Axes | None = None) -> Axes:
    """Prior and posterior density of the headline log odds ratio, and beside them those of tau.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> fitted = ra.fit(evidence, "icans_any")
    >>> axes = ra.plot_prior_posterior(fitted)
    """
    endpoint = as_endpoint(endpoint)
    with house_style():
        title = Words(endpoint.label, TITLE, bold=True).wrapped(WIDTH * 72 - 12)
        whose = _whose(endpoint)
        told = ((whose[0].upper() + whose[1:], 240), ("Heterogeneity between studies", 160))
        heads = [Words(head, SMALL, colour=SOFT).wrapped(width) for head, width in told]
        head = max(map(height, heads)) + 3.0
        if ax is None:
            top = height(title) + head + 6.0
            high = top + _BODY + _FOOT
            ax = new_figure(WIDTH, high / 72).add_axes((0.012, _FOOT / high, 0.976, _BODY / high))
        ax.set_axis_off()
        stack(ax, (0.0, 1.0), (0.0, head + height(title) + 2.0), title)
        effect, tau = ax.inset_axes((0.0, 0.0, 0.57, 1.0)), ax.inset_axes((0.63, 0.0, 0.37, 1.0))
        _panel(effect, *_effect_curves(endpoint), heads[0])
        _effect_axis(effect, endpoint)
        _panel(tau, *_tau_curves(endpoint), heads[1])
        tau.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        _label(tau, "tau: SD of log odds ratios")
        return ax


def describe_prior_posterior(endpoint: EndpointAnalysis | CheckedFit) -> str:
    """Alternative text of :func:`plot_prior_posterior`."""
    endpoint = as_endpoint(endpoint)
    before = _effect_prior(endpoint)
    return (
        f"Densities for {endpoint.label}. The odds ratio ({_whose(endpoint)}) is {log_interval(before)} in the "
        f"prior and {interval(endpoint.odds_ratio)} in the posterior; the heterogeneity tau is "
        f"{interval(endpoint.tau_prior)} in the prior and {interval(endpoint.tau)} in the posterior."
    )


def _whose(endpoint: EndpointAnalysis) -> str:
    study = endpoint.headline.study
    return "average effect" if study is None else f"effect in {endpoint.fit.evidence.study_label(study)}"


def _prior_sds(endpoint: EndpointAnalysis) -> Array:
    """SDs of the normals whose even mixture is the headline's prior: one study's own has tau on top."""
    priors = endpoint.fit.spec.priors
    steps = [priors.tau.quantile((i + 0.5) / 200) for i in range(200)] if endpoint.headline.study is not None else [0.0]
    return np.hypot(_normals(priors.mu)[:, None], steps).ravel()


def _normals(prior: Distribution) -> Array:
    """SDs of the normals around its centre whose even mixture a symmetric prior is."""
    above = (np.arange(200) + 0.5) / 200
    scale = prior.location_scale[1]
    if prior.family == "student_t":
        return scale * np.sqrt(prior.parameters[0] / chdtri(prior.parameters[0], above))
    return scale * (2 * kolmogi(above) if prior.family == "logistic" else np.ones(1))


def _effect_prior(endpoint: EndpointAnalysis) -> Summary:
    mean, sds = endpoint.fit.spec.priors.mu.location_scale[0], _prior_sds(endpoint)
    reach = brentq(lambda q: float(np.mean(ndtr(-q / sds))) - 0.025, 0.0, 50.0 * float(sds.max()))
    return Summary(None, None, mean, mean - reach, mean + reach)


def _effect_curves(endpoint: EndpointAnalysis) -> tuple[_Curve, _Curve]:
    mean, sds = endpoint.fit.spec.priors.mu.location_scale[0], _prior_sds(endpoint)
    before, after = _effect_prior(endpoint), endpoint.log_odds_ratio
    low = min(before.lower - 0.15 * (before.upper - before.lower), after.lower - 0.3 * (after.upper - after.lower))
    high = max(before.upper + 0.15 * (before.upper - before.lower), after.upper + 0.3 * (after.upper - after.lower))
    x = np.linspace(low, high, _POINTS)
    density = np.mean(np.exp(-0.5 * ((x[:, None] - mean) / sds) ** 2) / (sds * np.sqrt(2 * np.pi)), axis=1)
    found = _density(endpoint.headline.log_odds_ratio, x)
    return (
        _Curve(x, density, before, SOFT, _named("prior", log_interval(before))),
        _Curve(x, found, after, ACCENT, _named("posterior", interval(endpoint.odds_ratio), chance(endpoint.direction))),
    )


def _tau_curves(endpoint: EndpointAnalysis) -> tuple[_Curve, _Curve]:
    before, after = endpoint.tau_prior, endpoint.tau
    x = np.linspace(1e-4, 1.2 * max(before.upper, after.upper), _POINTS)
    tau = endpoint.fit.posterior.overall["tau"]
    folded = _density(tau, x) + _density(tau, -x)  # a kernel estimate spills over 0, where there is no tau
    prior = np.exp(endpoint.fit.spec.priors.tau.logpdf(x))
    return (
        _Curve(x, prior, before, SOFT, _named("prior", interval(before))),
        _Curve(x, folded, after, ACCENT, _named("posterior", interval(after))),
    )


def _density(marginal: Marginal, x: Array) -> Array:
    """Density at x, smooth also where it is known on a coarse grid only."""
    if not isinstance(marginal, GridMarginal):
        return marginal.density(x)
    known = np.isfinite(marginal.pdf)
    between = Akima1DInterpolator(marginal.x[known], marginal.pdf[known], method="makima", extrapolate=False)
    return np.maximum(np.nan_to_num(between(x)), 0.0)


def _named(name: str, *numbers: str) -> tuple[Words, ...]:
    colour = ACCENT if name == "posterior" else SOFT
    return (Words(name, SMALL, bold=True, colour=colour), *(Words(n, SMALL, colour=colour) for n in numbers))


def _panel(axes: Axes, prior: _Curve, posterior: _Curve, head: tuple[Words, ...]) -> None:
    """Both curves, their intervals below, their words above on the side that each leans to."""
    tidy(axes)
    peak = float(max(prior.density.max(), posterior.density.max()))
    axes.set_xlim(float(prior.x[0]), float(prior.x[-1]))
    axes.set_ylim(-0.13 * peak, _HEADROOM * peak)
    axes.set_yticks([])
    stack(axes, (0.0, 1.0), (0.0, 3.0 + height(head)), head)
    left, right = (prior, posterior) if posterior.summary.median >= prior.summary.median else (posterior, prior)
    axes.fill_between(posterior.x, posterior.density, color=ACCENT, alpha=0.13, linewidth=0)
    for curve, down in ((posterior, 0.045), (prior, 0.095)):
        axes.plot(curve.x, curve.density, color=curve.colour, linewidth=1.6 if curve is posterior else 1.1)
        ends = (curve.summary.lower, curve.summary.upper)
        axes.plot(ends, [-down * peak] * 2, color=curve.colour, linewidth=2.0)
        axes.plot([curve.summary.median], [-down * peak], "|", color=curve.colour, markersize=5)
    both = sum(max(word.width for word in curve.words) for curve in (left, right)) + 20.0
    _call(axes, left, "left", 2.0)
    _call(axes, right, "right", 2.0 if both <= points_across(axes) else 2.0 + height(left.words))


def _call(axes: Axes, curve: _Curve, side: Literal["left", "right"], down: float) -> None:
    """The words of a curve at one edge of the free space, and a thin line from them to the curve."""
    edge = 0.0 if side == "left" else 1.0
    stack(axes, (edge, 1.0), (4.0 if side == "left" else -4.0, -down), curve.words, side)
    mode = int(curve.density.argmax())
    flank = slice(0, mode + 1) if side == "left" else slice(mode, len(curve.x))
    target = 0.62 * curve.density[mode]
    at = int(np.abs(curve.density[flank] - target).argmin()) + (flank.start or 0)
    at = max(at, len(curve.x) // 12)  # clear of the axis where the peak lies on it
    length = max(word.width for word in curve.words) * 0.5
    axes.annotate(
        "", xy=(curve.x[at], curve.density[at]), xycoords="data",
        xytext=(length if side == "left" else -length, -down - 3.0 - height(curve.words)),
        textcoords=OffsetFrom(axes.patch, (edge, 1.0), "points"),
        arrowprops={"arrowstyle": "-", "color": curve.colour, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip
    axes.plot([curve.x[at]], [curve.density[at]], "o", color=curve.colour, markersize=2.6)


def _effect_axis(axes: Axes, endpoint: EndpointAnalysis) -> None:
    low, high = axes.get_xlim()
    ticks = ratio_ticks(float(np.exp(low)), float(np.exp(high)), WIDTH * 72 * 0.55)
    axes.xaxis.set_major_locator(FixedLocator([float(np.log(t)) for t in ticks]))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{t:g}" for t in ticks]))
    axes.axvline(0.0, color=SOFT, linewidth=0.8, zorder=0.5)
    if endpoint.better is not None:
        side = (low, 0.0) if endpoint.better == "lower" else (0.0, high)
        axes.axvspan(*side, color=GOOD, linewidth=0, zorder=0)
    _label(axes, "Odds ratio (log scale)" + ("" if endpoint.better is None else "; better side tinted"))


def _label(axes: Axes, text: str) -> None:
    stack(axes, (0.5, 0.0), (0.0, -17.0), (Words(text, SMALL, colour=INK),), "center")
