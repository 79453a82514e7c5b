"""Each quadrature of the family agrees with plain sums over its parameters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engines.builders import data, one_arm, spec, study, two_arms
from family.sums import Sums, mean_and_sd
from reanalysis.engines.quadrature.engine import fit
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import Benchmark, ModelData
from reanalysis.model.spec import ModelSpec

ROWS = ((6, 20, 4, 21), (9, 30, 16, 31), (0, 15, 3, 14))
LATENT = data(
    study("a", (6, 20), (4, 21), 0.02),
    study("b", Candidates((6, 9), (20, 30), (0.7, 0.3)), (16, 31), 0.01),
    study("c", (0, 15), (3, 14)),
)


def biased(*sds: float) -> ModelData:
    return data(*(replace(s, bias=b) for s, b in zip(two_arms(ROWS).studies, sds, strict=True)))


def filled(share: float) -> ModelData:
    mark = Benchmark(Candidates((41, 42), (101, 101), (1.0, 1.0)), 0.05, share)
    alone = replace(study("d", None, (13, 20), 0.02), benchmark=mark)
    return data(*two_arms(ROWS[:2], 0.02).studies, alone)


CASES = {
    "contrast": (spec(), LATENT),
    "exnex": (spec("exnex"), LATENT),
    "exnex, mostly exchangeable": (spec("exnex", settings=(("nex_mean", 0.4), ("nex_sd", 0.8), ("w", 0.85))), LATENT),
    "exnex of single arms": (
        spec("rates", tau="halfnormal(0.7)"),
        one_arm([(6, 20), (9, 30), (14, 16), (1, 18)], rho=0.02),
    ),
    "bias": (spec("bias"), biased(0.45, 0.35, 0.8)),
    "bias of some": (spec("bias"), biased(0.0, 0.05, 0.45)),
    "all-cohort": (spec("all-cohort"), filled(0.5)),
    "all-cohort, benchmark trusted": (spec("all-cohort"), filled(1.0)),
}
basket = replace(CASES["exnex of single arms"][0], model="exnex", basket=True)
CASES["exnex of single arms"] = (basket, CASES["exnex of single arms"][1])


@pytest.mark.parametrize(("model", "evidence"), CASES.values(), ids=CASES)
def test_quadrature_equals_plain_sums(model: ModelSpec, evidence: ModelData) -> None:
    found, sums = fit(model, evidence), Sums(model, evidence)
    assert found.log_evidence == pytest.approx(sums.log_evidence, abs=2e-4)
    pairs = [
        (found.overall[model.effect], sums.average()),
        (found.overall["tau"], sums.heterogeneity()),
        (found.overall[f"{model.effect}_new"], sums.new_effect()),
        *((found.study[s][model.effect], sums.study_effect(i)) for i, s in enumerate(evidence.names)),
    ]
    for marginal, (grid, mass) in pairs:
        mean, sd = mean_and_sd(grid, mass)
        assert abs(marginal.mean() - mean) < 1e-3 * sd
        assert marginal.sd() == pytest.approx(sd, rel=1e-3)
    if not model.rates:
        for i, s in enumerate(evidence.names):
            assert found.study[s]["control_logit"].mean() == pytest.approx(sums.control_logit_mean(i), abs=1e-3)
    if model.model == "exnex":
        for i, s in enumerate(evidence.names):
            assert found.exchangeable[s] == pytest.approx(sums.exchangeable(i), abs=1e-4)


SARCOMA = one_arm(
    [(2, 15), (0, 13), (1, 12), (6, 28), (7, 29), (3, 29), (5, 26), (1, 5), (0, 2), (3, 20)], arm="treated"
)
"""Responses to imatinib in ten subtypes of sarcoma (Chugh et al. 2009, J Clin Oncol 27:3148)."""


def test_the_sarcoma_basket_under_its_published_priors() -> None:
    """Data, weights and priors of Neuenschwander et al. 2016 (Pharm Stat 15:123), posterior by plain sums."""
    model = spec(
        "rates", mu="normal(-1.73,2.616)", tau="halfnormal(1)", arm="treated",
    )  # fmt: skip
    settings = (("nex_mean", -1.73), ("nex_sd", 2.801), ("w", 0.5))
    model = replace(model, model="exnex", basket=True, settings=settings)
    found = fit(model, SARCOMA)
    sums = Sums(model, SARCOMA, step=0.1, reach=22.0, mu_reach=14.0, tau_reach=5.5)
    for i, s in enumerate(SARCOMA.names):
        mean, sd = mean_and_sd(*sums.study_effect(i))
        assert abs(found.study[s]["logit_rate"].mean() - mean) < 1e-3 * sd
        assert found.exchangeable[s] == pytest.approx(sums.exchangeable(i), abs=1e-4)
    exchangeable = found.exchangeable
    assert min(exchangeable, key=exchangeable.__getitem__) == "s01"  # none of 13: the least like the others


def test_the_treated_rate_of_a_biased_study_is_that_without_its_bias() -> None:
    """E(alpha + delta), and not the larger spread of what was observed."""
    found = fit(spec("bias"), biased(0.45, 0.35, 0.8)).study["s01"]
    total = found["control_logit"].mean() + found["log_odds_ratio"].mean()
    assert found["treated_logit"].mean() == pytest.approx(total, abs=1e-6)
