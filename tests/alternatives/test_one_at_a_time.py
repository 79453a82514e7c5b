"""One choice changed, nothing else: each alternative equals what it claims to be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import reanalysis as ra
from reanalysis.alternatives.choices import declared_choices
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import Outcome, as_table
from reanalysis.engines.fit import fit
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec


@pytest.fixture(scope="module")
def icans(evidence: Evidence, spec: ModelSpec) -> dict[str, list[Outcome]]:
    return sensitivity_set(evidence, spec, "icans_any")


def by_label(outcomes: list[Outcome]) -> dict[str, Outcome]:
    return {o.label: o for o in outcomes}


def test_leaving_a_study_out_equals_a_folder_without_it(
    evidence: Evidence, spec: ModelSpec, icans: dict[str, list[Outcome]]
) -> None:
    rest = replace(evidence, arms=tuple(r for r in evidence.arms if r.study != "iptw"))
    expected = fit(spec, select(rest, spec, "icans_any").data).overall["log_odds_ratio"]
    found = by_label(icans["leave one out"])["without IPTW 2025"].log_odds_ratio
    assert found is not None
    assert found.mean == pytest.approx(expected.mean(), abs=1e-9)  # alternatives share a grid


def test_the_direction_on_icans_depends_on_the_cohort_left_out(icans: dict[str, list[Outcome]]) -> None:
    medians = [o.log_odds_ratio.median for o in icans["leave one out"][1:] if o.log_odds_ratio]
    assert min(medians) < 0 < max(medians)


def test_leaving_out_the_only_comparison_is_not_defined(evidence: Evidence, spec: ModelSpec) -> None:
    last = sensitivity_set(evidence, spec, "infection_g3")["leave one out"][-1]
    assert last.log_odds_ratio is None
    assert last.studies == ()


def test_the_ladder_ends_at_the_primary_result(icans: dict[str, list[Outcome]]) -> None:
    assert by_label(icans["discounts"])["both"].log_odds_ratio == icans["leave one out"][0].log_odds_ratio


def test_each_discount_widens_a_single_study(evidence: Evidence, spec: ModelSpec) -> None:
    ladder = by_label(sensitivity_set(evidence, spec, "infection_g3")["discounts"])
    widths = {k: o.log_odds_ratio.upper - o.log_odds_ratio.lower for k, o in ladder.items() if o.log_odds_ratio}
    assert widths["neither (rho = 0, k = 1)"] < widths["k alone (rho = 0)"] < widths["both"]
    assert widths["neither (rho = 0, k = 1)"] < widths["rho alone (k = 1)"]


def test_the_k_grid_contains_the_primary_k_and_ends_at_rho_alone(icans: dict[str, list[Outcome]]) -> None:
    grid = by_label(icans["effective size"])
    assert [o.label for o in icans["effective size"] if o.primary] == ["k = 0.75"]
    assert grid["k = 1"].log_odds_ratio == by_label(icans["discounts"])["rho alone (k = 1)"].log_odds_ratio


@pytest.mark.parametrize(
    ("group", "endpoint"), [("readings", "crs_any"), ("denominators", "icans_any"), ("denominators", "cr")]
)
def test_the_mixture_is_the_evidence_weighted_mean_of_its_parts(
    evidence: Evidence, spec: ModelSpec, group: str, endpoint: str
) -> None:
    whole = select(evidence, spec, endpoint)
    mixed = fit(spec, whole.data)
    (choice,) = [one for one in declared_choices(evidence, spec, endpoint) if one.group == group]
    parts = [level.apply(evidence, spec)[1] for level in choice.levels[1:]]
    prior = []
    means, log_evidence = [], []
    for part in parts:
        ((where, value),) = (*part.readings, *part.denominators)
        candidates = whole.observations[tuple(where.split("/"))].candidates
        if part.readings:
            rows = {row.reading: row.reading_weight or 1.0 for row in whole.observations[tuple(where.split("/"))].rows}
            prior.append(rows[value] / sum(rows.values()))
        else:
            prior.append(candidates.weight[candidates.n.index(float(value))])
        # the weight of a lone candidate is part of its evidence, so take it out
        single = fit(part, select(evidence, part, endpoint).data)
        alone = select(evidence, part, endpoint).observations[tuple(where.split("/"))].candidates
        means.append(single.overall["log_odds_ratio"].mean())
        log_evidence.append(single.log_evidence - np.log(sum(set(alone.weight))))
    weight = np.array(prior) * np.exp(np.array(log_evidence) - max(log_evidence))
    assert mixed.overall["log_odds_ratio"].mean() == pytest.approx(weight @ means / weight.sum(), abs=1e-6)


def test_no_pooling_shows_each_study_and_complete_pooling_one_effect(icans: dict[str, list[Outcome]]) -> None:
    labels = [o.label for o in icans["pooling"]]
    assert labels[0] == "partial pooling"
    assert labels[1].startswith("complete")
    assert len([label for label in labels if label.startswith("no pooling")]) == 3


def test_adjusted_ratios_replace_rates_and_never_join_them(evidence: Evidence, spec: ModelSpec) -> None:
    adjusted = select(evidence, replace(spec, route="adjusted"), "icans_any").data
    (iptw,) = [s for s in adjusted.studies if s.study == "iptw"]
    assert iptw.adjusted is not None
    assert iptw.control is None
    assert iptw.treated is None


def test_single_arms_enter_no_alternative(evidence: Evidence, spec: ModelSpec) -> None:
    assert any((row.study, row.endpoint) == ("phase2", "infection_g3") and row.modelled for row in evidence.arms)
    groups = sensitivity_set(evidence, spec, "infection_g3").values()
    assert {outcome.studies for group in groups for outcome in group} == {("iptw",), ()}


def test_groups_that_do_not_apply_are_absent(evidence: Evidence, spec: ModelSpec) -> None:
    assert "effective size" not in sensitivity_set(evidence, spec, "crs_any")
    assert "route" not in sensitivity_set(evidence, spec, "cr")


def test_the_table_has_a_row_an_outcome_and_keeps_what_is_not_defined(evidence: Evidence, spec: ModelSpec) -> None:
    outcomes = sensitivity_set(evidence, spec, "crs_any")["leave one out"]
    table = as_table(outcomes)
    assert len(table) == len(outcomes)
    assert np.isnan(table["odds_ratio_median"].iloc[-1])


def test_a_model_that_allows_no_other_pooling_says_so_and_shows_the_rest(evidence: Evidence) -> None:
    table = ra.sensitivity(evidence, "icans_any", model="exnex")
    pooling = table[table["group"] == "pooling"].set_index("choice")
    assert pooling.loc["partial pooling", "p_below_0"] > 0
    others = pooling.drop("partial pooling")
    assert set(others["note"]) == {"not defined: exnex allows partial pooling only"}
    assert others["p_below_0"].isna().all()
    assert table.loc[table["group"] == "leave one out", "p_below_0"].notna().all()


def test_a_model_without_an_effect_is_one_clear_error(evidence: Evidence) -> None:
    with pytest.raises(InvalidInput, match="rates of one arm and no effect"):
        ra.sensitivity(evidence, "icans_any", model="rates")
    with pytest.raises(InvalidInput, match="rates of one arm and no effect"):
        ra.multiverse(evidence, "icans_any", model="rates")
    with pytest.raises(InvalidInput, match="rates of one arm and no effect"):
        ra.tipping_points(evidence, "icans_any", model="rates")


@pytest.mark.parametrize("k", [0.7, None])
def test_every_group_shows_the_primary_analysis_once_whatever_it_is(
    evidence: Evidence, spec: ModelSpec, k: float | None
) -> None:
    """The factor of the primary analysis need not be on the grid of analysis.toml."""
    changed = replace(spec, k=k, pooling="complete", route="adjusted" if k is None else "rates")
    for group, outcomes in sensitivity_set(evidence, changed, "infection_g3").items():
        assert sum(o.primary for o in outcomes) == 1, group
        (primary,) = [o for o in outcomes if o.primary]
        assert primary.spec == changed
