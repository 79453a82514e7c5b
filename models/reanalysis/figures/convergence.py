"""R-hat and effective sample sizes of all gated quantities at once: ArviZ's picture in house style."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from reanalysis.analysis.endpoint import EndpointAnalysis, as_fit
from reanalysis.estimands.words import counted
from reanalysis.figures.panels import arviz_panels, panel_grid
from reanalysis.figures.style import ACCENT, CONTRAST, SMALL, house_style
from reanalysis.figures.words import Words
from reanalysis.gates.checked_fit import CheckedFit
from reanalysis.gates.convergence import R_HAT_LIMIT, SIZE_LIMIT, check_convergence, check_effective_sample, gated_draws

_NONE = "Computed by quadrature: there are no chains to judge."
_CLEAR = 0.07
"""Part of the axis before its right end that has no tick: half a label, which would leave the figure."""
_HEADS = {
    "rhat": f"R-hat, at most {R_HAT_LIMIT:g}",
    "ess_bulk": f"Bulk sample size, at least {SIZE_LIMIT:,}",
    "ess_tail(0.025, 0.975)": f"Tail sample size, at least {SIZE_LIMIT:,}",
}


def plot_convergence(endpoint: EndpointAnalysis | CheckedFit, ax: Axes | None = None) -> Axes:
    """Distribution functions of R-hat and of both effective sample sizes over all quantities, against their limits.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> fitted = ra.fit(evidence, "crs_any", engine="nuts")
    >>> axes = ra.plot_convergence(fitted)
    """
    fit = as_fit(endpoint)
    with house_style():
        title, drawn = fit.evidence.endpoint_label(fit.endpoint), gated_draws(fit.kept)
        if not drawn:
            return panel_grid(title, (), (), _NONE, ax)[0]
        from arviz_base import from_dict
        from arviz_plots import plot_convergence_dist

        heads = [(Words(head, SMALL),) for head in _HEADS.values()]
        note = f"y: proportion of {counted(len(drawn), 'quantity', 'quantities')} up to x; dashed: the limit"
        ax, panels = panel_grid(title, heads, (), note, ax, below=12.0, beside=8.0)
        tree = from_dict({"posterior": {str(number): draws for number, draws in enumerate(drawn.values())}})
        collection = arviz_panels(
            dict.fromkeys(_HEADS, ()), {}, {name: ((), panel) for name, panel in zip(_HEADS, panels, strict=True)}
        )
        plot_convergence_dist(
            tree,
            diagnostics=[*_HEADS],
            ref_line=False,
            plot_collection=collection,
            visuals={"title": False, "dist": {"color": ACCENT, "width": 1.4}},
        )
        for panel, limit in zip(panels, (R_HAT_LIMIT, SIZE_LIMIT, SIZE_LIMIT), strict=True):
            panel.axvline(limit, color=CONTRAST, linewidth=0.9, linestyle=(0, (4, 3)))
            panel.set_ylim(0.0, 1.05)
            panel.set_yticks([])
            low, high = panel.get_xlim()
            ticks = MaxNLocator(3, steps=[1, 2, 5, 10]).tick_values(low, high)
            panel.set_xticks([x for x in ticks if low <= x <= high - _CLEAR * (high - low)])
        return ax


def describe_convergence(endpoint: EndpointAnalysis | CheckedFit) -> str:
    """Alternative text of :func:`plot_convergence`."""
    fit = as_fit(endpoint)
    label, drawn = fit.evidence.endpoint_label(fit.endpoint), gated_draws(fit.kept)
    if not drawn:
        return f"R-hat and effective sample sizes for {label}. {_NONE}"
    r_hat, sizes = check_convergence(fit.kept).table["r_hat"], check_effective_sample(fit.kept).table
    return (
        f"Distribution functions of three diagnostics over {counted(len(drawn), 'quantity', 'quantities')} of {label}: "
        f"the largest R-hat is {r_hat.max():.4f} (limit {R_HAT_LIMIT:g}), the smallest effective sample sizes are "
        f"{sizes['ess_bulk'].min():,.0f} in the bulk and {sizes['ess_tail'].min():,.0f} in the tails "
        f"(limit {SIZE_LIMIT:,})."
    )
