"""Whether the posteriors may be trusted: every check in one line, the worst values, and what lies behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.estimands.summary import summarise
from reanalysis.estimands.words import decimal, quantity_label
from reanalysis.figures import convergence, energy, ranks
from reanalysis.gates.convergence import monte_carlo
from reanalysis.reporting.markdown import Markdown, render
from reanalysis.reporting.section import Artefacts, Blocks, Condition, Figure, Item, Section, every
from reanalysis.reporting.standards import BARG
from reanalysis.reporting.table import Column, Table, columns

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
_PROGRAM = """\
The program that computed this passed {{ passed }} of {{ both }} checks of its own:
[simulation from known truths](#calibration) and [{{ figures }} published figures](#validation){{ "" if passed == both
else ", of which not passed: " ~ failed }}.
"""
_DASH = "\N{EN DASH}"


def _checks(made: Artefacts, analysis: Analysis) -> Blocks:
    own = (made.calibration, made.validation)
    failed = "; ".join(f"{one.name}: {one.text}" for one in own if not one.passed)
    program = render(
        _PROGRAM,
        passed=sum(bool(one.passed) for one in own),
        both=len(own),
        figures=f"{len(made.validation.table):,}",
        failed=failed,
    )
    if analysis.engine != "nuts":
        return _NONE, program
    every = [(e, gate) for e in analysis.endpoints for gate in e.fit.gates]
    passed = sum(bool(gate.passed) for _, gate in every)
    wrong = "".join(f"; not passed: {e.label}, {gate.name} ({gate.text})" for e, gate in every if not gate.passed)
    said = render(
        "{{ passed }} of {{ all }} checks of the sampled posteriors passed, against which the published ones are "
        "held{{ wrong }}. A report that fails one is not published.",
        passed=passed, all=len(every), wrong=wrong,
    )  # fmt: skip
    return said, worst_table(analysis), program


_WORST: tuple[tuple[str, str, Callable[[pd.DataFrame], str]], ...] = (
    ("Largest R-hat", "R-hat", lambda table: f"{table['r_hat'].max():.4f}"),
    ("Smallest bulk ESS", _SAMPLE_SIZE, lambda table: f"{table['ess_bulk'].min():.0f}"),
    ("Smallest tail ESS", _SAMPLE_SIZE, lambda table: f"{table['ess_tail'].min():.0f}"),
    ("Divergences", "Divergences", lambda table: f"{table['divergences'].iloc[-1]}"),
    ("Smallest E-BFMI", "E-BFMI", lambda table: f"{table['e_bfmi'].min():.2f}"),
    (
        "Largest difference of the engines, in SD",
        "Agreement of NUTS and quadrature",
        lambda table: f"{table['in_sd'].abs().max():.3f}",
    ),
)
"""Heading of a column, the gate whose table holds it, and the worst value there."""


def worst_table(analysis: Analysis) -> Table:
    """The worst value of each check, a row an endpoint."""
    rows = []
    for e in analysis.endpoints:
        tables = {gate.name: gate.table for gate in e.fit.gates}
        passed = f"{sum(bool(gate.passed) for gate in e.fit.gates)} of {len(e.fit.gates)}"
        worst = [write(tables[gate]) if len(tables.get(gate, ())) else _DASH for _, gate, write in _WORST]
        rows.append([e.label, passed, *worst])
    return Table(
        [*columns("Endpoint 1.5 | Passed 0.7"), *[Column(name, 1.0, "right") for name, *_ in _WORST]],
        rows,
        "Checks of the sampled posteriors: the worst value of each endpoint. The limits are 1.01 (R-hat), 1,000 "
        "(effective sample sizes, ESS), 0, 0.3, and 0.1 posterior SD (0.2 at the ends of the interval).",
        "tbl-checks",
    )


def _text(made: Artefacts, analysis: Analysis) -> Blocks:
    if analysis.engine != "nuts":
        return None
    figures = [made.figure(name, e) for e in analysis.endpoints for name in ("convergence", "ranks", "energy")]
    return [agreement_table(analysis), parameter_table(analysis.endpoints), _CHAINS, *figures]


def agreement_table(analysis: Analysis) -> Table:
    """Both engines side by side for the headline quantities."""
    rows = []
    for e in analysis.endpoints:
        for name, marginal in e.fit.kept.overall.items():
            if name in _SYMBOLS:
                exact = e.fit.quadrature.overall[name]
                difference = decimal((marginal.mean() - exact.mean()) / exact.sd(), 3)
                drawn, computed = (
                    f"{decimal(one.mean, 3)} ({decimal(one.lower, 3)} to {decimal(one.upper, 3)})"
                    for one in map(summarise, (marginal, exact))
                )
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


def parameter_table(endpoints: Sequence[EndpointAnalysis]) -> Table:
    """R-hat, effective sample sizes and Monte Carlo error of every quantity that is gated, where there is a sampler."""
    return Table(
        columns(
            "Endpoint 1.4 | Quantity 2.4 | R-hat >0.8 | ESS, bulk >0.9 | ESS, tail >0.9 | MCSE of the mean, in SD >1.2"
        ),
        [row for endpoint in endpoints for row in _parameters(endpoint)],
        "Diagnostics of every quantity: R-hat, effective sample sizes (ESS) and the Monte Carlo standard error (MCSE) "
        "of the mean as a fraction of the posterior's SD.",
        "tbl-parameters",
    )


def _parameters(endpoint: EndpointAnalysis) -> Iterator[list[str]]:
    gates = {gate.name: gate.table for gate in endpoint.fit.gates}
    if not {_R_HAT, _SAMPLE_SIZE} <= gates.keys():
        return
    merged = gates[_R_HAT].merge(gates[_SAMPLE_SIZE], on="quantity")
    for row in merged.to_dict("records"):
        study, _, quantity = str(row["quantity"]).rpartition(": ")
        yield [
            endpoint.label,
            quantity_label(endpoint.fit.evidence, quantity, study),
            f"{row['r_hat']:.4f}",
            f"{row['ess_bulk']:.0f}",
            f"{row['ess_tail']:.0f}",
            _relative_error(endpoint, study, quantity),
        ]


def _relative_error(endpoint: EndpointAnalysis, study: str, quantity: str) -> str:
    posterior = endpoint.fit.kept
    marginal = posterior.study[study].get(quantity) if study else posterior.overall.get(quantity)
    error = monte_carlo(marginal)["mean"] if isinstance(marginal, DrawsMarginal) else None
    return _DASH if marginal is None or error is None else decimal(error / marginal.sd(), 3)


def _was_sampled(endpoint: EndpointAnalysis) -> bool:
    """Whether there are chains to show; the text says where there are none."""
    return endpoint.fit.kept.engine == "nuts"


def _ranks_caption(endpoint: EndpointAnalysis) -> str:
    posterior = endpoint.fit.kept
    many = len(posterior.overall) + len(posterior.study) > ranks.MOST
    return (
        f"{endpoint.label}: ranks of each chain's draws among those of all chains, thinned until they are nearly "
        "independent: distribution functions minus the uniform one, and the bands that chains which agree stay within, "
        f"all at once.{' Of the study effects those that stray furthest.' if many else ''}"
    )


def _passed(item: str) -> Condition:
    """Every endpoint was sampled and passed a gate that supports the item."""
    asked = f"{BARG}: {item}"
    passed = every(f"no passed gate of {item}", lambda e: any(g.passed and asked in g.supports for g in e.fit.gates))
    none = "computed by quadrature alone: there are no draws to diagnose"
    return lambda made: none if made.analysis.engine != "nuts" else passed(made)


_CONVERGED, _LONG = "chains converged: R-hat", "chains long enough: effective sample sizes"

CHECKS = Section(
    anchor="checks",
    title="Checks",
    level=1,
    text=_checks,
    items=(Item(BARG, 6, _CONVERGED, "checks", _passed(_CONVERGED)), Item(BARG, 7, _LONG, "checks", _passed(_LONG))),
)

DIAGNOSTICS = Section(
    anchor="diagnostics",
    place="folded",
    title="Diagnostics of the sampler",
    text=_text,
    of_endpoint=(
        Figure(
            "convergence",
            convergence.plot_convergence,
            lambda e: (
                f"{e.label}: R-hat and effective sample sizes of every gated quantity, as distribution functions, "
                "against the limits of the gates."
            ),
            convergence.describe_convergence,
            drawn=_was_sampled,
            sampled=True,
        ),
        Figure("ranks", ranks.plot_ranks, _ranks_caption, ranks.describe_ranks, drawn=_was_sampled, sampled=True),
        Figure(
            "energy",
            energy.plot_energy,
            lambda e: (
                f"{e.label}: energy fraction of missing information (E-BFMI) of each chain against its limit; energy "
                "around its mean and its change from draw to draw. Where the changes are much narrower, the tails are "
                "reached slowly."
            ),
            energy.describe_energy,
            drawn=_was_sampled,
            sampled=True,
        ),
    ),
)
