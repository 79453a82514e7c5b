"""Energy of the chains, and how far it moves from draw to draw: ArviZ's picture in house style."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from reanalysis.analysis.endpoint import EndpointAnalysis, as_fit
from reanalysis.estimands.words import counted, decimal
from reanalysis.figures.panels import arviz_panels, panel_grid
from reanalysis.figures.style import ACCENT, CONTRAST, INK, SMALL, house_style
from reanalysis.figures.words import Words
from reanalysis.gates.checked_fit import CheckedFit
from reanalysis.gates.hamiltonian import BFMI_LIMIT, check_energy

_NONE = "Computed by quadrature: there is no energy to show."


def plot_energy(endpoint: EndpointAnalysis | CheckedFit, ax: Axes | None = None) -> Axes:
    """E-BFMI of each chain against its limit; energy around its mean and its changes from draw to draw, all chains.

    Where the changes are much narrower than the energy itself, the sampler crosses it too slowly to reach the tails
    (Betancourt 2016, arXiv:1604.00695).

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> fitted = ra.fit(evidence, "crs_any", engine="nuts")
    >>> axes = ra.plot_energy(fitted)
    """
    fit = as_fit(endpoint)
    with house_style():
        title = fit.evidence.endpoint_label(fit.endpoint)
        if fit.kept.sampling is None:
            return panel_grid(title, (), (), _NONE, ax)[0]
        from arviz_plots import plot_energy as arviz_energy

        key = (
            Words("energy minus its mean", SMALL, bold=True, colour=ACCENT),
            Words("change from one draw to the next", SMALL, bold=True, colour=CONTRAST),
        )
        heads = ((Words(f"E-BFMI of each chain; dashed: {BFMI_LIMIT}", SMALL),), (Words("Energy, all chains", SMALL),))
        ax, (bfmi, energy) = panel_grid(
            title, heads, key, "Energy in units of log density", ax, below=12.0, beside=14.0
        )
        panels = arviz_panels(
            {"Energy": ("column", "energy")},
            {"column": ["bfmi", "energy"], "energy": ["marginal", "transition"]},
            {"": ("column", [bfmi, energy])},
            color=("energy", [ACCENT, CONTRAST]),
        )
        shown: dict[str, object] = {
            "dist": {"width": 1.2},
            "bfmi_points": {"color": INK, "size": 24},
            "ref_line": {"color": CONTRAST},
        }
        shown |= dict.fromkeys(("legend", "title", "ylabel"), False)
        arviz_energy(fit.kept.tree(), threshold=BFMI_LIMIT, plot_collection=panels, visuals=shown)
        chains = len(fit.kept.sampling.energy)
        bfmi.set_xlim(0.0, 1.05 * max(*bfmi.get_xlim(), 1.0))
        bfmi.set_ylim(chains - 0.5, -0.5)
        step = max(1, -(-chains // 4))
        bfmi.yaxis.set_major_locator(FixedLocator([*range(0, chains, step)]))
        bfmi.yaxis.set_major_formatter(FuncFormatter(lambda chain, _: f"{chain + 1:.0f}"))
        energy.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
        energy.set_yticks([])
        return ax


def describe_energy(endpoint: EndpointAnalysis | CheckedFit) -> str:
    """Alternative text of :func:`plot_energy`."""
    fit = as_fit(endpoint)
    label = fit.evidence.endpoint_label(fit.endpoint)
    if fit.kept.sampling is None:
        return f"Energy of the sampler for {label}. {_NONE}"
    found = [float(one) for one in check_energy(fit.kept).table["e_bfmi"]]
    low = sum(e_bfmi < BFMI_LIMIT for e_bfmi in found)
    below = f"{counted(low, 'of them is', 'of them are')} below" if low else "none is below"
    return (
        f"Energy of {counted(len(found), 'chain')} for {label}, and its changes from draw to draw: the smallest "
        f"E-BFMI is {decimal(min(found))}, in chain {1 + int(np.argmin(found))}, the largest {decimal(max(found))}; "
        f"{below} the limit of {BFMI_LIMIT}."
    )
