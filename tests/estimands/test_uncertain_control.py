"""Risks averaged over an uncertain control risk: against sums over pairs, in limits, and by the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

import reanalysis as ra
from cli.command import run
from evidence.folders import TWO_STUDIES, folder
from reanalysis.engines.marginal import GridMarginal, Marginal
from reanalysis.estimands.headline import headline
from reanalysis.estimands.measures import risk_difference, risk_ratio_at, treated_risk
from reanalysis.estimands.risks import within_rope
from reanalysis.estimands.summary import summarise
from reanalysis.estimands.uncertain_control import ControlRate, at_uncertain_control, control_rate
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.settings import Endpoint

RATIOS = (
    "study,endpoint,measure,estimate,lower,upper,level,p,adjustment,use,reason\nA,x,OR,0.5,0.2,1.2,95,,,sensitivity,r\n"
)


def normal(mean: float, sd: float) -> GridMarginal:
    x = np.linspace(mean - 9 * sd, mean + 9 * sd, 721)
    return GridMarginal.from_density(x, norm(mean, sd).pdf(x))


def summed(effect: Marginal, control: Marginal) -> dict[str, np.ndarray]:
    """Measures at 1200 x 1200 equally probable pairs."""
    q = (np.arange(1200) + 0.5) / 1200
    a, d = control.quantile(q)[:, None], effect.quantile(q)
    p0, p1 = np.broadcast_to(expit(a), (1200, 1200)), expit(a + d)
    return {"control_risk": p0, "treated_risk": p1, "risk_difference": p1 - p0, "risk_ratio": p1 / p0}


@pytest.mark.parametrize(
    ("effect", "control"), [((0.4, 0.4), (-1.0, 0.8)), ((-1.2, 0.15), (-3.0, 1.0)), ((0.1, 1.1), (1.5, 0.1))]
)
def test_it_is_the_average_over_pairs(effect: tuple[float, float], control: tuple[float, float]) -> None:
    effect_, logit_ = normal(*effect), normal(*control)
    found, expected = at_uncertain_control(effect_, ControlRate(logit_, ("A",)), Endpoint()), summed(effect_, logit_)
    for name, values in expected.items():
        one = getattr(found, name)
        assert (one.mean, one.sd) == pytest.approx((values.mean(), values.std()), rel=1.5e-2, abs=2e-4), name
        quantiles = np.quantile(values, [0.5, 0.025, 0.975])
        assert (one.median, one.lower, one.upper) == pytest.approx(tuple(quantiles), rel=1e-2, abs=5e-4), name
    difference = expected["risk_difference"]
    assert found.within_rope == pytest.approx((np.abs(difference) < 0.05).mean(), abs=2e-3)
    for beyond in found.beyond:
        sides = (difference < -beyond.margin / 100).mean(), (difference > beyond.margin / 100).mean()
        assert (beyond.fewer, beyond.more) == pytest.approx(sides, abs=2e-3)
    assert found.risk_difference.mean == pytest.approx(
        (found.treated_risk.mean or 0) - (found.control_risk.mean or 0), abs=1e-6
    )


def test_a_control_risk_that_is_all_but_known_gives_what_a_fixed_one_does() -> None:
    effect = normal(-0.6, 0.5)
    found = at_uncertain_control(effect, ControlRate(normal(float(logit(0.3)), 0.002), ("A",)), Endpoint())
    for one, fixed in (
        (found.risk_difference, summarise(risk_difference(effect, 0.3))),
        (found.risk_ratio, summarise(risk_ratio_at(effect, 0.3))),
        (found.treated_risk, summarise(treated_risk(effect, 0.3))),
        (found.at_median, summarise(risk_difference(effect, 0.3))),
    ):
        assert vars(one) == pytest.approx(vars(fixed), abs=5e-4)
    assert found.within_rope == pytest.approx(within_rope(effect, 0.3, 5.0), abs=2e-4)
    assert found.widened == pytest.approx(1.0, abs=1e-3)


def test_an_effect_that_is_all_but_known_moves_every_control_risk() -> None:
    control = normal(-1.0, 0.7)
    found = at_uncertain_control(normal(0.5, 0.002), ControlRate(control, ("A",)), Endpoint())
    ends = control.quantile([0.025, 0.5, 0.975])
    treated = found.treated_risk
    assert (treated.lower, treated.median, treated.upper) == pytest.approx(tuple(expit(ends + 0.5)), abs=3e-4)
    assert found.widened > 5


def test_the_control_rate_is_the_map_prior_of_the_folder(evidence: Evidence) -> None:
    found = control_rate(evidence, "icans_any")
    prior = ra.map_prior(ra.fit(evidence, "icans_any", model="rates"))
    assert found.logit.quantile([0.025, 0.5, 0.975]) == pytest.approx(prior.new_logit.quantile([0.025, 0.5, 0.975]))
    assert set(found.studies) == {"phase1", "phase2", "iptw"}


def test_python_and_the_command_give_the_same(evidence: Evidence) -> None:
    fitted = ra.fit(evidence, "icans_any")
    table = ra.effects(fitted, baseline="map")
    assert [*table.index.names] == ["of", "quantity", "control risk"]
    (label,) = set(table.index.get_level_values("control risk"))
    assert label.startswith("new population (MAP prior of the control rate), ")
    average = table.xs("average").droplevel("control risk")
    found = at_uncertain_control(
        headline(fitted.posterior).log_odds_ratio, control_rate(evidence, "icans_any"), evidence.endpoint("icans_any")
    )
    assert average.loc["risk difference", "lower"] == found.risk_difference.lower
    below = float(fitted.posterior.overall["log_odds_ratio"].cdf(0.0))
    assert average.loc["treated risk", "P(fewer events)"] == below  # whatever the control risk
    shown = run("fit", evidence.folder, "--endpoint", "icans_any", "--baseline", "map", "--format", "json").json
    rows = {(row["of"], row["quantity"]): row for row in shown["at_map"]}
    assert rows["average", "risk difference"]["upper"] == found.risk_difference.upper
    assert rows["new study", "risk difference"]["upper"] > found.risk_difference.upper
    assert "at_map" not in run("fit", evidence.folder, "--endpoint", "icans_any", "--format", "json").json
    text = run("fit", evidence.folder, "--endpoint", "icans_any", "--baseline", "map").out
    assert "averaged over the control risk of a new population (MAP prior of the control rate), " in text
    assert "new study: risk ratio" in text


def test_what_means_nothing_is_refused(tmp_path: Path) -> None:
    where = folder(tmp_path, TWO_STUDIES)
    assert run("fit", where, "--endpoint", "x", "--baseline", "0.3").errors == ["--baseline '0.3': must be map"]
    fitted = ra.fit(ra.read_evidence(where), "x", model="rates")
    with pytest.raises(ra.InvalidInput, match="rates has rates of one arm and no effect"):
        ra.effects(fitted, baseline="map")
    with pytest.raises(ra.InvalidInput, match="must be 'map' or a proportion"):
        ra.effects(ra.fit(ra.read_evidence(where), "x"), baseline="median")  # type: ignore[arg-type]


def test_decisions_have_it_for_every_outcome_with_controls(evidence: Evidence) -> None:
    found = ra.decide(evidence)
    assert list(found.new_populations) == list(found.outcomes)
    one = found.new_populations["icans_g3"]
    assert found.as_dict()["new_population"]["icans_g3"] == one.as_dict()
    assert one.control_risk.lower < 0.1 < one.control_risk.upper
    assert one.text.startswith(f"control risk {one.control_text}, difference +")
