"""The MAP prior, its closed form and its effective sample sizes are those published for eight control arms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta as beta_distribution
from scipy.stats import binom

from cli.command import fit as fit_command
from cli.command import run
from evidence.folders import TWO_STUDIES, folder
from reanalysis.engines.marginal import DrawsMarginal
from reanalysis.engines.quadrature.engine import fit
from reanalysis.estimands.beta_mixture import BetaMixture, elir_size, moment_size
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
    assert {figure.statistic for figure in printed} == set(sizes)
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
        unbounded = min(*mixture["a"], *mixture["b"]) < 1
        assert ("ELIR on the logit scale" in note) == unbounded
    plain, robust = (found[name]["effective_sample_size"]["elir"] for name in ("mixture", "robust"))
    assert elir[0] < plain < elir[1]
    assert robust < plain
    text = run("fit", where, "--endpoint", "x", "--model", "rates", "--engine", "quadrature").out
    assert "not defined" not in text.split("MAP prior: ")[1].split("\n\n")[0]
    assert ("ELIR on the logit scale" in " ".join(text.split())) == unbounded


def test_the_logit_scale_gives_the_size_of_the_rate_scale_where_both_exist(posterior) -> None:
    new = posterior.overall["logit_rate_new"]
    assert logit_elir_size(new) == pytest.approx(elir_size(fitted_mixture(new)), rel=5e-3)
    assert logit_elir_size(new, 1.0) == pytest.approx(2.0, rel=1e-3)  # Beta(1, 1)


def test_what_has_no_size_says_why(posterior) -> None:
    unbounded = BetaMixture((1.0,), (0.5,), (3.0,))
    new = posterior.overall["logit_rate_new"]
    drawn = effective_size(unbounded, DrawsMarginal(new.draw(np.random.default_rng(1), 400).reshape(4, -1)))
    assert drawn.elir is None
    assert "fit by quadrature" in drawn.note
    more = effective_size(PUBLISHED, new, patients=30)
    assert "ELIR above the 30 patients that were counted" in more.note


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
