"""The figures of the sampler tell a good chain from a bad one, and say what the gates say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from figures.plots import OF_CHAINS
from figures.rendered import faults, shown
from figures.sampled import sampled, with_energy
from reanalysis.analysis.analysis import Analysis
from reanalysis.estimands.words import decimal
from reanalysis.figures.convergence import describe_convergence, plot_convergence
from reanalysis.figures.energy import describe_energy, plot_energy
from reanalysis.figures.prior_sensitivity import describe_prior_sensitivity, plot_prior_sensitivity
from reanalysis.figures.ranks import MOST, describe_ranks, plot_ranks
from reanalysis.figures.style import PAGE
from reanalysis.gates.chain_ranks import chain_ranks
from reanalysis.gates.convergence import check_convergence, check_effective_sample
from reanalysis.gates.hamiltonian import check_energy

pytestmark = pytest.mark.xdist_group("figures")


@pytest.mark.parametrize("name", OF_CHAINS)
def test_a_fit_is_enough(anakinra: Analysis, name: str) -> None:
    plot, describe = OF_CHAINS[name]
    endpoint = sampled(anakinra.headlines[0])
    assert shown(plot(endpoint.fit)) == shown(plot(endpoint))
    assert describe(endpoint.fit) == describe(endpoint)


@pytest.mark.parametrize("name", OF_CHAINS)
def test_without_a_sampler_the_figure_says_so(anakinra: Analysis, name: str) -> None:
    plot, describe = OF_CHAINS[name]
    axes = plot(anakinra.headlines[0])
    assert any("quadrature" in words for words in shown(axes))
    assert "quadrature" in describe(anakinra.headlines[0])
    assert faults(axes) == []
    assert not axes.child_axes


@pytest.mark.parametrize("name", OF_CHAINS)
@pytest.mark.parametrize("chains", [2, 4, 9])
def test_as_many_chains_as_there_are(anakinra: Analysis, name: str, chains: int) -> None:
    plot, _ = OF_CHAINS[name]
    axes = plot(sampled(anakinra.headlines[0], chains=chains, draws=300))
    assert faults(axes) == []
    if name == "energy":
        points = axes.child_axes[0].collections[0].get_offsets()
        assert points.shape == (chains, 2)
    elif name == "ranks":
        assert (f"chain {chains}" if chains < 9 else "each of 9 chains") in shown(axes)


def test_ranks_tell_a_stuck_chain_from_good_ones(anakinra: Analysis) -> None:
    good = describe_ranks(sampled(anakinra.headlines[0]))
    assert "all chains stay within" in good
    bad = sampled(anakinra.headlines[0], stuck={"tau": 3})
    text = describe_ranks(bad)
    assert "one of them leaves" in text
    assert "tau (chain 3: " in text
    assert any(one.startswith("chain 3: ") for one in shown(plot_ranks(bad)))
    assert not any(
        "\N{MULTIPLICATION SIGN} the band" in one for one in shown(plot_ranks(sampled(anakinra.headlines[0])))
    )


def test_the_lines_are_the_ranks_of_each_chain_among_all(anakinra: Analysis) -> None:
    endpoint = sampled(anakinra.headlines[0], stuck={"tau": 3})
    draws, found = endpoint.fit.kept, chain_ranks(endpoint.fit.kept)
    for panel, one in zip(plot_ranks(endpoint).child_axes, found, strict=True):
        marginal = draws.study[one.study][one.quantity] if one.study else draws.overall[one.quantity]
        kept = marginal.draws[:, :: one.every]
        ranks = rankdata(kept.ravel()).reshape(kept.shape) / kept.size
        lines = [line for line in panel.get_lines() if len(line.get_xdata()) > 100]
        assert len(lines) == len(kept)
        for line, own in zip(lines, ranks, strict=True):
            x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
            assert y == pytest.approx((own[:, None] <= x).mean(axis=0) - x, abs=1.5 / kept.shape[1])


def test_convergence_says_the_numbers_of_its_gates(anakinra: Analysis) -> None:
    endpoint = sampled(anakinra.headlines[0], stuck={"tau": 3})
    r_hat, sizes = check_convergence(endpoint.fit.kept), check_effective_sample(endpoint.fit.kept)
    text = describe_convergence(endpoint)
    assert f"largest R-hat is {r_hat.table['r_hat'].max():.4f}" in text
    assert f"{sizes.table['ess_tail'].min():,.0f} in the tails" in text
    drawn = [np.asarray(panel.get_lines()[0].get_xdata()) for panel in plot_convergence(endpoint).child_axes]
    expected = (r_hat.table["r_hat"], sizes.table["ess_bulk"], sizes.table["ess_tail"])
    for x, values in zip(drawn, expected, strict=True):
        assert (x.min(), x.max()) == pytest.approx((values.min(), values.max()))


def test_prior_sensitivity_says_what_it_draws(anakinra: Analysis) -> None:
    endpoint = anakinra.headlines[0]
    text, panels = describe_prior_sensitivity(endpoint), plot_prior_sensitivity(endpoint).child_axes
    for panel, name in ((panels[0], "log odds ratio"), (panels[2], "tau")):
        prior, likelihood = [line for line in panel.get_lines() if len(set(line.get_xdata())) == 3]
        ends = [decimal(float(np.asarray(one.get_ydata())[i])) for one in (prior, likelihood) for i in (0, -1)]
        assert (
            f"the mean {name} runs from {ends[0]} to {ends[1]} with the prior and from {ends[2]} to {ends[3]}" in text
        )


def test_every_quantity_has_a_panel_under_its_name(anakinra: Analysis) -> None:
    icans = sampled(anakinra.headlines[0])
    axes = plot_ranks(icans)
    words = " ".join(shown(axes))
    assert len(axes.child_axes) == 3 + len(icans.studies)
    for name in ("Log odds ratio", "Tau", "new study", *(s.label for s in icans.studies)):
        assert name in words


def test_of_many_quantities_those_that_stray_furthest_are_drawn(analyses: dict[str, Analysis]) -> None:
    many = analyses["seventy_one"].endpoints[0]
    bad = sampled(many, stuck={"tau": 2}, draws=400)
    axes = plot_ranks(bad)
    assert len(axes.child_axes) == MOST
    words = " ".join(shown(axes))
    assert all(name in words for name in ("Log odds ratio Tau", "chain 2: ", "new study", "those that stray furthest"))
    furthest = sorted(chain_ranks(bad.fit.kept)[3:], key=lambda one: -one.strayed.max())
    labels = [many.fit.evidence.study_label(one.study) for one in furthest]
    assert all(label in words for label in labels[: MOST - 3])
    assert not any(label in words for label in labels[MOST - 3 :])
    told = f"{len(chain_ranks(bad.fit.kept))} quantities (8 drawn, with the study effects that stray furthest)"
    assert told in describe_ranks(bad)
    assert axes.figure.get_figheight() <= PAGE


@pytest.mark.parametrize("slow", [0.3, 0.95])
def test_energy_says_the_number_of_its_gate(anakinra: Analysis, slow: float) -> None:
    endpoint = sampled(anakinra.headlines[0], slow=slow)
    gate = check_energy(endpoint.fit.kept)
    smallest = f"{gate.table['e_bfmi'].min():.2f}"
    assert f"smallest E-BFMI {smallest};" in gate.text
    text = describe_energy(endpoint)
    assert f"the smallest E-BFMI is {smallest}," in text
    assert ("none is below" in text) is bool(gate.passed)
    bfmi = plot_energy(endpoint).child_axes[0]
    drawn = np.asarray(bfmi.collections[0].get_offsets())
    assert drawn[:, 0] == pytest.approx(gate.table["e_bfmi"].to_numpy())
    (limit,) = [line for line in bfmi.get_lines() if len(set(line.get_xdata())) == 1]
    assert float(np.asarray(limit.get_xdata())[0]) == 0.3


def test_energy_is_drawn_as_it_was(anakinra: Analysis) -> None:
    endpoint = sampled(anakinra.headlines[0])
    energy = np.asarray(endpoint.fit.kept.sampling.energy)
    own, moves = plot_energy(endpoint).child_axes[1].get_lines()
    for line, values in ((own, energy - energy.mean()), (moves, np.diff(energy, axis=1))):
        x, density = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        assert np.trapezoid(density, x) == pytest.approx(1.0, abs=0.02)
        assert np.sqrt(np.trapezoid(density * x**2, x)) == pytest.approx(values.std(), rel=0.1)


def test_energy_that_never_moves_is_drawn(anakinra: Analysis) -> None:
    endpoint = sampled(anakinra.headlines[0])
    energy = np.array(endpoint.fit.kept.sampling.energy)
    energy[1] = energy[1, 0] + 1e-9 * np.arange(energy.shape[1])
    found = with_energy(endpoint, energy)
    assert faults(plot_energy(found)) == []
    assert "in chain 2" in describe_energy(found)
