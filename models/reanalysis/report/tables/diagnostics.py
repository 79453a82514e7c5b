"""May the posteriors be trusted?"""

from __future__ import annotations

from reanalysis.report.analysis import Analysis
from reanalysis.report.markdown import Column, Markdown, table
from reanalysis.report.numbers import decimal


def gate_table(analysis: Analysis) -> Markdown:
    """Every gate of every published posterior."""
    rows = [
        [e.label, gate.name, "passed" if gate.passed else "FAILED", gate.text]
        for e in analysis.endpoints
        for gate in e.fit.gates
    ]
    return table(
        [Column("Endpoint", 1.3), Column("Gate", 1.3), Column("Outcome", 0.7), Column("Measured", 3.2)],
        rows,
        "Gates of the published posteriors. A report that fails one is not published.",
        "tbl-gates",
    )


def agreement_table(analysis: Analysis) -> Markdown:
    """Both engines side by side for the headline quantities."""
    rows = []
    for e in analysis.endpoints:
        for name, marginal in e.fit.posterior.overall.items():
            if name not in ("log_odds_ratio", "tau"):
                continue
            exact = e.fit.quadrature.overall[name]
            ends = [float(q) for q in marginal.quantile([0.025, 0.975])]
            exact_ends = [float(q) for q in exact.quantile([0.025, 0.975])]
            rows.append(
                [
                    e.label,
                    "mu" if name == "log_odds_ratio" else "tau",
                    f"{decimal(marginal.mean(), 3)} ({decimal(ends[0], 3)} to {decimal(ends[1], 3)})",
                    f"{decimal(exact.mean(), 3)} ({decimal(exact_ends[0], 3)} to {decimal(exact_ends[1], 3)})",
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
