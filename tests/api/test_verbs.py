"""The verbs of a fit and of the package: closed forms, the same numbers by another way, and refusals in words."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import betabinom, binom

import reanalysis as ra
from cli.command import run
from evidence.folders import TWO_STUDIES, folder
from reanalysis.estimands.risks import named_baselines
from reanalysis.evidence.evidence import Evidence


@pytest.fixture(scope="module")
def icans(evidence: Evidence) -> ra.Fit:
    return ra.fit(evidence, "icans_any")


@pytest.fixture(scope="module")
def infection(evidence: Evidence) -> ra.Fit:
    return ra.fit(evidence, "infection_g3")


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ra.InvalidInput) as error:
        call()
    return str(error.value)


# ---- what a fit says of itself ---------------------------------------------------------------------------------------


def test_a_fit_prints_the_numbers_of_its_table(icans: ra.Fit) -> None:
    row = ra.effects(icans).loc[("average", "odds ratio", "")]
    line = next(line for line in repr(icans).splitlines() if line.startswith("average, odds ratio"))
    assert line.split()[3:] == [f"{row['median']:.2f}", f"{row['lower']:.2f}", "to", f"{row['upper']:.2f}"]
    assert f"P(benefit) {100 * row['P(benefit)']:.0f} %" in icans.summary()
    assert "at a control risk of 35 % (as asked)" in icans.summary(baseline=0.35)
    assert "80 % interval" in icans.summary(level=0.8)


def test_results_fit_a_terminal_and_show_in_a_notebook(evidence: Evidence, icans: ra.Fit) -> None:
    results = [evidence, icans, ra.audit(evidence), ra.multiverse(evidence, "cr", most=3), ra.decide(evidence)]
    for result in (*results, icans.predict(20)):
        assert 40 < len(repr(result)) < 4_000
        assert max(map(len, repr(result).splitlines())) <= 200
        assert "<" in result._repr_html_()
        assert isinstance(result, Evidence) or len(result.to_frame())


def test_equal_requests_are_equal_fits(evidence: Evidence, icans: ra.Fit) -> None:
    for same in (ra.fit(evidence, "icans_any"), copy.deepcopy(icans), pickle.loads(pickle.dumps(icans))):
        assert same == icans
        assert hash(same) == hash(icans)
    others = [{"seed": 5}, {"rho": 0.0}, {"leave_out": "iptw"}, {"priors": {"tau": "halfnormal(1)"}}]
    assert all(ra.fit(evidence, "icans_any", **other) != icans for other in others)  # type: ignore[arg-type]
    assert icans != "icans"


# ---- draws -----------------------------------------------------------------------------------------------------------


def test_draws_are_of_the_marginals(icans: ra.Fit) -> None:
    draws = icans.draws()
    assert draws.index.names == ["chain", "draw"]
    for name, marginal in icans.posterior.overall.items():
        assert draws[name].mean() == pytest.approx(marginal.mean(), abs=5 * marginal.sd() / math.sqrt(len(draws)))
    own = icans.posterior.study["phase2"]["risk_difference"]
    below = (draws["study_risk_difference[phase2]"] < 0.0).mean()
    assert below == pytest.approx(float(own.cdf(0.0)), abs=5 * 0.5 / math.sqrt(len(draws)))


def test_rows_of_two_endpoints_are_independent(icans: ra.Fit, infection: ra.Fit) -> None:
    one, two = icans.draws(), infection.draws()
    for name in ("tau", "study_risk_difference[iptw]", "log_odds_ratio_new"):
        assert abs(one[name].corr(two[name])) < 5 / math.sqrt(len(one))


SETTINGS: list[tuple[dict[str, Any], list[str]]] = [
    ({"draws": 500}, ["draws 500: quadrature samples nothing"]),
    ({"engine": "quadrature", "chains": 3, "rho": 7}, ["rho 7: must be", "chains 3: quadrature samples nothing"]),
    ({"engine": "nuts", "chains": 1, "target_accept": 1}, ["chains 1: must be a whole", "target_accept 1: must be a"]),
    ({"engine": "nuts", "draws": 10.5, "tune": 1}, ["draws 10.5: must be a whole number from 100", "tune 1: must"]),
]


@pytest.mark.parametrize(("choices", "said"), SETTINGS)
def test_settings_of_the_sampler_are_refused_by_name(
    evidence: Evidence, choices: dict[str, Any], said: list[str]
) -> None:
    lines = refused(lambda: ra.fit(evidence, "icans_any", **choices)).splitlines()
    assert len(lines) == len(said)
    assert all(line.startswith(start) for line, start in zip(lines, said, strict=True))


@pytest.mark.xdist_group("nuts")
def test_settings_reach_the_sampler_and_its_fit_can_be_compared(tmp_path: Path) -> None:
    where = ra.read_evidence(folder(tmp_path / "data", TWO_STUDIES))
    endpoint = where.endpoints[0]
    sampled = ra.fit(where, endpoint, "nuts", draws=300, chains=2, tune=400, target_accept=0.9)
    first = sampled.posterior.sampling
    assert first is not None
    assert (first.runs[0].draws, first.runs[0].chains, first.runs[0].target_accept) == (300, 2, 0.9)
    assert sampled.draws().shape[0] == 600
    exact = ra.fit(where, endpoint)
    assert sampled != exact
    table = ra.compare({"nuts": sampled, "quadrature": exact})
    assert table["log_evidence"].nunique() == 1
    assert table["elpd_loo"].notna().to_dict() == {"nuts": True, "quadrature": False}
    assert table.loc["nuts", "pareto_k"] > -1


# ---- effects at a control risk, and statements -----------------------------------------------------------------------


def test_effects_are_at_the_control_risk_and_level_asked_for(icans: ra.Fit) -> None:
    table = ra.effects(icans, baseline=0.35, level=0.8)
    average = icans.posterior.overall["log_odds_ratio"]
    odds = 0.35 / 0.65 * np.exp(average.quantile([0.1, 0.5, 0.9]))
    row = table.loc[("average", "risk difference", "as asked, 35 %")]
    assert [row["lower"], row["median"], row["upper"]] == pytest.approx(list(odds / (1 + odds) - 0.35))
    assert {at for _, _, at in table.index} == {"", "as asked, 35 %"}


def test_the_default_control_risk_is_stated_and_the_same_whatever_the_model(evidence: Evidence, icans: ra.Fit) -> None:
    others: list[dict[str, Any]] = [{"pooling": "complete"}, {"model": "exnex"}, {"priors": {"mu": "normal(0,3)"}}]
    stated = {at for _, _, at in ra.effects(icans).index}
    for other in others:
        assert {at for _, _, at in ra.effects(ra.fit(evidence, "icans_any", **other)).index} == stated
    own = named_baselines(evidence, icans.posterior)[0]
    assert f"{own.label}, {own.percent:g} %" in stated


def test_a_number_needed_is_that_of_the_risk_difference(icans: ra.Fit) -> None:
    difference = ra.effects(icans, baseline=0.35).loc[("average", "risk difference", "as asked, 35 %")]
    needed = ra.number_needed(icans, baseline=0.35)
    assert needed.median == pytest.approx(1 / abs(difference["median"]))
    assert needed.side == ("harm" if difference["median"] > 0 else "benefit")
    assert str(needed).startswith("NNH" if needed.side == "harm" else "NNT")


def test_a_number_needed_needs_a_good_side(tmp_path: Path) -> None:
    where = ra.read_evidence(folder(tmp_path / "data", TWO_STUDIES))
    fitted = ra.fit(where, where.endpoints[0])
    assert "no side of" in refused(lambda: ra.number_needed(fitted))


@pytest.mark.parametrize(
    ("statement", "like"),
    [
        ("odds_ratio < 1", "log_odds_ratio <= 0"),
        ("risk_difference < -0.05", "RD < \N{MINUS SIGN}5 %"),
        ("risk difference > 0", "0 < risk_difference <= 1"),
        ("treated_risk < 0.3", "-1 < risk_difference < -0.05"),
        ("risk_ratio < 1", "OR < 1.0"),
    ],
)
def test_a_statement_has_one_probability_however_it_is_written(icans: ra.Fit, statement: str, like: str) -> None:
    first, second = (ra.probability(icans, one, baseline=0.35) for one in (statement, like))
    assert first == pytest.approx(second, abs=1e-9)
    assert 0.01 < first < 0.99


def test_probabilities_are_those_of_the_marginals(icans: ra.Fit, infection: ra.Fit) -> None:
    assert ra.probability(icans, "tau > 0.5") == pytest.approx(1 - float(icans.posterior.overall["tau"].cdf(0.5)))
    own = icans.posterior.study["phase2"]["risk_difference"]
    for name in ("phase2", "Liang 2025"):
        assert ra.probability(icans, "risk_difference < 0.05", of=name) == pytest.approx(float(own.cdf(0.05)))
    new = icans.posterior.overall["log_odds_ratio_new"]
    assert ra.probability(icans, "odds_ratio < 1", of="new study") == pytest.approx(float(new.cdf(0.0)))
    alone = infection.posterior.study["iptw"]["log_odds_ratio"]
    assert ra.probability(infection, "odds_ratio > 1") == pytest.approx(1 - float(alone.cdf(0.0)))


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("odd_ratio < 1", "unknown quantity 'odd_ratio'; did you mean 'odds_ratio'?; there are log_odds_ratio, "),
        ("risk_difference < -5", "risk_difference lies from -1 to 1, so -5 per cent is -0.05"),
        ("odds_ratio > -1", "odds_ratio is not below 0"),
        ("__import__('os').system('true') < 1", "write QUANTITY < NUMBER"),
        ("odds_ratio < 1 and tau < 1", "write QUANTITY < NUMBER"),
        ("1 < odds_ratio > 2", "write QUANTITY < NUMBER"),
        ("odds_ratio", "there are log_odds_ratio, odds_ratio, tau, treated_risk, risk_difference, risk_ratio"),
    ],
)
def test_a_statement_that_is_none_is_refused_with_what_there_is(icans: ra.Fit, statement: str, said: str) -> None:
    found = refused(lambda: ra.probability(icans, statement))
    assert found.startswith(f"statement {statement!r}: ")
    assert said in found


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda fit: ra.effects(fit, baseline=35, level=90), ["baseline 35: must be", "level 90: must be"]),
        (lambda fit: fit.summary(baseline=0), ["baseline 0: must be a proportion above 0"]),
        (lambda fit: ra.number_needed(fit, level=1), ["level 1: must be"]),
        (lambda fit: ra.probability(fit, "tau < 1", of="Phase 3"), ["of 'Phase 3': must be one of average, new"]),
        (lambda fit: fit.predict(0, rho=1), ["n 0: must be a whole number", "rho 1: must be at least 0"]),
        (lambda fit: fit.plot("forst"), ["kind 'forst': must be one of forest, "]),
        (lambda fit: ra.effects(fit.evidence), ["fitted: must be a fit, not Evidence; write fit(evidence, endpoint)"]),
        (lambda fit: ra.plot_forest(fit.evidence), ["what to draw: this figure is of fit(evidence, endpoint)"]),
        (lambda fit: ra.plot_coverage(fit), ["what to draw: this figure is of analyse(evidence), not of Fit"]),
    ],
)
def test_what_means_nothing_is_refused_in_one_sentence_each(
    icans: ra.Fit, call: Callable[[Any], object], said: list[str]
) -> None:
    lines = refused(lambda: call(icans)).splitlines()
    assert len(lines) == len(said)
    assert all(line.startswith(start) for line, start in zip(lines, said, strict=True))


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"pooling": "none"}, "no headline effect: no average of several studies"),
        ({"pooling": "complete"}, "figure: contrast with complete pooling has no log odds ratio, new study and no tau"),
        ({"model": "rates"}, "no headline effect: rates has rates of one arm"),
    ],
)
def test_a_figure_of_what_a_fit_has_not_is_refused(evidence: Evidence, choices: dict[str, Any], said: str) -> None:
    fitted = ra.fit(evidence, "icans_any", **choices)
    for plot in (ra.plot_forest, ra.plot_beyond, ra.plot_prior_posterior, ra.plot_sensitivity):
        assert refused(lambda plot=plot: plot(fitted)).startswith(said)  # type: ignore[misc]


# ---- predictions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("choices", [{}, {"model": "rates"}, {"model": "beta-rates"}], ids=["effect", "rates", "beta"])
def test_a_prediction_is_the_average_over_the_posterior(evidence: Evidence, choices: dict[str, Any]) -> None:
    fitted = ra.fit(evidence, "icans_any", **choices)
    draws = fitted.draws()
    if choices:
        rate = draws["rate_new"] if "rate_new" in draws else 1 / (1 + np.exp(-draws["logit_rate_new"]))
        found = fitted.predict(40)
    else:
        odds = 0.35 / 0.65 * np.exp(draws["log_odds_ratio_new"])
        rate, found = odds / (1 + odds), fitted.predict(40, baseline=0.35)
    expected = binom.pmf(np.arange(41)[:, None], 40, rate.to_numpy()).mean(axis=1)
    assert found.probability.sum() == pytest.approx(1)
    assert np.abs(np.cumsum(found.probability) - np.cumsum(expected)).max() < 0.03
    assert found.to_frame()["at_most"].iloc[-1] == pytest.approx(1)


def test_a_discount_spreads_a_prediction_as_a_beta_binomial_does(evidence: Evidence) -> None:
    fitted = ra.fit(evidence, "icans_any", priors={"mu": "normal(0,0.0001)", "tau": "halfnormal(0.0001)"})
    found = fitted.predict(30, baseline=0.4, rho=0.1)
    assert found.probability == pytest.approx(betabinom.pmf(np.arange(31), 30, 0.4 * 9, 0.6 * 9), abs=1e-4)


# ---- comparisons -----------------------------------------------------------------------------------------------------


def test_fits_of_the_same_data_are_compared_at_one_control_risk(evidence: Evidence, icans: ra.Fit) -> None:
    complete = ra.fit(evidence, "icans_any", pooling="complete")
    none = ra.fit(evidence, "icans_any", pooling="none")
    table = ra.compare([icans, complete, none], baseline=0.35)
    assert list(table.index) == ["partial pooling, tau halfnormal(0.5)", "complete pooling", "no pooling"]
    assert table["probability"].sum() == pytest.approx(1)
    ratio = table["log_evidence"].iloc[0] - table["log_evidence"].iloc[1]
    assert table["probability"].iloc[0] / table["probability"].iloc[1] == pytest.approx(math.exp(ratio))
    assert table["log_evidence"].iloc[2] == table["left_out"].iloc[2]  # without pooling no study tells of another
    assert set(table["control_risk"].dropna()) == {0.35}
    assert table["median"].iloc[0] == pytest.approx(math.exp(icans.posterior.overall["log_odds_ratio"].quantile(0.5)))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"leave_out": "iptw"}, "without iptw"),
        ({"k": 0.5}, "what is counted of iptw"),
        ({"model": "rates"}, "what is counted of iptw, phase1, phase2"),
        ({"denominators": {"phase1/control": 20}}, "what is counted of phase1"),
    ],
)
def test_fits_of_other_data_are_refused(evidence: Evidence, icans: ra.Fit, other: dict[str, Any], said: str) -> None:
    found = refused(lambda: ra.compare({"a": icans, "b": ra.fit(evidence, "icans_any", **other)}))
    assert found.startswith(f"fits 'b': is of other data than 'a' ({said}), and cannot be compared with it\n")


def test_parts_of_an_arm_are_other_data_than_the_arm(evidence: Evidence) -> None:
    parted = ra.fit(evidence, "crs_any", model="moderated", moderators="route")
    said = refused(lambda: ra.compare({"a": ra.fit(evidence, "crs_any"), "b": parted}))
    assert said.startswith("fits 'b': is of other data than 'a' (what is counted of phase2)")


def test_only_fits_are_compared(icans: ra.Fit, infection: ra.Fit) -> None:
    assert "(endpoint infection_g3, not icans_any)" in refused(lambda: ra.compare([icans, infection]))
    assert refused(lambda: ra.compare([])) == "fits: must be several fits"
    assert refused(lambda: ra.compare(icans)) == "fits: must be several fits"  # type: ignore[arg-type]
    assert refused(lambda: ra.compare([icans, 3])) == "fits '2': must be a fit, not int"  # type: ignore[list-item]


# ---- verbs of the command line ---------------------------------------------------------------------------------------


def test_a_new_folder_is_that_of_the_command_line_and_overwrites_nothing(tmp_path: Path) -> None:
    files = ra.new(tmp_path / "python")
    assert run("new", tmp_path / "command").code == 0
    for path in files:
        assert path.read_bytes() == (tmp_path / "command" / path.name).read_bytes()
    said = refused(lambda: ra.new(tmp_path / "python"))
    again = run("new", tmp_path / "python")
    assert (again.code, again.errors) == (2, [f"{said}"])


@pytest.mark.parametrize(
    ("verb", "options", "call"),
    [
        ("diff", {"probability": 2, "ratio": 0}, lambda p, **o: ra.diff(p, p, **o)),
        ("diff", {}, lambda p, **o: ra.diff(p, p, **o)),
        ("calibrate", {"engine": "stan", "replicates": 3, "seed": -1}, lambda p, **o: ra.calibrate(TWO, **o)),
    ],
)
def test_the_command_line_refuses_with_the_same_sentences(
    tmp_path: Path, verb: str, options: dict[str, Any], call: Callable[..., object]
) -> None:
    said = refused(lambda: call(tmp_path, **options)).splitlines()
    given = [part for name, value in options.items() for part in (f"--{name}", value)]
    ended = run(verb, tmp_path, *([tmp_path] if verb == "diff" else ["--out", tmp_path]), *given)
    assert ended.code == 2
    assert sorted(ended.errors) == sorted(f"--{line}" if line.split()[0] in options else line for line in said)


TWO = ra.load("validation/beta-blockers")


def test_a_new_cohort_is_predicted_as_on_the_command_line(evidence: Evidence) -> None:
    found = ra.predict(evidence, ra.load("msk_phase2"))
    table = found.to_frame()
    assert len(table) == len(found)
    assert list(table["endpoint"]) == [one.endpoint for one in found]
    assert (table["expected_lower"] <= table["expected_upper"]).all()
    assert "predicted from" in repr(found)
    with pytest.raises(ra.InvalidInput, match="write read_evidence"):
        ra.predict(evidence, "data/msk_phase2")  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_calibration_says_whether_it_passed(tmp_path: Path) -> None:
    found = ra.calibrate(TWO, tmp_path, engine="quadrature", replicates=100)
    assert set(found.verdict["engine"]) == {"quadrature"}
    assert (tmp_path / "calibration.json").is_file()
