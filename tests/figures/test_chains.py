"""The figures of the sampler tell a good chain from a bad one, and say what the gates say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from figures.plots import OF_CHAINS
from figures.rendered import faults, shown
from figures.sampled import sampled
from reanalysis.analysis.analysis import Analysis
from reanalysis.engines.posterior import Sampling
from reanalysis.figures.energy import describe_energy, plot_energy
from reanalysis.figures.ranks import MOST, describe_ranks, plot_ranks
from reanalysis.figures.style import PAGE
from reanalysis.gates.chain_ranks import chain_ranks
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
        assert len(axes.child_axes) == chains
    else:
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
    furthest = sorted(chain_ranks(bad.fit.draws)[3:], key=lambda one: -one.strayed.max())
    labels = [many.fit.evidence.study_label(one.study) for one in furthest]
    assert all(label in words for label in labels[: MOST - 3])
    assert not any(label in words for label in labels[MOST - 3 :])
    told = f"{len(chain_ranks(bad.fit.draws))} quantities (8 drawn, with the study effects that stray furthest)"
    assert told in describe_ranks(bad)
    assert axes.figure.get_figheight() <= PAGE


@pytest.mark.parametrize("slow", [0.3, 0.95])
def test_energy_says_the_number_of_its_gate(anakinra: Analysis, slow: float) -> None:
    endpoint = sampled(anakinra.headlines[0], slow=slow)
    gate = check_energy(endpoint.fit.draws)
    smallest = f"{gate.table['e_bfmi'].min():.2f}"
    assert f"smallest E-BFMI {smallest};" in gate.text
    text = describe_energy(endpoint)
    assert f"the smallest E-BFMI is {smallest}," in text
    assert ("none is below" in text) is bool(gate.passed)
    words = shown(plot_energy(endpoint))
    for row in gate.table.to_dict("records"):
        assert f"Chain {row['chain'] + 1}: E-BFMI {row['e_bfmi']:.2f}" in words
    assert ("below 0.3" in words) is not gate.passed


def test_energy_is_drawn_as_it_was(anakinra: Analysis) -> None:
    endpoint = sampled(anakinra.headlines[0])
    energy = np.asarray(endpoint.fit.draws.sampling.energy)
    panel = plot_energy(endpoint).child_axes[0]
    own, moves = (patch.get_data() for patch in panel.patches)
    for stairs, values in ((own, energy[0] - energy[0].mean()), (moves, np.diff(energy[0]))):
        area = stairs.values * np.diff(stairs.edges)
        inside = ((values >= stairs.edges[0]) & (values <= stairs.edges[-1])).mean()
        assert area.sum() == pytest.approx(inside, abs=1e-9)
        middle = 0.5 * (stairs.edges[1:] + stairs.edges[:-1])
        assert np.sqrt(area @ middle**2) == pytest.approx(values.std(), rel=0.05)


def test_energy_that_never_moves_is_drawn(anakinra: Analysis) -> None:
    endpoint = sampled(anakinra.headlines[0])
    energy = np.array(endpoint.fit.draws.sampling.energy)
    energy[1] = energy[1, 0] + 1e-9 * np.arange(energy.shape[1])
    still = replace(endpoint.fit.draws, sampling=Sampling((), energy))
    found = replace(endpoint, fit=replace(endpoint.fit, sampled=still))
    assert faults(plot_energy(found)) == []
    assert "in chain 2" in describe_energy(found)
