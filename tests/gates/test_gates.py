"""Each gate passes on draws made to pass it and fails on draws made to fail it."""

from __future__ import annotations

import ast
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.builders import spec, two_arms
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.engines.posterior import Marginals, Posterior, Run, Sampling
from reanalysis.gates import gates as listed
from reanalysis.gates.convergence import check_convergence, check_effective_sample
from reanalysis.gates.gates import gates
from reanalysis.gates.hamiltonian import check_divergences, check_energy

DATA = two_arms([(3, 20, 7, 21)])
RNG = np.random.default_rng(7)
GOOD = RNG.normal(size=(4, 2000))


def posterior(
    draws: NDArray[np.float64], energy: NDArray[np.float64] = GOOD, divergences: tuple[int, ...] = (0,)
) -> Posterior:
    def nothing() -> None:
        raise AssertionError

    runs = tuple(Run(0.95 + 0.04 * i, 1000, 4000, 4, d) for i, d in enumerate(divergences))
    overall = Marginals({"log_odds_ratio": partial(DrawsMarginal, draws)})
    return Posterior(
        spec(),
        DATA,
        "nuts",
        overall,
        {},
        nothing,
        sampling=Sampling(runs, energy),
    )


def walk(slow: float) -> NDArray[np.float64]:
    """Autocorrelated draws with variance 1."""
    found = np.empty_like(GOOD)
    found[:, 0] = GOOD[:, 0]
    for i in range(1, GOOD.shape[1]):
        found[:, i] = slow * found[:, i - 1] + np.sqrt(1 - slow**2) * GOOD[:, i]
    return found


def test_independent_draws_pass_every_gate() -> None:
    assert all(gate.passed for gate in gates(posterior(GOOD)))


def test_a_chain_apart_fails_r_hat() -> None:
    assert check_convergence(posterior(GOOD + np.array([[0.0], [0.0], [0.0], [1.0]]))).failed


def test_sticky_chains_fail_the_effective_sample_size() -> None:
    assert check_effective_sample(posterior(walk(0.95))).failed


@pytest.mark.parametrize(("divergences", "failed"), [((0,), False), ((3, 0), False), ((3, 1), True)])
def test_divergences_count_in_the_last_run_only(divergences: tuple[int, ...], failed: bool) -> None:
    result = check_divergences(posterior(GOOD, divergences=divergences))
    assert result.failed is failed
    assert ("rerun" in result.text) is (len(divergences) > 1)


def test_an_energy_that_creeps_fails() -> None:
    assert check_energy(posterior(GOOD)).passed
    assert check_energy(posterior(GOOD, energy=walk(0.99))).failed


def test_the_energy_fraction_is_the_ratio_of_the_sums_of_squares() -> None:
    """Betancourt 2016, equation 6: squared steps of the energy over squared distances from its mean."""
    energy = walk(0.5)
    exact = (np.diff(energy, axis=1) ** 2).sum(axis=1) / ((energy - energy.mean(axis=1, keepdims=True)) ** 2).sum(
        axis=1
    )
    assert check_energy(posterior(GOOD, energy=energy)).table["e_bfmi"].to_numpy() == pytest.approx(exact, rel=1e-12)


def test_every_gate_is_in_the_list_and_no_other() -> None:
    """A gate is a public function check_... of this room."""
    room = Path(listed.__file__).parent
    defined = [
        one.name
        for path in room.glob("*.py")
        for one in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(one, ast.FunctionDef) and one.name.startswith("check_")
    ]
    assert sorted(defined) == sorted(check.__name__ for check in (*listed.OF_DRAWS, *listed.OF_TWO_ENGINES))


def test_quadrature_has_no_gate_to_fail() -> None:
    assert gates(fit(spec(), DATA)) == ()
