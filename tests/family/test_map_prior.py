"""The MAP prior, its closed form and its effective sample sizes are those published for eight control arms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import beta as beta_distribution
from scipy.stats import binom

from cli.command import fit as fit_command
from cli.command import run
from evidence.folders import TWO_STUDIES, folder
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.engines.quadrature.engine import fit
from reanalysis.estimands.beta_mixture import BetaMixture, elir_size, elir_size_of_logit, moment_size
from reanalysis.estimands.map_prior import effective_size, fitted_mixture, logit_elir_size
from reanalysis.estimands.measures import rate
from reanalysis.model.selection import default_spec, select
from reanalysis.validation.published_folder import FOLDER
from reanalysis.validation.published_problem import read_problem

PROBLEM = read_problem(FOLDER / "as")

assert PROBLEM.mixture is not None
PUBLISHED = PROBLEM.mixture
"""Four components; what is printed of them is held against the program with all other published figures."""


@pytest.fixture(scope="module")
def posterior():
    evidence = PROBLEM.evidence
    spec = default_spec(evidence, "rates")
    return fit(spec, select(evidence, spec, "response").data)


def test_the_closed_form_is_the_map_prior(posterior) -> None:
    exact = rate(posterior.overall["logit_rate_new"])
    mixture = fitted_mixture(posterior.overall["logit_rate_new"])
    found = (mixture.mean(), mixture.sd(), *mixture.quantile([0.025, 0.5, 0.975]))
    assert found == pytest.approx((exact.mean(), exact.sd(), *exact.quantile([0.025, 0.5, 0.975])), abs=1e-3)
    at = exact.quantile(np.linspace(0.02, 0.98, 25))
    assert mixture.cdf(at) == pytest.approx(exact.cdf(at), abs=1e-3)


def test_effective_sample_sizes_of_the_published_arms() -> None:
    """By the command, as two releases printed them."""
    found = fit_command(FOLDER / "as", "--model", "rates", endpoint="response").json["estimates"]["map_prior"]
    sizes = found["mixture"]["effective_sample_size"]
    printed = [figure for figure in PROBLEM.figures if figure.quantity == "map_prior"]
    assert {figure.statistic for figure in printed} == set(sizes) - {"elir_logit"}
    assert sizes["elir_logit"] == pytest.approx(sizes["elir"], rel=0.01)
    assert all(abs(sizes[figure.statistic] - figure.value) <= figure.tolerance for figure in printed)
    # of the exact predictive distribution
    assert sizes["moment"] == pytest.approx(0.25828 * (1 - 0.25828) / 0.087414**2 - 1, abs=0.05)
    assert found["robust_weight"] == 0.2
    assert found["robust"]["weights"][-1] == pytest.approx(0.2)
    assert (found["robust"]["a"][-1], found["robust"]["b"][-1]) == (1.0, 1.0)
    assert found["robust"]["effective_sample_size"]["elir"] < sizes["elir"]


@pytest.mark.parametrize(
    ("rows", "elir"),
    [
        ([(2, 30), (18, 30), (0, 30), (2, 30)], (5.9, 6.3)),
        ([(5, 40)], (0, 40)),
        ([(0, 30)] * 3, (0, 90)),
        ([(0, 20)], (0, 20)),
        ([(20, 20)] * 2, (0, 40)),
        ([(0, 3), (3, 3)], (0, 6)),
        ([(1, 2)], (1.99, 2.01)),
        ([(1, 1000), (999, 1000)], (0, 2000)),
    ],
)
def test_every_prior_of_a_rate_is_worth_a_number_of_patients_or_a_reason(
    tmp_path, rows: list[tuple[int, int]], elir: tuple[float, float]
) -> None:
    where = folder(tmp_path, [f"S{i} control x {x} {n}" for i, (x, n) in enumerate(rows)])
    found = fit_command(where, "--model", "rates").json["estimates"]["map_prior"]
    for mixture in (found["mixture"], found["robust"]):
        size, note = mixture["effective_sample_size"], mixture["effective_sample_size_note"]
        assert min(size.values()) > 0
        assert max(size.values()) <= sum(n for _, n in rows)
        unbounded = min(*mixture["a"], *mixture["b"]) < 1
        assert ("ELIR on the logit scale, as the density" in note) == unbounded
    plain, robust = (found[name]["effective_sample_size"]["elir"] for name in ("mixture", "robust"))
    assert elir[0] < plain < elir[1]
    assert robust < plain
    text = run("fit", where, "--endpoint", "x", "--model", "rates", "--engine", "quadrature").out
    assert "not defined" not in text.split("MAP prior: ")[1].split("\n\n")[0]
    assert ("ELIR on the logit scale, as the density" in " ".join(text.split())) == unbounded


def test_the_logit_scale_gives_the_size_of_the_rate_scale_where_both_exist(posterior) -> None:
    new = posterior.overall["logit_rate_new"]
    assert logit_elir_size(new) == pytest.approx(elir_size(fitted_mixture(new)), rel=5e-3)
    assert logit_elir_size(new, 1.0) == pytest.approx(2.0, rel=1e-3)  # Beta(1, 1)


def test_a_size_at_a_bound_says_so(posterior) -> None:
    """A density that curves upwards is worth less than nothing by the formula; some are worth more than was counted."""
    new = posterior.overall["logit_rate_new"]
    more = effective_size(PUBLISHED, new, patients=30)
    assert (more.elir, more.elir_logit) == (30, 30)
    assert "ELIR, ELIR on the logit scale above the 30 patients that were counted, given as these" in more.note
    odd = BetaMixture((0.054, 0.946), (0.456, 0.842), (7.79, 0.779))
    assert elir_size_of_logit(odd) < 0
    drawn = effective_size(odd, DrawsMarginal(new.draw(np.random.default_rng(1), 400).reshape(4, -1)))
    assert (drawn.elir, drawn.elir_logit) == (0, 0)
    assert "below 0, given as 0" in drawn.note


def test_draws_have_the_size_of_their_mixture_on_logits(posterior) -> None:
    unbounded = BetaMixture((1.0,), (0.5,), (3.0,))
    new = posterior.overall["logit_rate_new"]
    drawn = effective_size(unbounded, DrawsMarginal(new.draw(np.random.default_rng(1), 400).reshape(4, -1)))
    assert drawn.elir == drawn.elir_logit == pytest.approx(3.5)
    assert "ELIR on the logit scale, as the density of the rate grows without bound" in drawn.note


def test_draws_give_nearly_the_same_mixture(posterior) -> None:
    new = posterior.overall["logit_rate_new"]
    drawn = fitted_mixture(DrawsMarginal(new.draw(np.random.default_rng(1), 16_000).reshape(4, -1)))
    exact = fitted_mixture(new)
    assert (drawn.mean(), drawn.sd()) == pytest.approx((exact.mean(), exact.sd()), abs=3e-3)
    assert elir_size(drawn) == pytest.approx(elir_size(exact), rel=0.1)


def test_one_beta_distribution_is_its_own_mixture() -> None:
    one = BetaMixture((1.0,), (7.0,), (13.0,))
    assert (elir_size(one), moment_size(one)) == pytest.approx((20.0, 20.0), abs=1e-6)
    split = BetaMixture((0.4, 0.6), (7.0, 7.0), (13.0, 13.0))
    assert elir_size(split) == pytest.approx(20.0, abs=1e-6)
    assert one.quantile([0.1, 0.9]) == pytest.approx(beta_distribution.ppf([0.1, 0.9], 7, 13), abs=1e-9)


def test_updating_raises_the_local_information_size_by_the_patients_on_average() -> None:
    """Predictive consistency (Neuenschwander et al. 2020): the moment size has no such property."""
    n = 10
    rate_nodes, mass = PUBLISHED.nodes()
    total = 0.0
    for x in range(n + 1):
        total += float(mass @ binom.pmf(x, n, rate_nodes)) * elir_size(PUBLISHED.updated(x, n))
    assert total == pytest.approx(elir_size(PUBLISHED) + n, abs=0.02)


@pytest.mark.parametrize("shapes", [((2.0, 8.0), (12.0, 3.0)), ((0.95, 1.5, 3.0), (4.15, 15.5, 2.0))])
def test_on_logits_updating_raises_the_size_by_the_patients_on_average(shapes: tuple[tuple[float, ...], ...]) -> None:
    """Exactly: a patient's information of a logit does not depend on what happens to them."""
    a, b = shapes
    prior = BetaMixture((1 / len(a),) * len(a), a, b).robust(0.2, mean=0.4, size=5.0)
    for n in (1, 15):
        rate, mass = prior.nodes()
        expected = sum(
            float(mass @ binom.pmf(x, n, rate)) * elir_size_of_logit(prior.updated(x, n), 0.0) for x in range(n + 1)
        )
        assert expected == pytest.approx(elir_size_of_logit(prior, 0.0) + n, rel=2e-4)


def test_on_logits_a_mixture_has_the_size_of_its_density() -> None:
    """Second differences of the log density of the logit, for components of any shape."""
    mixture = BetaMixture((0.5, 0.3, 0.2), (2.5, 9.0, 1.4), (7.0, 4.0, 2.2))
    theta = np.linspace(-9, 9, 20001)
    rate = expit(theta)
    log_density = mixture.log_density(rate) + np.log(rate) + np.log1p(-rate)
    density, step = np.exp(log_density), theta[1] - theta[0]
    information = -(log_density[2:] - 2 * log_density[1:-1] + log_density[:-2]) / step**2
    inner = density[1:-1] / density[1:-1].sum()
    expected = float(inner @ (information / (rate * (1 - rate))[1:-1]))
    assert elir_size_of_logit(mixture, 0.0) == pytest.approx(expected, rel=1e-3)


def test_a_size_that_does_not_exist_is_none() -> None:
    assert elir_size(BetaMixture((1.0,), (0.5,), (3.0,))) is None


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_the_weight_of_the_vague_component_can_be_set(tmp_path, weight: float) -> None:
    found = fit_command(folder(tmp_path, TWO_STUDIES), "--model", "rates", "--set", f"robust={weight}").json
    assert found["estimates"]["map_prior"]["robust_weight"] == weight
    assert found["spec"]["settings"] == {"robust": weight}


def test_without_a_new_study_there_is_no_map_prior(tmp_path) -> None:
    found = fit_command(folder(tmp_path, TWO_STUDIES), "--model", "rates", "--pooling", "complete").json
    assert found["estimates"]["map_prior"] is None
