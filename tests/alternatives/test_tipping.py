"""A tipping point is where the probability is the threshold, and nowhere where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from reanalysis.alternatives import tipping as module
from reanalysis.alternatives.choice import Primary
from reanalysis.alternatives.crossing import Assumption, TippingPoint, tipping_points_of
from reanalysis.alternatives.tipping import tipping_points
from reanalysis.engines.fit import fit
from reanalysis.estimands.headline import headline
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.data import AdjustedRatio, ModelData, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

EVENTS = ("benefit", "harm")


def by(points: list[TippingPoint], event: str, threshold: float, name: str | None = None) -> TippingPoint:
    (found,) = [p for p in points if (p.event, p.threshold) == (event, threshold) and name in (None, p.assumption)]
    return found


def assumed(
    now: float | None, low: float, high: float, chance: Callable[[float], float | None], **how: bool
) -> Assumption:
    return Assumption("x", "", now, low, high, lambda values: [chance(x) for x in values], **how)


@pytest.fixture(scope="module")
def icans(evidence: Evidence, spec: ModelSpec) -> list[TippingPoint]:
    return tipping_points(evidence, "icans_any", spec)


def test_a_normal_distribution_tips_at_its_quantiles() -> None:
    found = tipping_points_of(assumed(0.0, -3.0, 3.0, lambda x: float(norm.cdf(x))), EVENTS)
    for p in (0.5, 0.8, 0.95):
        assert by(found, "benefit", p).value == pytest.approx(norm.ppf(p), abs=1e-5)
    assert by(found, "harm", 0.8).value == pytest.approx(-norm.ppf(0.8), abs=1e-5)
    assert len(found) == 5


def test_a_threshold_that_is_not_crossed_is_said_to_be_out_of_reach() -> None:
    found = by(tipping_points_of(assumed(0.0, -0.5, 0.5, lambda x: float(norm.cdf(x))), EVENTS), "benefit", 0.95)
    assert found.value is None
    assert found.text == "not reachable within [-0.5, 0.5]"
    assert found.at_high == pytest.approx(norm.cdf(0.5))


def test_of_several_crossings_the_nearest_to_the_present_value_is_given() -> None:
    wave = assumed(2.2, 0.0, 10.0, lambda x: 0.5 + 0.2 * float(np.sin(x)))
    assert by(tipping_points_of(wave, EVENTS), "benefit", 0.5).value == pytest.approx(np.pi, abs=1e-5)


def test_a_search_by_factors_stays_within_its_bounds() -> None:
    seen = []

    def chance(x: float) -> float:
        seen.append(x)
        return x

    factor = assumed(None, 0.02, 1.0, chance, logarithmic=True)
    assert by(tipping_points_of(factor, EVENTS), "benefit", 0.8).value == pytest.approx(0.8, abs=1e-5)
    assert min(seen) == 0.02
    assert max(seen) == 1.0


@pytest.mark.parametrize(("slope", "told"), [(-1, "10 or fewer"), (1, "40 or more")])
def test_of_whole_numbers_the_last_that_still_reaches_the_threshold_is_given(slope: int, told: str) -> None:
    events = assumed(None, 0.0, 50.0, lambda x: 0.5 + slope * (x - 25) / 50, whole=True)
    assert by(tipping_points_of(events, EVENTS), "benefit", 0.8).text == told


def test_a_value_that_cannot_be_computed_is_passed_over() -> None:
    def chance(x: float) -> float | None:
        return None if x < -1 else float(norm.cdf(x))

    found = by(tipping_points_of(assumed(0.0, -3.0, 3.0, chance), EVENTS), "benefit", 0.8)
    assert found.value == pytest.approx(norm.ppf(0.8), abs=1e-5)
    assert found.at_low is None


def test_values_between_which_a_crossing_lies_are_passed_over_if_none_there_can_be_computed() -> None:
    known = assumed(0.0, -3.0, 3.0, lambda x: float(norm.cdf(x))).nodes()
    found = tipping_points_of(assumed(0.0, -3.0, 3.0, lambda x: float(norm.cdf(x)) if x in known else None), EVENTS)
    assert by(found, "benefit", 0.8).value is None


@pytest.mark.parametrize("model", ["contrast", "exnex"])
def test_a_known_bias_moves_normal_estimates_by_itself(spec: ModelSpec, model: str) -> None:
    def data(bias: float) -> ModelData:
        ratios = (("a", 0.4, 0.3), ("b", -0.2, 0.4))
        return ModelData("x", tuple(StudyData(n, None, None, 0.0, AdjustedRatio(y - bias, se)) for n, y, se in ratios))

    under = replace(spec, model=model)  # type: ignore[arg-type]
    for bias in (-0.7, 0.3):
        expected = headline(fit(under, data(bias))).log_odds_ratio.cdf(0.0)
        found = headline(fit(module.moved_by(under, bias), data(0.0))).log_odds_ratio.cdf(bias)
        assert found == pytest.approx(expected, abs=1e-6)


def test_the_bias_that_tips_the_odds_is_found_where_they_are_even(
    evidence: Evidence, spec: ModelSpec, icans: list[TippingPoint]
) -> None:
    found = by(icans, "benefit", 0.5, "bias")
    assert found.value is not None
    moved = replace(spec, priors=replace(spec.priors, mu=Distribution("normal", (found.value, 1.0))))
    effect = headline(fit(moved, select(evidence, spec, "icans_any").data)).log_odds_ratio
    assert effect.cdf(found.value) == pytest.approx(0.5, abs=1e-5)


def test_k_and_rho_tip_the_odds_where_a_fit_with_them_says_so(
    evidence: Evidence, spec: ModelSpec, icans: list[TippingPoint]
) -> None:
    for name in ("k", "rho"):
        found = by(icans, "benefit", 0.5, name)
        assert found.value is not None
        changed = replace(spec, **{name: found.value})
        effect = headline(fit(changed, select(evidence, changed, "icans_any").data)).log_odds_ratio
        assert effect.cdf(0.0) == pytest.approx(0.5, abs=1e-5)


def test_a_sharper_sceptic_needs_more_to_be_sure(evidence: Evidence, spec: ModelSpec) -> None:
    points = tipping_points(evidence, "infection_g3", spec)
    found = {p: by(points, "harm", p, "sceptical prior SD").value for p in (0.8, 0.95)}

    def harm(scale: float) -> float:
        changed = replace(spec, priors=replace(spec.priors, mu=Distribution("normal", (0.0, scale))))
        effect = headline(fit(changed, select(evidence, changed, "infection_g3").data)).log_odds_ratio
        return 1 - float(effect.cdf(0.0))

    for threshold, sd in found.items():
        assert sd is not None
        assert harm(sd) == pytest.approx(threshold, abs=1e-5)
        assert harm(sd / 2) < threshold < harm(2 * sd)


def test_the_events_of_a_future_cohort_tip_the_probability_between_two_whole_numbers(
    evidence: Evidence, spec: ModelSpec, icans: list[TippingPoint]
) -> None:
    every = module.assumptions(Primary.of(evidence, spec, "icans_any"))
    (cohort,) = [one for one in every if "100" in one.name]
    events = by(icans, "benefit", 0.8, cohort.name).value
    assert events is not None
    assert cohort.chance(events) >= 0.8 > cohort.chance(events + 1)


def test_a_larger_cohort_tips_with_a_smaller_difference(icans: list[TippingPoint]) -> None:
    shares = [
        found.value / size
        for size in module.FUTURE_SIZES
        if (found := by(icans, "benefit", 0.8, f"future cohort, {size} an arm")).value is not None
    ]
    assert len(shares) == len(module.FUTURE_SIZES)
    assert shares == sorted(shares)


def test_randomised_studies_have_no_common_bias(evidence: Evidence, spec: ModelSpec) -> None:
    settings = evidence.settings
    trial = settings.studies["phase2"].model_copy(update={"design": "randomised"})
    changed = settings.model_copy(update={"studies": settings.studies | {"phase2": trial}})
    every = module.assumptions(Primary.of(replace(evidence, settings=changed), spec, "icans_any"))
    assert "bias" not in {one.name for one in every}


def test_what_cannot_be_turned_is_absent(evidence: Evidence, spec: ModelSpec) -> None:
    names = {p.assumption for p in tipping_points(evidence, "crs_any", spec)}
    assert "k" not in names
    assert {"bias", "bias SD", "rho", "sceptical prior SD", "future cohort, 25 an arm"} <= names


def test_an_endpoint_where_more_is_better_has_its_good_side_above(evidence: Evidence, spec: ModelSpec) -> None:
    points = tipping_points(evidence, "cr", spec)
    assert by(points, "benefit", 0.8, "future cohort, 100 an arm").text.endswith("or more")
