"""Energy of each chain, and how far it moves from draw to draw."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from reanalysis.analysis.endpoint import EndpointAnalysis, as_fit
from reanalysis.estimands.words import counted, decimal
from reanalysis.figures.panels import panel_grid
from reanalysis.figures.style import ACCENT, CONTRAST, GRID, SMALL, house_style
from reanalysis.figures.words import Words
from reanalysis.gates.checked_fit import CheckedFit
from reanalysis.gates.hamiltonian import BFMI_LIMIT, check_energy
from reanalysis.typing import Array

_BINS = 28
_NONE = "Computed by quadrature: there is no energy to show."


def plot_energy(endpoint: EndpointAnalysis | CheckedFit, ax: Axes | None = None) -> Axes:
    """Energy around its mean and its changes from draw to draw: a panel a chain, with its E-BFMI.

    Where the changes are much narrower than the energy itself, the sampler crosses it too slowly to reach the tails
    (Betancourt 2016, arXiv:1604.00695).

    Parameters
    ----------
    endpoint : EndpointAnalysis or CheckedFit
        What to show.
    ax : Axes, optional
        Axes whose place the panels take; a new figure by default.

    Returns
    -------
    Axes
        The invisible axes that hold the panels (``child_axes``).
    """
    fit = as_fit(endpoint)
    with house_style():
        title = fit.evidence.endpoint_label(fit.endpoint)
        if fit.draws.sampling is None:
            return panel_grid(title, (), (), _NONE, ax)[0]
        energy = fit.draws.sampling.energy
        around = energy - energy.mean(axis=1, keepdims=True)
        moves = np.diff(energy, axis=1)
        key = (
            Words("energy minus its mean", SMALL, bold=True, colour=ACCENT),
            Words("change from one draw to the next", SMALL, bold=True, colour=CONTRAST),
        )
        note = "x: log density units; y: density"
        heads = [_head(chain, e_bfmi) for chain, e_bfmi in enumerate(_e_bfmi(fit), 1)]
        ax, panels = panel_grid(title, heads, key, note, ax, below=12.0)
        edges = _edges(around, moves)
        tops = [_density(values, edges).max() for values in (*around, *moves)]
        for panel, own, moved in zip(panels, around, moves, strict=True):
            _draw(panel, edges, _density(own, edges), _density(moved, edges), 1.08 * max(tops))
        return ax


def describe_energy(endpoint: EndpointAnalysis | CheckedFit) -> str:
    """Alternative text of :func:`plot_energy`."""
    fit = as_fit(endpoint)
    label = fit.evidence.endpoint_label(fit.endpoint)
    if fit.draws.sampling is None:
        return f"Energy of the sampler for {label}. {_NONE}"
    found = _e_bfmi(fit)
    low = sum(e_bfmi < BFMI_LIMIT for e_bfmi in found)
    below = f"{counted(low, 'of them is', 'of them are')} below" if low else "none is below"
    return (
        f"Energy of {counted(len(found), 'chain')} for {label}, and its changes from draw to draw: the smallest "
        f"E-BFMI is {decimal(min(found))}, in chain {1 + int(np.argmin(found))}, the largest {decimal(max(found))}; "
        f"{below} the limit of {BFMI_LIMIT}."
    )


def _e_bfmi(fit: CheckedFit) -> list[float]:
    """E-BFMI of each chain, as the gate has it."""
    return [float(one) for one in check_energy(fit.draws).table["e_bfmi"]]


def _head(chain: int, e_bfmi: float) -> tuple[Words, ...]:
    name = Words(f"Chain {chain}: E-BFMI {decimal(e_bfmi)}", SMALL)
    return (name,) if e_bfmi >= BFMI_LIMIT else (name, Words(f"below {BFMI_LIMIT}", SMALL, bold=True, colour=CONTRAST))


def _edges(around: Array, moves: Array) -> Array:
    """Bins that all panels share: a few draws in a thousand may lie beyond them."""
    every = np.concatenate([around.ravel(), moves.ravel()])
    low, high = np.quantile(every, [0.001, 0.999])
    return np.linspace(low, high, _BINS + 1) if low < high else np.linspace(low - 1, high + 1, _BINS + 1)


def _density(values: Array, edges: Array) -> Array:
    """Histogram as a density of all values, those beyond the bins included."""
    return np.asarray(np.histogram(values, edges)[0] / (len(values) * np.diff(edges)))


def _draw(panel: Axes, edges: Array, around: Array, moves: Array, top: float) -> None:
    panel.set_xlim(float(edges[0]), float(edges[-1]))
    panel.set_ylim(0.0, top)
    panel.set_yticks([])
    panel.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    panel.stairs(around, edges, fill=True, color=ACCENT, alpha=0.35, linewidth=0)
    panel.stairs(moves, edges, color=CONTRAST, linewidth=1.1)
    panel.axhline(0.0, color=GRID, linewidth=0.5)
