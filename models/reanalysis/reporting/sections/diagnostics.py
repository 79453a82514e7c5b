"""Whether the sampled posteriors may be trusted, and whether both engines give one posterior."""

from __future__ import annotations

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.estimands.summary import Summary, summarise
from reanalysis.estimands.words import decimal, quantity_label
from reanalysis.figures.convergence import describe_convergence, plot_convergence
from reanalysis.figures.energy import describe_energy, plot_energy
from reanalysis.figures.ranks import MOST, describe_ranks, plot_ranks
from reanalysis.gates.convergence import monte_carlo
from reanalysis.reporting.markdown import Markdown, slug
from reanalysis.reporting.section import Artefacts, Blocks, Condition, Figure, Item, Section, every
from reanalysis.reporting.standards import BARG
from reanalysis.reporting.table import Table, columns

_R_HAT, _SAMPLE_SIZE = "R-hat", "Effective sample size"
"""Names of gates."""
_SYMBOLS = {"log_odds_ratio": "mu", "tau": "tau"}

_CHAINS = Markdown("""\
Where the chains have drawn from one posterior, each has an equal part of the draws at any rank. The figures show this
for the endpoints of the first page, with R-hat and effective sample sizes of all quantities and the energy of the
sampler.
""")
_NONE = Markdown("""\
This build ran no sampler (`--engine quadrature`), so there are no chains to diagnose and no second engine to
compare with.
""")


def _text(made: Artefacts, analysis: Analysis) -> Blocks:
    if analysis.engine != "nuts":
        return _NONE
    parameters = [parameter_table(e) for e in analysis.endpoints]
    figures = [made.figure(name, e) for e in analysis.endpoints for name in ("convergence", "ranks", "energy")]
    return [gate_table(analysis), agreement_table(analysis), *parameters, _CHAINS, *figures]


def gate_table(analysis: Analysis) -> Table:
    """Every gate that the sampled posterior of an endpoint passed or failed."""
    return Table(
        columns("Endpoint 1.3 | Gate 1.3 | Outcome 0.7 | Measured 3.2"),
        [
            [e.label, gate.name, "passed" if gate.passed else "FAILED", gate.text]
            for e in analysis.endpoints
            for gate in e.fit.gates
        ],
        "Gates of the sampled posteriors, against which the published ones are held. A report that fails one is not "
        "published.",
        "tbl-gates",
    )


def agreement_table(analysis: Analysis) -> Table:
    """Both engines side by side for the headline quantities."""
    rows = []
    for e in analysis.endpoints:
        for name, marginal in e.fit.draws.overall.items():
            if name in _SYMBOLS:
                exact = e.fit.quadrature.overall[name]
                difference = decimal((marginal.mean() - exact.mean()) / exact.sd(), 3)
                drawn, computed = (_mean_interval(summarise(one)) for one in (marginal, exact))
                rows.append([e.label, _SYMBOLS[name], drawn, computed, difference])
    return Table(
        columns(
            "Endpoint 1.4 | Quantity 0.5 | NUTS: mean (95 % interval) 1.8 | Quadrature: mean (95 % interval) 1.8 | "
            "Difference in SD >0.8"
        ),
        rows,
        "Two independent engines, one posterior: average log odds ratio mu and heterogeneity tau.",
        "tbl-agreement",
    )


def _mean_interval(found: Summary) -> str:
    return f"{decimal(found.mean, 3)} ({decimal(found.lower, 3)} to {decimal(found.upper, 3)})"


def parameter_table(endpoint: EndpointAnalysis) -> Table | None:
    """R-hat, effective sample sizes and Monte Carlo error of every quantity that is gated; None without a sampler."""
    gates = {gate.name: gate.table for gate in endpoint.fit.gates}
    if not {_R_HAT, _SAMPLE_SIZE} <= gates.keys():
        return None
    merged = gates[_R_HAT].merge(gates[_SAMPLE_SIZE], on="quantity")
    rows = []
    for row in merged.to_dict("records"):
        study, _, quantity = str(row["quantity"]).rpartition(": ")
        rows.append(
            [
                quantity_label(endpoint.fit.evidence, quantity, study),
                f"{row['r_hat']:.4f}",
                f"{row['ess_bulk']:.0f}",
                f"{row['ess_tail']:.0f}",
                _relative_error(endpoint, study, quantity),
            ]
        )
    return Table(
        columns("Quantity 2.6 | R-hat >0.8 | ESS, bulk >0.9 | ESS, tail >0.9 | MCSE of the mean, in SD >1.2"),
        rows,
        f"{endpoint.label}: diagnostics of every gated quantity. R-hat, effective sample sizes (ESS) and the Monte "
        "Carlo standard error (MCSE) of the mean as a fraction of the posterior's SD.",
        f"tbl-parameters-{slug(endpoint.id)}",
    )


def _relative_error(endpoint: EndpointAnalysis, study: str, quantity: str) -> str:
    posterior = endpoint.fit.draws
    marginal = posterior.study[study].get(quantity) if study else posterior.overall.get(quantity)
    error = monte_carlo(marginal)["mean"] if isinstance(marginal, DrawsMarginal) else None
    return "\N{EN DASH}" if marginal is None or error is None else decimal(error / marginal.sd(), 3)


def _was_sampled(endpoint: EndpointAnalysis) -> bool:
    """Whether there are chains to show; the text says where there are none."""
    return endpoint.fit.draws.engine == "nuts"


def _ranks_caption(endpoint: EndpointAnalysis) -> str:
    posterior = endpoint.fit.draws
    many = len(posterior.overall) + len(posterior.study) > MOST
    return (
        f"{endpoint.label}: ranks of each chain's draws among those of all chains, thinned until they are nearly "
        "independent: distribution functions minus the uniform one, and the bands that chains which agree stay within, "
        f"all at once.{' Of the study effects those that stray furthest.' if many else ''}"
    )


def _energy_caption(endpoint: EndpointAnalysis) -> str:
    return (
        f"{endpoint.label}: energy fraction of missing information (E-BFMI) of each chain against its limit; energy "
        "around its mean and its change from draw to draw. Where the changes are much narrower, the tails are reached "
        "slowly."
    )


def _convergence_caption(endpoint: EndpointAnalysis) -> str:
    return (
        f"{endpoint.label}: R-hat and effective sample sizes of every gated quantity, as distribution functions, "
        "against the limits of the gates."
    )


def _passed(item: str) -> Condition:
    """Every endpoint was sampled and passed a gate that supports the item."""
    asked = f"{BARG}: {item}"
    passed = every(f"no passed gate of {item}", lambda e: any(g.passed and asked in g.supports for g in e.fit.gates))
    none = "computed by quadrature alone: there are no draws to diagnose"
    return lambda made: none if made.analysis.engine != "nuts" else passed(made)


_CONVERGED, _LONG = "chains converged: R-hat", "chains long enough: effective sample sizes"

DIAGNOSTICS = Section(
    anchor="diagnostics",
    title="Diagnostics",
    text=_text,
    of_endpoint=(
        Figure(
            "convergence", plot_convergence, _convergence_caption, describe_convergence,
            drawn=_was_sampled, sampled=True,
        ),
        Figure("ranks", plot_ranks, _ranks_caption, describe_ranks, drawn=_was_sampled, sampled=True),
        Figure("energy", plot_energy, _energy_caption, describe_energy, drawn=_was_sampled, sampled=True),
    ),
    items=(
        Item(BARG, 4, _CONVERGED, "gates", _passed(_CONVERGED)),
        Item(BARG, 5, _LONG, "gates", _passed(_LONG)),
    ),
)  # fmt: skip
