"""How mean and SD of the average effect and of the heterogeneity follow prior and likelihood: ArviZ in house style."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from xarray import DataTree

from reanalysis.analysis.endpoint import EndpointAnalysis, as_fit
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.words import decimal, quantity_label
from reanalysis.figures.panels import arviz_panels, panel_grid
from reanalysis.figures.style import ACCENT, CONTRAST, SMALL, house_style
from reanalysis.figures.words import Words
from reanalysis.gates.checked_fit import CheckedFit

ALPHAS = (0.8, 1.25)
"""Powers to which prior or likelihood are raised, beside 1."""

_QUANTITIES = ("mean", "sd")
_PRIORS = ("mu", "tau")
_NONE = "Nothing is shared by the studies, so no prior of it can be scaled."


def plot_prior_sensitivity(endpoint: EndpointAnalysis | CheckedFit, ax: Axes | None = None) -> Axes:
    """Mean and SD of the average log odds ratio and of tau with prior or likelihood raised to a power near 1.

    The priors are those of the average effect and of the heterogeneity, scaled together; the draws are those of the
    published posterior, as in the power-scaling table.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> fitted = ra.fit(evidence, "icans_any")
    >>> axes = ra.plot_prior_sensitivity(fitted)
    """
    fit = as_fit(endpoint)
    with house_style():
        title, names = fit.evidence.endpoint_label(fit.endpoint), _names(fit)
        if not names:
            return panel_grid(title, (), (), _NONE, ax)[0]
        from arviz_plots import plot_psense_quantities

        labels = [quantity_label(fit.evidence, name) for name in names]
        heads = [
            (Words(f"{label[:1].upper()}{label[1:]}: {quantity if quantity != 'sd' else 'SD'}", SMALL),)
            for label in labels
            for quantity in _QUANTITIES
        ]
        key = (
            Words("prior raised to a power", SMALL, bold=True, colour=CONTRAST),
            Words("likelihood raised to a power", SMALL, bold=True, colour=ACCENT),
        )
        note = f"x: the power, {ALPHAS[0]:g}, 1 and {ALPHAS[1]:g}; dashed: what Monte Carlo error alone could move"
        ax, panels = panel_grid(title, heads, key, note, ax, below=12.0, beside=38.0)
        pairs = {name: panels[2 * i : 2 * i + 2] for i, name in enumerate(names)}
        prior, likelihood = {"color": CONTRAST, "size": 16}, {"color": ACCENT, "size": 16}
        plot_psense_quantities(
            _draws(fit.posterior),
            var_names=[*names],
            prior_var_names=[*_PRIORS],
            alphas=ALPHAS,
            quantities=[*_QUANTITIES],
            plot_collection=arviz_panels(
                dict.fromkeys(names, ("quantities",)),
                {"quantities": _QUANTITIES},
                {name: ("quantities", list(two)) for name, two in pairs.items()},
            ),
            visuals={
                "prior_markers": prior,
                "prior_lines": {"color": CONTRAST, "width": 1.2},
                "likelihood_markers": likelihood,
                "likelihood_lines": {"color": ACCENT, "width": 1.2},
                "mcse": {"width": 0.7},
                **dict.fromkeys(("title", "legend"), False),
            },
        )
        for panel in panels:
            panel.set_xlabel("")  # ArviZ's own cannot be left out
            panel.set_xlim(ALPHAS[0] / 1.1, ALPHAS[1] * 1.1)
            panel.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
        return ax


def describe_prior_sensitivity(endpoint: EndpointAnalysis | CheckedFit) -> str:
    """Alternative text of :func:`plot_prior_sensitivity`."""
    fit = as_fit(endpoint)
    label, names = fit.evidence.endpoint_label(fit.endpoint), _names(fit)
    if not names:
        return f"Power scaling of {label}. {_NONE}"
    moved = _moved(fit, names)
    parts = [
        f"the mean {quantity_label(fit.evidence, name)} runs from {decimal(moved[name, 'prior'][0])} to "
        f"{decimal(moved[name, 'prior'][1])} with the prior and from {decimal(moved[name, 'likelihood'][0])} to "
        f"{decimal(moved[name, 'likelihood'][1])} with the likelihood"
        for name in names
    ]
    return (
        f"Power scaling of {label} with powers from {ALPHAS[0]:g} to {ALPHAS[1]:g}: {'; '.join(parts)}. "
        "Panels of mean and SD."
    )


_LAST: list[tuple[Posterior, DataTree]] = []


def _draws(posterior: Posterior) -> DataTree:
    """Draws of a posterior; the last ones are kept, for the figure and the words about it."""
    if not _LAST or _LAST[0][0] is not posterior:
        _LAST[:] = [(posterior, posterior.tree())]
    return _LAST[0][1]


def _names(fit: CheckedFit) -> tuple[str, ...]:
    """Quantities that all studies share and that both priors bear on."""
    return ("log_odds_ratio", "tau") if {"log_odds_ratio", "tau"} <= set(fit.posterior.overall) else ()


def _moved(fit: CheckedFit, names: tuple[str, ...]) -> dict[tuple[str, str], tuple[float, float]]:
    """Mean at the lowest and at the highest power, by quantity and by what is scaled."""
    from arviz_stats.psense import power_scale_dataset

    tree, found = _draws(fit.posterior), {}
    for group, of in (("prior", [*_PRIORS]), ("likelihood", None)):
        scaled = power_scale_dataset(
            tree, group=group, alphas=ALPHAS, sample_dims=["chain", "draw"], group_var_names=of, group_coords=None
        )
        for name in names:
            means = scaled[name].mean("sample")
            found[name, group] = (float(means.sel(alpha=ALPHAS[0])), float(means.sel(alpha=ALPHAS[1])))
    return found
