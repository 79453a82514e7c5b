"""Ranks of each chain's draws among those of all: ArviZ's lines in house style, against simultaneous bands."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from reanalysis.analysis.endpoint import EndpointAnalysis, as_fit
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.estimands.words import counted, decimal, quantity_label
from reanalysis.figures.panels import arviz_panels, panel_grid, rank_axes, rank_band
from reanalysis.figures.style import CONTRAST, SMALL, chain_colour, house_style
from reanalysis.figures.words import Words
from reanalysis.gates.chain_ranks import LEVEL, ChainRanks, chain_ranks
from reanalysis.gates.checked_fit import CheckedFit
from reanalysis.typing import Array

MOST = 8
"""Panels of a figure: where there are more quantities, the study effects that stray furthest."""

_MOST_NODES = 200
"""Of a line: a file stays small, and a panel has fewer points across."""
_NONE = "Computed by quadrature: there are no chains to compare."


def plot_ranks(endpoint: EndpointAnalysis | CheckedFit, ax: Axes | None = None) -> Axes:
    """Distribution function of each chain's ranks minus the uniform one: a panel a quantity.

    What all studies share comes first, then the effect of each study; where these are more than eight quantities, the
    study effects that stray furthest.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> fitted = ra.fit(evidence, "crs_any", engine="nuts")
    >>> axes = ra.plot_ranks(fitted)
    """
    fit = as_fit(endpoint)
    with house_style():
        found = chain_ranks(fit.kept)
        order = sorted(range(len(found)), key=lambda i: (bool(found[i].study), -float(found[i].strayed.max())))
        drawn = [found[i] for i in sorted(order[:MOST])]
        title = fit.evidence.endpoint_label(fit.endpoint)
        if not drawn:
            return panel_grid(title, (), (), _NONE, ax)[0]
        chains = len(drawn[0].difference)
        reach = 1.1 * max(float(max(np.abs(one.difference).max(), one.reach.max())) for one in drawn)
        heads = [_head(fit, one) for one in drawn]
        ax, panels = panel_grid(title, heads, _key(chains), _note(found, reach), ax)
        _draw(fit, drawn, panels, chains)
        for panel, one in zip(panels, drawn, strict=True):
            rank_axes(panel, reach)
            rank_band(panel, one.nodes, -one.reach, one.reach)
        return ax


def describe_ranks(endpoint: EndpointAnalysis | CheckedFit) -> str:
    """Alternative text of :func:`plot_ranks`."""
    fit = as_fit(endpoint)
    label = fit.evidence.endpoint_label(fit.endpoint)
    found = chain_ranks(fit.kept)
    if not found:
        return f"Ranks of the draws for {label}. {_NONE}"
    chains = len(found[0].difference)
    astray = sorted((one for one in found if one.outside), key=lambda one: -float(one.strayed.max()))
    shown = f" ({MOST} drawn, with the study effects that stray furthest)" if len(found) > MOST else ""
    text = (
        f"Ranks of the draws of {counted(chains, 'chain')} for {label}, "
        f"{counted(len(found), 'quantity', 'quantities')}{shown}: "
    )
    if not astray:
        return f"{text}all chains stay within the simultaneous {100 * LEVEL:g} % bands."
    named = "; ".join(
        f"{quantity_label(fit.evidence, one.quantity, one.study)} ({_furthest(one)})" for one in astray[:3]
    )
    left = counted(len(astray), "of them leaves its", "of them leave their")
    return f"{text}{left} simultaneous {100 * LEVEL:g} % band: {named}."


def _key(chains: int) -> list[Words]:
    colours = [chain_colour(chain, chains) for chain in range(chains)]
    if len(set(colours)) < chains:
        return [Words(f"each of {chains} chains", SMALL, bold=True, colour=colours[0])]
    return [Words(f"chain {i}", SMALL, bold=True, colour=colour) for i, colour in enumerate(colours, 1)]


def _furthest(one: ChainRanks) -> str:
    """``chain 3: 4.2 × the band``; a chain that strays far takes the others with it, whose ranks it is among."""
    return f"chain {one.outside[0]}: {decimal(float(one.strayed.max()), 1)} \N{MULTIPLICATION SIGN} the band"


def _head(fit: CheckedFit, one: ChainRanks) -> tuple[Words, ...]:
    label = quantity_label(fit.evidence, one.quantity, one.study)
    name = Words(label[:1].upper() + label[1:], SMALL)
    if not one.outside:
        return (name,)
    return (name, Words(_furthest(one), SMALL, bold=True, colour=CONTRAST))


def _note(found: tuple[ChainRanks, ...], reach: float) -> str:
    every = found[0].every
    thinned = "every draw" if every == 1 else f"one draw in {every}"
    more = "; of the study effects those that stray furthest" if len(found) > MOST else ""
    return (
        f"x: rank among all chains, 0 to 1 ({thinned}); y: difference from uniform, {decimal(-reach)} to "
        f"{decimal(reach)}; band: all {len(found)} at once, {100 * LEVEL:g} %{more}"
    )


def _draw(fit: CheckedFit, drawn: list[ChainRanks], panels: tuple[Axes, ...], chains: int) -> None:
    """The lines, by ArviZ; the band is that of :mod:`~reanalysis.gates.chain_ranks`, which holds at its level."""
    from arviz_base import from_dict
    from arviz_plots import plot_rank

    own, shared = fit.kept.study, fit.kept.overall
    names = [str(number) for number in range(len(drawn))]
    posterior: dict[str, Array] = {}
    for name, one in zip(names, drawn, strict=True):
        marginal = own[one.study][one.quantity] if one.study else shared[one.quantity]
        assert isinstance(marginal, DrawsMarginal)
        posterior[name] = marginal.draws
    dims, coords = ("chain",), {"chain": list(range(chains))}
    plot_rank(
        from_dict({"posterior": posterior}),
        method="envelope",
        stats={"thin": {"factor": drawn[0].every}, "ecdf_pit": {"n_simulations": 1}},
        visuals=dict.fromkeys(("credible_interval", "title", "xlabel"), False) | {"ecdf_lines": {"width": 1.0}},
        plot_collection=arviz_panels(
            dict.fromkeys(names, dims),
            coords,
            {name: ((), panel) for name, panel in zip(names, panels, strict=True)},
            color=("chain", [chain_colour(chain, chains) for chain in coords["chain"]]),
        ),
    )
    for line in (line for panel in panels for line in panel.get_lines()):
        kept = np.linspace(0, len(line.get_xdata()) - 1, _MOST_NODES).round().astype(int)  # type: ignore[arg-type]
        line.set_data(np.asarray(line.get_xdata())[kept], np.asarray(line.get_ydata())[kept])
