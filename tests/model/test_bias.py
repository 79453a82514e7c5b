"""Risk of bias as a mean and an SD of a study's bias: the rule, its closed forms, and both in the likelihood."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import binom, halfnorm, norm

from evidence.folders import ANAKINRA, folder
from reanalysis.engines.fit import fit
from reanalysis.engines.quadrature.grids import Lattice
from reanalysis.engines.quadrature.study_likelihood import StudyLikelihood
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import AdjustedRatio, ModelData, StudyData
from reanalysis.model.discounts import study_bias
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import default_spec
from reanalysis.model.spec import ModelSpec
from reanalysis.model.specification import specification

SIZES = '[bias]\nserious = 0.3\nreason = "a judgement"\n'
STUDY = '[studies.A]\ndesign = "historical"\n[endpoints.x]\nbetter = "lower"\n[endpoints.y]\nbetter = "higher"\n'
ROWS = [
    "A control x 4 30",
    "A treated x 9 31",
    "A control y 4 30",
    "A treated y 9 31",
    "A control z 1 9",
    "A treated z 2 9",
]


def judged(where: Path, *rows: str, toml: str = SIZES) -> Evidence:
    """Study A with rows of risk_of_bias.csv, each an endpoint, a domain, a judgement and a direction."""
    folder(where, ROWS, toml=STUDY + toml)
    lines = [f"A,{row},a reason" for row in rows]
    (where / "risk_of_bias.csv").write_text("study,endpoint,domain,judgement,direction,reason\n" + "\n".join(lines))
    return read_evidence(where)


def bias_of(evidence: Evidence, endpoint: str = "x", **settings: float) -> tuple[float, float]:
    spec = specification(evidence, endpoint, model="bias", settings=settings or None)
    return study_bias(evidence, "A", endpoint, spec)


def test_without_sizes_or_judgements_it_is_that_of_the_design_and_has_no_direction(tmp_path: Path) -> None:
    assert bias_of(judged(tmp_path / "a", ",confounding,serious,", toml="")) == (0.45, 0.0)
    assert bias_of(judged(tmp_path / "b", "y,confounding,serious,")) == (0.45, 0.0)
    assert study_bias(judged(tmp_path / "c", ",confounding,serious,"), "A", "x", ModelSpec()) == (
        0.0,
        0.0,
    )  # the other models have none


def test_the_squares_of_the_domains_add_and_those_of_the_endpoint_come_first(tmp_path: Path) -> None:
    evidence = judged(
        tmp_path, ",confounding,critical,", ",measurement,no information,", ",selection,low,", "x,confounding,serious,"
    )
    assert bias_of(evidence) == pytest.approx((np.hypot(0.3, 0.2), 0.0))
    assert bias_of(evidence, "y") == pytest.approx((np.hypot(0.4, 0.2), 0.0))
    assert bias_of(evidence, b_historical=0.7) == (0.7, 0.0)


def test_a_direction_folds_a_bias_to_its_side_and_keeps_its_mean_square(tmp_path: Path) -> None:
    evidence = judged(tmp_path, ",confounding,serious,favours treated")
    sd, mean = bias_of(evidence)
    half = halfnorm(scale=0.3)
    assert (sd, mean) == pytest.approx((half.std(), -half.mean()))  # fewer events are good
    assert sd**2 + mean**2 == pytest.approx(0.3**2)
    assert bias_of(evidence, "y") == pytest.approx((half.std(), half.mean()))  # more events are
    both = judged(tmp_path / "both", ",confounding,serious,favours treated", ",selection,serious,favours control")
    assert bias_of(both) == pytest.approx((np.sqrt(2) * half.std(), 0.0))


def test_a_direction_needs_sizes_a_word_and_a_good_side(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"risk_of_bias.csv, line 2.*declare \[bias\] in analysis.toml"):
        judged(tmp_path / "a", ",confounding,serious,favours treated", toml="")
    with pytest.raises(InvalidInput, match="must be favours treated, favours control, or empty"):
        judged(tmp_path / "b", ",confounding,serious,towards null")
    with pytest.raises(InvalidInput, match="reason"):
        judged(tmp_path / "c", ",confounding,serious,", toml="[bias]\nserious = 0.3\n")
    with pytest.raises(InvalidInput, match=r"endpoint 'z' has no good side; set better"):
        bias_of(judged(tmp_path / "d", ",confounding,serious,favours treated"), "z")


@pytest.mark.parametrize(("sd", "mean"), [(0.4, 0.3), (0.05, -0.7), (0.0, 0.5)])
def test_it_moves_and_smooths_the_probability_of_the_treated_arm(sd: float, mean: float) -> None:
    prior = Distribution.parse("normal(0,2)")
    study = StudyData("A", Candidates.count(7, 20), Candidates.count(4, 25), 0.0, bias=sd, bias_mean=mean)
    likelihood = StudyLikelihood(study, prior)
    z, weight = np.polynomial.hermite_e.hermegauss(60)

    def treated(logit: float) -> float:
        return float(weight @ binom.pmf(4, 25, expit(logit + mean + sd * z)) / weight.sum())

    values, log_factor = likelihood.on(Lattice(0.05, -40, 81))
    for place, effect in ((10, -1.5), (40, 0.0), (70, 1.5)):
        expected, _ = quad(
            lambda m, d=effect: np.exp(prior.logpdf(m)) * binom.pmf(7, 20, expit(m - d / 2)) * treated(m + d / 2),
            -12, 12, epsabs=1e-12,
        )  # fmt: skip
        assert values[place] * np.exp(log_factor) == pytest.approx(expected, rel=1e-6)


def test_a_ratio_is_off_by_it(tmp_path: Path) -> None:
    ratio = StudyData("A", None, None, 0.0, AdjustedRatio(0.8, 0.3), bias=0.4, bias_mean=0.2)
    values, log_factor = StudyLikelihood(ratio, Distribution.parse("normal(0,2)")).on(Lattice(0.1, -5, 11))
    assert values * np.exp(log_factor) == pytest.approx(norm.pdf(0.8, np.arange(-5, 6) / 10 + 0.2, 0.5))


def test_a_bias_that_is_known_moves_the_effect_by_it_where_the_prior_is_flat() -> None:
    priors = replace(ModelSpec().priors, mu=Distribution.parse("normal(0,30)"))
    spec = ModelSpec(model="bias", pooling="complete", priors=priors)
    plain = StudyData("A", Candidates.count(70, 200), Candidates.count(40, 250), 0.0)
    means = [
        fit(spec, ModelData("x", (one,))).overall["log_odds_ratio"].mean()
        for one in (plain, replace(plain, bias_mean=0.4))
    ]
    assert means[1] - means[0] == pytest.approx(-0.4, abs=2e-3)


def test_the_reanalysis_declares_sizes_and_no_direction() -> None:
    evidence = read_evidence(ANAKINRA)
    spec = replace(default_spec(evidence, "bias"))
    found = {study: study_bias(evidence, study, "icans_any", spec) for study in ("iptw", "phase1", "phase2")}
    assert all(mean == 0 for _, mean in found.values())
    assert found["iptw"][0] == pytest.approx(np.sqrt(2 * 0.2**2 + 3 * 0.1**2 + 0.2**2))
    assert found["iptw"][0] < found["phase1"][0] < found["phase2"][0]
