"""Published problems, read from their folders by the same code as any other evidence, meet what was printed of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reanalysis.engines.marginal import DrawsMarginal, MappedMarginal, Marginal
from reanalysis.model.family import FAMILIES
from reanalysis.validation.printed import PublishedFigure
from reanalysis.validation.published import compared
from reanalysis.validation.published_folder import FOLDER, problem_folders
from reanalysis.validation.published_problem import MIXTURE, computed, marginal_of, read_problem, refit

PROBLEMS = [path.name for path in problem_folders()]
ANNOUNCED = {
    ("as", "mean"): 0.01, ("as", "sd"): 0.01, ("as", "median"): 0.01, ("as", "2.5 %"): 0.03, ("as", "97.5 %"): 0.03,
    ("as", "probability"): 1e-7, ("rats", "mode"): 0.01,
    ("rats", "alpha"): 0.005, ("rats", "beta"): 0.03, ("rats", "mean_rate"): 1e-4, ("rats", "rate"): 1e-3,
}  # fmt: skip
"""Widest tolerance by problem and statistic, or quantity."""


def test_problems_of_every_kind_are_there() -> None:
    """Single arms, a textbook's beta-binomial, two arms with and without an empty cell, up to 22 trials."""
    assert {"as", "rats", "beta-blockers", "bcg", "transfusion"} <= set(PROBLEMS)


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_printed_figure_is_met(name: str) -> None:
    problem = read_problem(FOLDER / name)
    table = compared(problem)
    assert len(table) == len(problem.figures) > 0
    shown = table.loc[~table["passed"], ["quantity", "statistic", "source", "printed", "computed", "tolerance"]]
    assert shown.empty, f"\n{shown}"
    assert table["citation"].all()
    assert table["remark"].str.contains("tolerance:").all()


@pytest.mark.parametrize("name", ["as", "rats"])
def test_no_tolerance_is_wider_than_announced(name: str) -> None:
    for figure in read_problem(FOLDER / name).figures:
        widest = [ANNOUNCED[key] for key in ((name, figure.statistic), (name, figure.quantity)) if key in ANNOUNCED]
        exact = figure.source == "quadrature"
        assert not exact or figure.tolerance <= (0.005 if figure.model == MIXTURE else 0.001), figure
        assert not widest or figure.tolerance <= min(widest), figure
        assert exact or widest or figure.statistic in ("elir", "moment"), figure


def test_effective_sizes_of_two_renders_leave_one_interval() -> None:
    """ELIR from 36.5 to 38.5, moments from 23.5 to 26.5."""
    sizes = [f for f in read_problem(FOLDER / "as").figures if f.quantity == "map_prior"]
    within = {
        name: (
            max(f.value - f.tolerance for f in sizes if f.statistic == name),
            min(f.value + f.tolerance for f in sizes if f.statistic == name),
        )
        for name in ("elir", "moment")
    }
    assert within == {"elir": (36.5, 38.5), "moment": (23.5, 26.5)}


def _sampled(figure: PublishedFigure) -> bool:
    return figure.model in FAMILIES and "nuts" in FAMILIES[figure.model].engines and figure.quantity != "map_prior"


def _draws(marginal: Marginal) -> NDArray[np.float64]:
    if isinstance(marginal, MappedMarginal):
        return marginal.forward(_draws(marginal.base))
    assert isinstance(marginal, DrawsMarginal)
    return marginal.draws


_METHODS: dict[str, dict[str, Any]] = {
    "mean": {"method": "mean"},
    "sd": {"method": "sd"},
    "2.5 %": {"method": "quantile", "prob": 0.025},
    "median": {"method": "quantile", "prob": 0.5},
    "97.5 %": {"method": "quantile", "prob": 0.975},
}

FITS = [
    pytest.param(path, figures, id=f"{path.name}-{index}")
    for path in problem_folders()
    for index, figures in enumerate(
        dict.fromkeys((f.model, f.choices) for f in read_problem(path).figures if _sampled(f))
    )
]


@pytest.mark.slow
@pytest.mark.xdist_group("nuts")
@pytest.mark.parametrize(("path", "fit"), FITS)
def test_sampled_posteriors_meet_the_same_print(path: Path, fit: tuple[str, tuple[tuple[str, str], ...]]) -> None:
    """Within the tolerance and what the draws themselves are off by: 4 Monte Carlo standard errors."""
    from arviz_stats.base import array_stats

    problem = read_problem(path)
    figures = [f for f in problem.figures if (f.model, f.choices) == fit and _sampled(f)]
    found = refit(problem, figures[0], "nuts")
    assert found.fit.passed, [gate.text for gate in found.fit.gates if gate.failed]
    for figure in figures:
        draws = _draws(marginal_of(found.fit.posterior, figure))
        error = float(array_stats.mcse(draws, **_METHODS[figure.statistic]))
        assert error > 0
        assert abs(computed(found, figure) - figure.value) <= figure.tolerance + 4 * error, figure
