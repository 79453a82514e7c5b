"""The figures show what the analysis says, and leave the caller's matplotlib alone."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from math import inf, nan
from typing import get_args

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from xarray import DataTree

from figures.plots import EVERY, OF_ENDPOINT, subjects
from figures.rendered import faults, overlaps, shown
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis, RawEffect
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.words import interval, percent
from reanalysis.evidence.candidates.candidates import SILENCES
from reanalysis.evidence.coverage import Cell
from reanalysis.figures import prior_sensitivity
from reanalysis.figures.beyond import plot_beyond
from reanalysis.figures.coverage import describe_coverage, plot_coverage
from reanalysis.figures.forest import forest_pages, plot_forest
from reanalysis.figures.leave_one_out import plot_leave_one_out
from reanalysis.figures.overview import plot_overview
from reanalysis.figures.prior_posterior import plot_prior_posterior
from reanalysis.figures.prior_sensitivity import describe_prior_sensitivity, plot_prior_sensitivity
from reanalysis.figures.sensitivity import plot_sensitivity, sensitivity_pages
from reanalysis.figures.style import PAGE, cohort_colour, new_figure, study_mark
from reanalysis.reporting.artefacts import _alone

pytestmark = pytest.mark.xdist_group("figures")

SMALL = ("single", "trials")
"""Folders whose endpoints have as many studies as some of the others."""
LABELS = ("significant", "conclusive", "evidence of", "no effect", "trend")


def endpoint_of(analysis: Analysis, endpoint: str) -> EndpointAnalysis:
    return next(e for e in analysis.endpoints if e.id == endpoint)


def colours(axes: Axes) -> set[str]:
    return {to_hex(line.get_color()) for line in axes.lines}


def area(axes: Axes, line: int) -> float:
    x, y = axes.lines[line].get_data()
    return float(np.trapezoid(np.asarray(y, dtype=float), np.asarray(x, dtype=float)))


# ---- what every figure keeps to ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_settings_of_the_caller_survive(anakinra: Analysis, name: str) -> None:
    plot, _ = EVERY[name]
    with mpl.rc_context({"font.size": 23.0, "axes.facecolor": "red", "text.usetex": False}):
        before = dict(mpl.rcParams)
        plot(subjects(anakinra, name)[0])
        assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("name", OF_ENDPOINT)
def test_a_fit_is_enough_for_a_figure(anakinra: Analysis, name: str) -> None:
    plot, describe = OF_ENDPOINT[name]
    analysed = endpoint_of(anakinra, "cr")
    assert shown(plot(analysed.fit)) == shown(plot(analysed))
    assert describe(analysed.fit) == describe(analysed)


@pytest.mark.parametrize("name", EVERY)
def test_settings_of_the_caller_do_not_show(anakinra: Analysis, name: str) -> None:
    plot, _ = EVERY[name]
    what = subjects(anakinra, name)[0]
    with mpl.rc_context({"font.size": 23.0, "axes.labelsize": 30, "xtick.labelsize": 30, "figure.dpi": 50}):
        axes = plot(what)
    assert faults(axes) == []


@pytest.mark.parametrize("name", EVERY)
def test_given_axes_are_drawn_on_and_returned(anakinra: Analysis, name: str) -> None:
    plot, _ = EVERY[name]
    axes = new_figure(9.0, 6.0).add_axes((0.3, 0.2, 0.4, 0.6))
    assert plot(subjects(anakinra, name)[0], ax=axes) is axes
    assert shown(axes)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    "folder", ["anakinra", "long_names", "empty_cells", *(pytest.param(n, marks=pytest.mark.slow) for n in SMALL)]
)
def test_alternative_text_is_short_and_free_of_verdicts(analyses: dict[str, Analysis], folder: str, name: str) -> None:
    _, describe = EVERY[name]
    for what in subjects(analyses[folder], name):
        text = describe(what)
        assert text.endswith(".")
        assert 40 < len(text) < 900
        assert not any(label in text.lower() for label in LABELS)
        assert "nan" not in text.split()


def test_no_figure_needs_or_imports_pyplot() -> None:
    code = (
        "import sys, matplotlib; before = matplotlib.rcParams._get('backend')\n"
        f"import {', '.join(f'reanalysis.figures.{name}' for name in EVERY)}\n"
        "from reanalysis.figures.style import new_figure; new_figure(1, 1)._repr_png_()\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert matplotlib.rcParams._get('backend') is before\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_study_has_one_mark_in_all_figures(anakinra: Analysis) -> None:
    mark = study_mark(anakinra.evidence.studies, "phase1").colour.lower()
    icans = endpoint_of(anakinra, "icans_any")
    assert mark in colours(plot_forest(icans))
    assert mark in colours(plot_leave_one_out(icans))
    assert len({study_mark(anakinra.evidence.studies, s) for s in ("phase1", "phase2", "iptw")}) == 3


def test_a_study_looks_the_same_in_the_part_of_the_evidence_that_its_endpoint_sees(anakinra: Analysis) -> None:
    def drawn(axes: Axes) -> set[tuple[str, str]]:
        lines = [line for line in axes.get_lines() if line.get_marker() in "os^"]
        return {(to_hex(line.get_color()), str(line.get_marker())) for line in lines}

    for endpoint in anakinra.endpoints:
        alone = _alone(anakinra, endpoint)
        expected = {study_mark(anakinra.evidence.studies, s.study) for s in endpoint.studies}
        looks = {(mark.colour.lower(), mark.marker) for mark in expected}
        assert drawn(plot_forest(alone)) == drawn(plot_forest(endpoint)) == looks
    assert any(_alone(anakinra, e).fit.evidence.studies[0] != "phase1" for e in anakinra.endpoints)


def test_more_studies_than_colours_share_one(analyses: dict[str, Analysis]) -> None:
    evidence = analyses["seventy_one"].evidence
    assert len({study_mark(evidence.studies, s) for s in evidence.studies}) == 1


# ---- forest -----------------------------------------------------------------------------------------------


def test_forest_shows_every_printed_and_every_modelled_odds_ratio(anakinra: Analysis) -> None:
    icans = endpoint_of(anakinra, "icans_any")
    words = shown(plot_forest(icans))
    for study in icans.studies:
        assert study.raw is not None
        assert study.label in words
        assert interval(study.odds_ratio) in words
        assert study.raw.treated in " ".join(words)  # each in the column of its arm
        assert study.raw.control in " ".join(words)
    assert interval(icans.average) in words
    assert interval(icans.new_study) in words


def test_forest_lists_studies_in_the_order_of_the_evidence(anakinra: Analysis) -> None:
    words = shown(plot_forest(endpoint_of(anakinra, "icans_any")))
    assert words.index("Strati 2023") < words.index("Liang 2025") < words.index("IPTW 2025")


def test_forest_of_one_study_calls_the_rest_extrapolated(anakinra: Analysis) -> None:
    assert "Extrapolated from this one cohort" in " ".join(shown(plot_forest(endpoint_of(anakinra, "infection_g3"))))
    assert "Extrapolated from" not in " ".join(shown(plot_forest(endpoint_of(anakinra, "icans_any"))))


def test_forest_can_be_spread_over_pages_with_one_axis(analyses: dict[str, Analysis]) -> None:
    endpoint = analyses["seventy_one"].endpoints[0]
    names = [s.study for s in endpoint.studies]
    whole, page = plot_forest(endpoint), plot_forest(endpoint, studies=names[:30])
    assert page.get_xlim() == whole.get_xlim()
    assert names[0] in shown(page)
    assert names[40] not in shown(page)


@pytest.mark.parametrize("folder", ["anakinra", "seventy_one", "long_names"])
def test_pages_of_a_forest_hold_every_study_once_and_fit(analyses: dict[str, Analysis], folder: str) -> None:
    endpoint = analyses[folder].endpoints[0]
    parts = forest_pages(endpoint)
    assert sorted(s for part in parts for s in part) == sorted(s.study for s in endpoint.studies)
    for part in parts:
        assert plot_forest(endpoint, studies=part).figure.get_figheight() <= PAGE


@pytest.mark.parametrize("odds_ratio", [0.0, inf, nan])
def test_forest_survives_a_printed_odds_ratio_that_is_no_number(anakinra: Analysis, odds_ratio: float) -> None:
    icans = endpoint_of(anakinra, "icans_any")
    raw = RawEffect(odds_ratio, 0.0, inf, "0 of 12", "5 of 14")
    axes = plot_forest(replace(icans, studies=(replace(icans.studies[0], raw=raw), *icans.studies[1:])))
    assert overlaps(axes) == []


def test_forest_survives_a_study_without_printed_arms(anakinra: Analysis) -> None:
    icans = endpoint_of(anakinra, "icans_any")
    axes = plot_forest(replace(icans, studies=(replace(icans.studies[0], raw=None), *icans.studies[1:])))
    assert overlaps(axes) == []


# ---- overview and coverage --------------------------------------------------------------------------------


def test_overview_lists_the_first_page_first(anakinra: Analysis) -> None:
    words = shown(plot_overview(anakinra))
    labels = [e.label for e in anakinra.headlines]
    others = [e.label for e in anakinra.endpoints if e.label not in labels]
    assert max(words.index(label) for label in labels) < min(words.index(label) for label in others)


def test_overview_colours_by_the_number_of_cohorts(anakinra: Analysis) -> None:
    found = colours(plot_overview(anakinra))
    assert {cohort_colour(count).lower() for count in (1, 2, 3)} <= found
    assert cohort_colour(22) == cohort_colour(3)


def test_overview_without_a_good_side_speaks_of_odds_only(analyses: dict[str, Analysis]) -> None:
    words = shown(plot_overview(analyses["trials"]))
    assert "P(OR < 1)" in words
    assert not any("benefit" in word or "harm" in word for word in words)


def test_coverage_says_every_cell_in_words(anakinra: Analysis) -> None:
    words = shown(plot_coverage(anakinra))
    cells = anakinra.coverage.to_numpy().ravel()
    assert words.count("both arms") == (cells == "comparison").sum() + 1  # and once in the key
    assert words.count("one arm") == (cells == "single arm").sum() + 1


@pytest.mark.parametrize("endpoints", [2, 40])  # words in the cells, letters in those too narrow for words
def test_each_kind_of_cell_has_a_look_of_its_own(anakinra: Analysis, endpoints: int) -> None:
    drawn = {kind: shown(_only(anakinra, kind, endpoints)) for kind in get_args(Cell)}
    assert len({tuple(words) for words in drawn.values()}) == len(drawn)
    for kind in SILENCES:  # one without a look would be shown under its own name
        assert kind not in drawn[kind]


def _only(analysis: Analysis, kind: str, endpoints: int) -> Axes:
    """The coverage figure of two studies that report one kind of cell alone."""
    import pandas as pd

    frame = pd.DataFrame(kind, index=["A", "B"], columns=[f"Endpoint {i}" for i in range(endpoints)])
    ledger = replace(analysis.ledger, coverage=frame)
    return plot_coverage(replace(analysis, weighed=replace(analysis.weighed, ledger=ledger)))


def test_coverage_tells_two_arms_that_say_nothing_of_a_ratio_from_a_comparison(analyses: dict[str, Analysis]) -> None:
    analysis = analyses["empty_cells"]
    assert list(analysis.coverage["event"]) == [
        "no event in either arm", "comparison", "comparison", "only events in both arms",
    ]  # fmt: skip
    words = shown(plot_coverage(analysis))
    assert {"no events", "all events", "both arms, and nothing to say of a ratio"} <= set(words)
    assert words.count("both arms") == 2 + 1  # and once in the key
    assert "of two pairs of arms no ratio can be told" in describe_coverage(analysis).lower()


def test_coverage_counts_the_cohorts_that_compare(anakinra: Analysis) -> None:
    words = shown(plot_coverage(anakinra))
    counts = (anakinra.coverage == "comparison").sum()
    for number in set(counts):
        assert words.count(str(number)) == (counts == number).sum()


@pytest.mark.parametrize(("studies", "endpoints"), [(3, 40), (24, 20), (12, 12)])
def test_coverage_of_many_by_many_stays_readable(anakinra: Analysis, studies: int, endpoints: int) -> None:
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        rng.choice(get_args(Cell), size=(studies, endpoints)),
        index=[f"Study {i} and others" for i in range(studies)],
        columns=[f"Endpoint number {i}, any grade" for i in range(endpoints)],
    )
    axes = plot_coverage(
        replace(anakinra, weighed=replace(anakinra.weighed, ledger=replace(anakinra.ledger, coverage=frame)))
    )
    assert faults(axes) == []


# ---- densities and probabilities --------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", ["icans_any", "infection_g3"])
def test_densities_hold_all_mass(anakinra: Analysis, endpoint: str) -> None:
    effect, tau = plot_prior_posterior(endpoint_of(anakinra, endpoint)).child_axes
    curves = [i for i, line in enumerate(effect.lines) if len(np.asarray(line.get_xdata())) > 100]
    assert len(curves) == 2
    for curve in curves:
        assert area(effect, curve) == pytest.approx(1.0, abs=0.02)
    for curve in [i for i, line in enumerate(tau.lines) if len(np.asarray(line.get_xdata())) > 100]:
        assert area(tau, curve) == pytest.approx(1.0, abs=0.03)


def test_prior_of_one_study_is_wider_than_that_of_the_average(anakinra: Analysis) -> None:
    average = shown(plot_prior_posterior(endpoint_of(anakinra, "icans_any")))
    single = shown(plot_prior_posterior(endpoint_of(anakinra, "infection_g3")))
    assert "1.00 (0.14 to 7.10)" in average
    assert "1.00 (0.14 to 7.10)" not in single


def test_probabilities_beyond_meet_the_direction_at_zero(anakinra: Analysis) -> None:
    icans = endpoint_of(anakinra, "icans_any")
    fewer, more = plot_beyond(icans).lines[:2]
    assert np.asarray(fewer.get_ydata())[0] == pytest.approx(icans.direction.below, abs=1e-6)
    assert np.asarray(more.get_ydata())[0] == pytest.approx(1 - icans.direction.below, abs=1e-6)


def test_margins_carry_the_probabilities_of_the_analysis(anakinra: Analysis) -> None:
    icans = endpoint_of(anakinra, "icans_any")
    words = shown(plot_beyond(icans))
    for beyond in icans.baselines[0].beyond:
        assert percent(beyond.fewer) in words
        assert percent(beyond.more) in words


def test_densities_on_narrow_axes_set_their_words_below_each_other(anakinra: Analysis) -> None:
    axes = new_figure(4.5, 3.5).add_axes((0.05, 0.15, 0.9, 0.65))
    assert overlaps(plot_prior_posterior(endpoint_of(anakinra, "icans_any"), axes)) == []


# ---- alternatives -----------------------------------------------------------------------------------------


def test_sensitivity_shows_every_outcome_under_its_group(anakinra: Analysis) -> None:
    icans = endpoint_of(anakinra, "icans_any")
    words = shown(plot_sensitivity(icans))
    for group, outcomes in icans.sensitivity.items():
        assert group[0].upper() + group[1:] in words
        labels = [o.label for o in outcomes if len(o.label) < 30]
        assert set(labels) <= set(words)


def test_what_is_not_defined_is_said(anakinra: Analysis) -> None:
    for plot in (plot_sensitivity, plot_leave_one_out):
        words = " ".join(shown(plot(endpoint_of(anakinra, "infection_g3"))))
        assert "not defined" in words


def test_sensitivity_can_be_spread_over_pages_with_one_axis(anakinra: Analysis) -> None:
    icans = endpoint_of(anakinra, "icans_any")
    page = plot_sensitivity(icans, groups=["mu prior"])
    assert page.get_xlim() == plot_sensitivity(icans).get_xlim()
    assert "Pooling" not in shown(page)


def test_pages_of_alternatives_hold_every_group_once_and_fit(anakinra: Analysis) -> None:
    for endpoint in anakinra.endpoints:
        parts = sensitivity_pages(endpoint)
        assert [g for part in parts for g in part] == list(endpoint.sensitivity)
        for part in parts:
            assert plot_sensitivity(endpoint, groups=part).figure.get_figheight() <= PAGE


@pytest.mark.parametrize("name", ["sensitivity", "leave_one_out"])
def test_no_alternatives_at_all_is_said(anakinra: Analysis, name: str) -> None:
    plot, describe = OF_ENDPOINT[name]
    bare = replace(endpoint_of(anakinra, "icans_any"), sensitivity={})
    assert "not computed" in shown(plot(bare))
    assert describe(bare)


# ---- prior sensitivity ------------------------------------------------------------------------------------


def test_draws_are_made_once_for_the_figure_and_its_words(anakinra: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Posterior] = []
    tree = Posterior.tree

    def counted_tree(posterior: Posterior) -> DataTree:
        made.append(posterior)
        return tree(posterior)

    monkeypatch.setattr(Posterior, "tree", counted_tree)
    monkeypatch.setattr(prior_sensitivity, "_LAST", [])
    monkeypatch.setattr(prior_sensitivity, "_moved", prior_sensitivity._moved.__wrapped__)  # type: ignore[attr-defined]
    for count, endpoint in enumerate(anakinra.headlines[:2], 1):
        plot_prior_sensitivity(endpoint)
        assert endpoint.label in describe_prior_sensitivity(endpoint)
        assert len(made) == count
