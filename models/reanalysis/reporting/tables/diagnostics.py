"""May the posteriors be trusted?"""

from __future__ import annotations

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.estimands.summary import Summary, summarise
from reanalysis.estimands.words import decimal, quantity_label
from reanalysis.gates.convergence import monte_carlo
from reanalysis.reporting.markdown import Column, Markdown, table
from reanalysis.reporting.slug import slug


def gate_table(analysis: Analysis) -> Markdown:
    """Every gate that the sampled posterior of an endpoint passed or failed."""
    rows = [
        [e.label, gate.name, "passed" if gate.passed else "FAILED", gate.text]
        for e in analysis.endpoints
        for gate in e.fit.gates
    ]
    return table(
        [Column("Endpoint", 1.3), Column("Gate", 1.3), Column("Outcome", 0.7), Column("Measured", 3.2)],
        rows,
        "Gates of the sampled posteriors, against which the published ones are held. A report that fails one is not "
        "published.",
        "tbl-gates",
    )


def agreement_table(analysis: Analysis) -> Markdown:
    """Both engines side by side for the headline quantities."""
    rows = []
    for e in analysis.endpoints:
        for name, marginal in e.fit.draws.overall.items():
            if name not in ("log_odds_ratio", "tau"):
                continue
            exact = e.fit.quadrature.overall[name]
            rows.append(
                [
                    e.label,
                    "mu" if name == "log_odds_ratio" else "tau",
                    _mean_interval(summarise(marginal)),
                    _mean_interval(summarise(exact)),
                    decimal((marginal.mean() - exact.mean()) / exact.sd(), 3),
                ]
            )
    return table(
        [
            Column("Endpoint", 1.4),
            Column("Quantity", 0.5),
            Column("NUTS: mean (95 % interval)", 1.8),
            Column("Quadrature: mean (95 % interval)", 1.8),
            Column("Difference in SD", 0.8, "right"),
        ],
        rows,
        "Two independent engines, one posterior: average log odds ratio mu and heterogeneity tau.",
        "tbl-agreement",
    )


def _mean_interval(found: Summary) -> str:
    return f"{decimal(found.mean, 3)} ({decimal(found.lower, 3)} to {decimal(found.upper, 3)})"


def parameter_table(endpoint: EndpointAnalysis) -> Markdown | None:
    """R-hat, effective sample sizes and Monte Carlo error of every quantity that is gated; None without a sampler."""
    by_gate = {gate.name: gate.table for gate in endpoint.fit.gates}
    if not {"R-hat", "Effective sample size"} <= by_gate.keys():
        return None
    merged = by_gate["R-hat"].merge(by_gate["Effective sample size"], on="quantity")
    rows = []
    for row in merged.to_dict("records"):
        name = str(row["quantity"])
        study, _, quantity = name.rpartition(": ")
        rows.append(
            [
                quantity_label(endpoint.fit.evidence, quantity, study),
                f"{row['r_hat']:.4f}",
                f"{row['ess_bulk']:.0f}",
                f"{row['ess_tail']:.0f}",
                _relative_error(endpoint, study, quantity),
            ]
        )
    return table(
        [
            Column("Quantity", 2.6),
            Column("R-hat", 0.8, "right"),
            Column("ESS, bulk", 0.9, "right"),
            Column("ESS, tail", 0.9, "right"),
            Column("MCSE of the mean, in SD", 1.2, "right"),
        ],
        rows,
        f"{endpoint.label}: diagnostics of every gated quantity. R-hat, effective sample sizes (ESS) and the Monte "
        "Carlo standard error (MCSE) of the mean as a share of the posterior's SD.",
        f"tbl-parameters-{slug(endpoint.id)}",
    )


def _relative_error(endpoint: EndpointAnalysis, study: str, quantity: str) -> str:
    posterior = endpoint.fit.draws
    marginal = posterior.study[study].get(quantity) if study else posterior.overall.get(quantity)
    error = monte_carlo(marginal)["mean"] if isinstance(marginal, DrawsMarginal) else None
    return "\N{EN DASH}" if marginal is None or error is None else decimal(error / marginal.sd(), 3)
