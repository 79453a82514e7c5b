"""Every combination, each fitted as if it were the only one, and none lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engines.test_moderated import PARTS
from engines.test_moderated import asked as moderated_spec
from engines.test_moderated import evidence as moderated_data
from figures.folders import write_folder
from reanalysis.alternatives.multiverse import multiverse as module
from reanalysis.alternatives.multiverse.choices import choices
from reanalysis.alternatives.multiverse.multiverse import ANY, MOST, Multiverse, Varied, multiverse
from reanalysis.alternatives.multiverse.specification import Specifications, answers
from reanalysis.alternatives.multiverse.summary import complete, summary, variance_decomposition
from reanalysis.engines.batches import local_processes
from reanalysis.engines.errors import EngineError
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import GridMarginal
from reanalysis.estimands.headline import headline
from reanalysis.estimands.summary import summarise
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import ModelSpec

_HEADLINES = ("icans_any", "crs_any", "infection_g3", "cr")


@pytest.mark.parametrize("endpoint", _HEADLINES)
def test_each_headline_endpoint_has_a_thousand_specifications(
    evidence: Evidence, spec: ModelSpec, endpoint: str
) -> None:
    assert any(module._cross(evidence, endpoint, spec, fine, module.MOST).count >= 1000 for fine in (False, True))


def test_the_primary_specification_is_the_published_one(evidence: Evidence, spec: ModelSpec, crs: Multiverse) -> None:
    expected = headline(fit(spec, select(evidence, spec, "crs_any").data)).log_odds_ratio
    (row,) = crs.table[crs.table["primary"]].to_dict("records")
    assert row["mean"] == pytest.approx(expected.mean(), abs=1e-9)  # of one study: integrated without its rates
    assert row["p_benefit"] == pytest.approx(float(expected.cdf(0.0)), abs=1e-7)  # on another grid


def test_every_combination_is_a_row_or_counted_by_its_reason(crs: Multiverse) -> None:
    assert (crs.cells < 0).sum() == sum(crs.infeasible.values())
    assert set(crs.cells[crs.cells >= 0]) == set(range(len(crs.table)))
    assert crs.combinations == np.prod([len(choice.labels) for choice in crs.choices])


def test_rows_are_distinct_specifications(crs: Multiverse) -> None:
    names = [choice.name for choice in crs.choices]
    assert not crs.table[names].duplicated().any()


def test_a_combination_taken_at_random_is_what_a_fit_by_hand_gives(
    evidence: Evidence, spec: ModelSpec, crs: Multiverse
) -> None:
    rng = np.random.default_rng(7)
    defined = np.argwhere(crs.cells >= 0)
    crossed = module._cross(evidence, "crs_any", spec, False, module.MOST).choices
    assert [choice.labels for choice in crossed] == [choice.labels for choice in crs.choices]
    for levels in rng.choice(defined, size=12, replace=False):
        chosen, final = evidence, spec
        for choice, level in zip(crossed, levels, strict=True):
            chosen, final = choice.levels[level].apply(chosen, final)
        ((expected,),) = answers([Specifications(select(chosen, final, "crs_any").data, (final,))])
        row = crs.table.iloc[crs.cells[tuple(levels)]]
        assert row["mean"] == pytest.approx(expected["mean"], abs=1e-9)  # on a grid of its own
        assert row["p_below_0"] == pytest.approx(expected["p_below_0"], abs=1e-9)


def test_a_prior_of_tau_makes_no_difference_without_partial_pooling(crs: Multiverse) -> None:
    table = crs.table
    assert set(table.loc[table["pooling"] != "partial", "tau prior"]) == {ANY}
    assert ANY not in set(table.loc[table["pooling"] == "partial", "tau prior"])


def test_a_scale_of_rho_makes_no_difference_to_the_bias_model(crs: Multiverse) -> None:
    table = crs.table
    assert set(table.loc[table["model"] == "bias", "rho scale"]) == {ANY}


def test_levels_that_come_to_one_specification_are_named_together(evidence: Evidence, spec: ModelSpec) -> None:
    """Every cohort has its own controls for ICANS, so benchmarks change nothing; a second model is no second answer."""
    found = multiverse(evidence, "icans_any", spec, at_least=1, most=1)
    primary = found.table[found.table["primary"]].iloc[0]
    assert primary["model"] == "contrast or all-cohort"
    model = next(choice for choice in found.choices if choice.name == "model")
    made = dict(zip(model.labels, found.made("model"), strict=True))
    assert np.array_equal(made["contrast"], made["all-cohort"])
    assert made["contrast"].sum() == (found.table["model"] == "contrast or all-cohort").sum() > 0
    assert not (made["contrast"] & made["exnex"]).any()
    assert np.all(np.any(found.made("pooling"), axis=1) == [True, True, False])  # no pooling, no average


def test_leaving_the_weighted_study_out_makes_k_irrelevant(evidence: Evidence, spec: ModelSpec) -> None:
    crossed = module._cross(evidence, "icans_any", spec, False, module.MOST)
    axis = [choice.name for choice in crossed.choices].index("k")
    left_out = crossed.choices[0]
    assert left_out.name == "left out"
    without = np.take(crossed.cells, left_out.labels.index("IPTW 2025"), 0)
    assert np.all(without == np.take(without, [0], axis - 1))
    assert not np.all(crossed.cells == np.take(crossed.cells, [0], axis))


def test_any_number_of_workers_gives_the_same_bits(
    evidence: Evidence, spec: ModelSpec, crs: Multiverse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 3)
    with local_processes(2) as executor:
        again = multiverse(evidence, "crs_any", spec, executor=executor)
    pd.testing.assert_frame_equal(again.table, crs.table, check_exact=True)
    assert np.array_equal(again.cells, crs.cells)


def test_no_pooling_of_several_studies_is_counted_and_not_dropped(evidence: Evidence, spec: ModelSpec) -> None:
    data = select(evidence, spec, "icans_any").data
    assert "no average" in str(answers([Specifications(data, (replace(spec, pooling="none"),))])[0][0]["reason"])
    alone = select(evidence, replace(spec, leave_out=("iptw", "phase1")), "icans_any").data
    assert answers([Specifications(alone, (replace(spec, pooling="none"),))])[0][0]["effect"] == "phase2"


def test_an_effect_that_no_grid_holds_is_answered_too() -> None:
    data, spec = moderated_data(PARTS[:1]), moderated_spec()
    expected = headline(fit(spec, data)).log_odds_ratio
    assert not isinstance(expected, GridMarginal)
    (answer,) = answers([Specifications(data, (spec,))])[0]
    moments = summarise(expected).as_dict()
    assert answer == {"effect": "s00", **moments, "p_below_0": float(expected.cdf(0.0))}


def test_grids_are_refined_only_where_there_are_too_few_specifications(evidence: Evidence, spec: ModelSpec) -> None:
    coarse, fine = (choices(evidence, spec, "infection_g3", fine, MOST)[0] for fine in (False, True))
    levels = {choice.name: choice.labels for choice in coarse}
    assert levels["rho scale"] == ("1", "0", "2")
    assert {choice.name: len(choice.labels) for choice in fine}["rho scale"] == 5
    assert {choice.name: choice.labels for choice in fine}["k"] == ("0.75", "0.5", "0.65", "0.8", "1")


def test_a_folder_of_five_columns_has_a_multiverse_without_a_good_side(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "trials", {"death": [("a", (3, 30, 1, 31)), ("b", (5, 41, 4, 40))]})
    evidence = read_evidence(folder)
    found = multiverse(evidence, "death", default_spec(evidence), at_least=1)
    assert found.table["p_benefit"].isna().all()
    assert found.chance is found.table["p_below_0"] or found.chance.equals(found.table["p_below_0"])
    assert summary(found)["probability"] == "P(log odds ratio < 0)"
    names = {choice.name for choice in found.choices}
    assert {"left out", "pooling", "mu prior", "tau prior", "model"} <= names
    assert "k" not in names


def test_one_among_many_studies_is_not_left_out(tmp_path: Path) -> None:
    rows = [(f"t{i:02d}", (3 + i % 5, 30, 1 + i % 4, 31)) for i in range(31)]
    evidence = read_evidence(write_folder(tmp_path / "many", {"death": rows}))
    names = [choice.name for choice in choices(evidence, default_spec(evidence), "death", False, module.MOST)[0]]
    assert "left out" not in names


def test_an_endpoint_that_no_specification_can_be_fitted_to_is_an_error(
    evidence: Evidence, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    hard = {"reason": "not computed: too hard"}
    monkeypatch.setattr(module, "answers", lambda sets: [[hard] * len(one.specs) for one in sets])
    with pytest.raises(EngineError, match="too hard"):
        multiverse(evidence, "crs_any", spec)


def test_readings_of_two_arms_are_crossed(tmp_path: Path) -> None:
    """Setting the one leaves the other as it was set: nine combinations of the two are nine sets of data."""
    arms = "A,control,x,4,20,p\nA,control,x,9,20,q\nA,treated,x,7,20,p\nA,treated,x,8,20,q\n"
    (tmp_path / "arms.csv").write_text(f"study,arm,endpoint,events,n,reading\n{arms}", encoding="utf-8")
    evidence = read_evidence(tmp_path)
    crossed = module._cross(evidence, "x", default_spec(evidence), False, module.MOST)
    names = [choice.name for choice in crossed.choices]
    two = [names.index(f"reading: A, {arm}") for arm in ("control", "treated")]
    cells = crossed.cells[tuple(slice(None) if axis in two else 0 for axis in range(len(names)))]
    assert len(set(cells.ravel())) == 9


def test_an_adjusted_ratio_can_be_the_primary_analysis(evidence: Evidence, spec: ModelSpec) -> None:
    adjusted = replace(spec, route="adjusted")
    found = multiverse(evidence, "infection_g3", adjusted, at_least=1, most=2)
    expected = headline(fit(adjusted, select(evidence, adjusted, "infection_g3").data)).log_odds_ratio
    (row,) = found.table[found.table["primary"]].to_dict("records")
    assert row["mean"] == pytest.approx(expected.mean(), abs=1e-9)


def test_rho_of_zero_has_one_scale(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "trials", {"death": [("a", (3, 30, 1, 31)), ("b", (5, 41, 4, 40))]})
    evidence = read_evidence(folder)
    found = multiverse(evidence, "death", default_spec(evidence), at_least=1)
    assert set(found.table["rho scale"]) == {ANY}


# ---------------------------------------------------------------- variance decomposition


def invented(answers: np.ndarray, missing: tuple[tuple[int, ...], ...] = ()) -> Multiverse:
    """A multiverse with given mean log odds ratios by level."""
    cells = np.arange(answers.size).reshape(answers.shape)
    for where in missing:
        cells[where] = -1
    made = tuple(
        Varied(f"c{axis}", tuple(f"{axis}{level}" for level in range(size))) for axis, size in enumerate(answers.shape)
    )
    from scipy.special import ndtr

    table = pd.DataFrame({"mean": answers.ravel(), "p_below_0": ndtr(answers.ravel()), "p_benefit": np.nan})
    return Multiverse("x", None, made, table, cells, dict(Counter(missing=len(missing))), ())


def test_additive_answers_have_no_interactions_and_shares_that_sum_to_one() -> None:
    a, b, c = np.array([0.0, 1.0]), np.array([0.0, 0.5, 1.0]), np.zeros(4)
    table = variance_decomposition(invented(a[:, None, None] + b[:, None] + c)).set_index("choice")
    assert table["mean_main"].sum() == pytest.approx(1.0)
    assert np.allclose(table["mean_main"], table["mean_total"])
    assert table.loc["c0", "mean_main"] == pytest.approx(a.var() / (a.var() + b.var()))
    assert table.loc["c2", "mean_main"] == pytest.approx(0.0, abs=1e-12)
    assert np.allclose(table["probit_main"], table["mean_main"])  # the probit undoes the normal distribution function
    assert table.loc["c1", ["from", "to"]].tolist() == ["10", "12"]


def test_a_pure_interaction_has_no_main_effect_and_all_of_the_total() -> None:
    signs = np.array([1.0, -1.0])
    table = variance_decomposition(invented(signs[:, None] * signs)).set_index("choice")
    assert np.allclose(table["mean_main"], 0.0)
    assert np.allclose(table["mean_total"], 1.0)


def test_answers_that_never_differ_have_no_shares() -> None:
    table = variance_decomposition(invented(np.full((2, 3), 0.4)))
    assert (table[["mean_main", "mean_total"]] == 0).all(axis=None)


def test_the_emptiest_level_goes_first_and_is_named() -> None:
    answers = np.arange(12.0).reshape(3, 4)
    found = invented(answers, missing=((2, 0), (2, 1), (2, 3)))
    cells, kept = complete(found)
    assert cells.tolist() == answers[:2].astype(int).tolist()
    assert kept[0][1] == ("00", "01")
    assert variance_decomposition(found).set_index("choice").loc["c0", "dropped"] == "02"


def test_the_multiverse_of_crs_is_decomposed_over_a_complete_factorial(crs: Multiverse) -> None:
    cells, _ = complete(crs)
    assert (cells >= 0).all()
    table = variance_decomposition(crs)
    assert (table["mean_main"] <= table["mean_total"] + 1e-12).all()
    assert table["mean_main"].sum() <= 1.0
    assert table["mean_main"].is_monotonic_decreasing
    assert table.loc[0, "choice"] == "mu prior"


def test_a_prior_on_twofold_better_odds_favours_benefit(crs: Multiverse) -> None:
    by_prior = crs.table.groupby("mu prior")["p_benefit"].mean()
    assert by_prior.idxmax().startswith("optimistic")
    assert by_prior.idxmin().startswith("pessimistic")


def test_a_sceptical_prior_pulls_towards_no_effect(evidence: Evidence, spec: ModelSpec) -> None:
    data = select(evidence, spec, "infection_g3").data
    sceptical = replace(spec, priors=replace(spec.priors, mu=Distribution("normal", (0.0, 0.355))))
    assert abs(float(answers([Specifications(data, (sceptical,))])[0][0]["mean"])) < abs(
        float(answers([Specifications(data, (spec,))])[0][0]["mean"])
    )
