"""What others have published comes out as published, and what does not is said."""

from __future__ import annotations

import csv
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evidence.folders import TWO_STUDIES, folder
from reanalysis.evidence.problems import InvalidInput
from reanalysis.gates.result import CheckResult
from reanalysis.validation.published import check_published, compared
from reanalysis.validation.published_folder import FOLDER, published_digest
from reanalysis.validation.published_problem import PublishedProblem, read_problem

UNDER_DEFAULTS = (
    "catheters", "cholera", "early-beta-blockers", "h2-deaths", "h2-rebleeding", "rehydration", "rosiglitazone-death",
    "rosiglitazone-infarction", "stillbirths",
)  # fmt: skip
"""Problems that are fitted with the program's own priors: sparse, unequal arms, empty cells."""

HEADER = "model,choices,study,quantity,statistic,value,tolerance,source,locator,remark\n"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The problem that is fitted fastest, alone."""
    where = tmp_path_factory.mktemp("problems")
    shutil.copytree(FOLDER / "transfusion", where / "transfusion")
    return where


def changed(small: Path, where: Path, **cells: str) -> Path:
    """The same with the first figure changed."""
    shutil.copytree(small / "transfusion", where / "transfusion")
    path = where / "transfusion" / "published.csv"
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows[0] |= cells
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return where


def published(where: Path, *lines: str, **files: str) -> Path:
    """A folder of two studies with these figures."""
    made = folder(where / "problem", TWO_STUDIES)
    (made / "published.csv").write_text(HEADER + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    for name, text in files.items():
        (made / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return made


def errors(where: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        compared(read_problem(where))
    return [str(problem) for problem in caught.value.problems]


def test_a_planted_wrong_print_is_outside_and_named(small: Path, tmp_path: Path) -> None:
    right = check_published(small)
    wrong = check_published(changed(small, tmp_path, value="-0.95"))  # for -1.17 within 0.19
    assert (right.passed, wrong.passed) == (True, False)
    assert wrong.text == (
        "40 printed figures of 1 published problems, computed by quadrature: 1 outside the tolerance "
        "(transfusion: log_odds_ratio, mean, -0.95)"
    )
    pd.testing.assert_series_equal(wrong.table["passed"], right.table["passed"].where(right.table.index > 0, False))


def test_a_wrong_prior_is_noticed(small: Path, tmp_path: Path) -> None:
    """A print is no test of a program that gives the same whatever the prior."""
    other = check_published(changed(small, tmp_path, choices="tau=halfnormal(0.5)"))
    assert not other.table["passed"].iloc[0]


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    found = check_published(tmp_path / "validation")
    assert found.passed is False
    assert found.text.startswith("the published problems are not there")
    assert found.table.empty


def test_a_broken_problem_fails_the_check_and_says_why(small: Path, tmp_path: Path) -> None:
    found: CheckResult = check_published(changed(small, tmp_path, tolerance="0"))
    assert found.passed is False
    assert "transfusion: published.csv, line 2, tolerance: must be a number above 0" in found.text


def test_the_digest_tells_another_figure(small: Path, tmp_path: Path) -> None:
    assert published_digest(small) != published_digest(changed(small, tmp_path, value="-1.16"))


GOOD = "contrast,,,tau,mean,0.4,0.1,somebody,,"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("contrast,,,tau,mean,,0.1,x,,", "line 2, value: must be a number as printed, with a decimal point"),
        ("contrast,,,tau,mean,0.4,-1,x,,", "line 2, tolerance: must be a number above 0"),
        ("contrast,,,tau,average,0.4,0.1,x,,", "line 2, statistic: must be mean, sd, 2.5 %"),
        ("contrast,,,tau,mean,0.4,0.1,,,", "line 2, source: a source id of 1 to 100 characters is needed"),
        ("contrast,half,,tau,mean,0.4,0.1,x,,", "line 2, choices: must be choices such as pooling=complete"),
        (
            '"contrast","tau=halfnormal(1);tau=halfnormal(2)",,tau,mean,0.4,0.1,x,,',
            "line 2, choices: is chosen twice (found 'tau')",
        ),
        ("contrst,,,tau,mean,0.4,0.1,x,,", "line 2, model: must be one of contrast"),
        ("contrast,tau=halfnormal(-1),,tau,mean,0.4,0.1,x,,", "line 2, choices: "),
        ("contrast,pooling=some,,tau,mean,0.4,0.1,x,,", "pooling 'some': must be one of partial, none, complete"),
        ("contrast,,,sigma,mean,0.4,0.1,x,,", "line 2, quantity: the fit has log_odds_ratio"),
        ("contrast,,C,log_odds_ratio,mean,0.4,0.1,x,,", "line 2, study: the fit has A, B (found 'C')"),
        ("contrast,,,tau,elir,0.4,0.1,x,,", "line 2, statistic: tau of this model has mean, sd"),
        ("contrast,,,tau,probability,0.4,0.1,x,,", "a probability is that of tau_below_0"),
        (
            "contrast,anchor=treated,,tau,mean,0.4,0.1,x,,",
            "anchor 'treated': must be one of midpoint, control, conditional",
        ),
        ("contrast,,,tau,mode,0.4,0.1,x,,", "line 2, quantity: modes of this model: none"),
        ("mixture,,,rate,mean,0.4,0.1,x,,", "line 2, model: needs mixture.csv, which is not there"),
    ],
)
def test_a_bad_figure_gives_one_clear_error(tmp_path: Path, line: str, message: str) -> None:
    (error,) = errors(published(tmp_path, line))
    assert error.startswith("published.csv, ")
    assert message in error


def test_one_source_cannot_contradict_itself_and_two_can(tmp_path: Path) -> None:
    other = GOOD.replace("0.4", "0.5")
    (error,) = errors(published(tmp_path / "one", GOOD, other))
    assert error == "published.csv, line 3: somebody gives this figure on line 2 already"
    two = compared(read_problem(published(tmp_path / "two", GOOD, other.replace("somebody", "another"))))
    assert two["printed"].tolist() == ["0.4", "0.5"]


def test_a_source_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    (error,) = errors(published(tmp_path, GOOD, sources_toml='[somebodi]\ntitle = "x"\n'))
    assert error.startswith("published.csv, line 2, source: unknown source; did you mean 'somebodi'?")


def test_a_mixture_needs_weights_that_sum_to_one(tmp_path: Path) -> None:
    (error,) = errors(published(tmp_path, GOOD, mixture_csv="weight,a,b\n0.5,1,1\n0.4,2,2\n"))
    assert error == "mixture.csv, weight: the weights of a mixture sum to 1 (found '0.9')"


def test_what_may_be_chosen_of_a_mixture_is_said(tmp_path: Path) -> None:
    line = "mixture,{},,rate,{},0.4,0.1,x,,"
    mixture = "weight,a,b\n1,2,3\n"
    (unknown,) = errors(published(tmp_path / "a", line.format("c=1", "mean"), mixture_csv=mixture))
    assert "of a mixture may be chosen robust, events, n, a, b (found 'c')" in unknown
    (number,) = errors(published(tmp_path / "b", line.format("n=x", "mean"), mixture_csv=mixture))
    assert "n must be a number (found 'x')" in number
    (needs,) = errors(published(tmp_path / "c", line.format("", "probability"), mixture_csv=mixture))
    assert "needs a and b" in needs


# ---------------------------------------------------------------- rare events, under the program's own priors


def counts(problem: PublishedProblem) -> np.ndarray:
    """Events and patients of control and treated arms, shape (studies, 4)."""
    arms = {(row.study, row.arm): row for row in problem.evidence.arms}
    studies = dict.fromkeys(study for study, _ in arms)
    cells = [[arms[study, arm] for arm in ("control", "treated")] for study in studies]
    return np.array([[x for row in pair for x in (row.events[0], row.n)] for pair in cells], dtype=float)


def peto(x: np.ndarray) -> tuple[float, float]:
    """Log odds ratio and its standard error: observed minus expected, hypergeometric variance."""
    y0, n0, y1, n1 = x.T
    n, y = n0 + n1, y0 + y1
    variance = (y * (n - y) * n0 * n1 / (n**2 * (n - 1))).sum()
    return float((y1 - y * n1 / n).sum() / variance), float(variance**-0.5)


def mantel_haenszel(x: np.ndarray, ratio: str) -> float:
    """Log ratio without a correction of any cell."""
    y0, n0, y1, n1 = x.T
    n, against = n0 + n1, (n0 - y0, n1 - y1) if ratio == "odds" else (n0, n1)
    return math.log((y1 * against[0] / n).sum() / (y0 * against[1] / n).sum())


@pytest.mark.parametrize("name", UNDER_DEFAULTS)
def test_the_counts_give_the_estimates_that_were_printed_of_them(name: str) -> None:
    """A wrong transcription shows: Peto's and Mantel and Haenszel's estimates come out to the last decimal."""
    problem = read_problem(FOLDER / name)
    x = counts(problem)
    exact = {
        "rma.peto": dict(zip(("mean", "sd"), peto(x), strict=True)),
        "rma.mh": {"mean": mantel_haenszel(x, "risk" if name == "cholera" else "odds")},
    }
    seen = [
        (exact[method][row.statistic], row)
        for row in problem.figures
        if (method := row.locator.partition(",")[0]) in exact and row.statistic in exact[method]
    ]
    assert seen or name in ("catheters", "h2-rebleeding")  # maximum likelihood alone
    for value, row in seen:
        assert abs(value - row.value) <= 0.5001 * 10.0 ** -len(row.printed.partition(".")[2]), row


@pytest.mark.parametrize(
    ("name", "studies", "events"),
    [
        ("rosiglitazone-infarction", 42, (72, 12277, 86, 15556)),
        ("rosiglitazone-death", 42, (22, 12277, 39, 15556)),
        ("early-beta-blockers", 21, (165, 1711, 165, 1900)),
    ],
)
def test_the_counts_add_up_to_the_totals_that_the_articles_print(
    name: str, studies: int, events: tuple[int, ...]
) -> None:
    x = counts(read_problem(FOLDER / name))
    assert len(x) == studies
    assert tuple(x.sum(axis=0)) == events


@pytest.mark.parametrize("name", UNDER_DEFAULTS)
def test_a_tolerance_is_a_tenth_of_the_standard_error_and_what_the_prior_draws_in(name: str) -> None:
    """Under normal(0, 1) an estimate b of standard error s becomes b / (1 + s^2), s becomes s / sqrt(1 + s^2)."""
    groups: dict[tuple[object, ...], dict[str, object]] = {}
    for row in read_problem(FOLDER / name).figures:
        if row.quantity == "log_odds_ratio":
            groups.setdefault((row.choices, row.source, row.locator), {})[row.statistic] = row
    for rows in groups.values():
        if not {"mean", "sd"} <= rows.keys():
            continue
        b, s = (rows[statistic].value for statistic in ("mean", "sd"))  # type: ignore[attr-defined]
        pull, narrower = abs(b) * s**2 / (1 + s**2), s * (1 - (1 + s**2) ** -0.5)
        drawn = {"mean": pull, "sd": narrower, "2.5 %": pull + 1.96 * narrower, "97.5 %": pull + 1.96 * narrower}
        for statistic, row in rows.items():
            rounding = 0.5 * 10.0 ** -len(row.printed.partition(".")[2])  # type: ignore[attr-defined]
            right = drawn[statistic] + 0.1 * s + rounding
            assert right <= row.tolerance + 1e-9 <= 1.1 * right, row  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", UNDER_DEFAULTS)
def test_defaults_that_let_a_baseline_decide_are_outside(name: str) -> None:
    """Normal(0, 1.5) on the control logit, once the default, draws every rare control risk up and the effect down."""
    problem = read_problem(FOLDER / name)
    decided = (("baseline", "normal(0,1.5)"), ("anchor", "control"))
    once = compared(replace(problem, figures=tuple(replace(f, choices=f.choices + decided) for f in problem.figures)))
    effects = once[once["statistic"].isin(["mean", "2.5 %", "97.5 %"])]
    assert not effects["passed"].all()
    assert (effects["difference"] < 0).all()


def test_harm_that_42_trials_show_stays_harm() -> None:
    """Once certain benefit: P(OR < 1) was above 0.9999."""
    table = compared(read_problem(FOLDER / "rosiglitazone-infarction"))
    below = table.set_index("quantity").loc["log_odds_ratio_below_0", "computed"]
    assert below < 0.05
    assert table["passed"].all()


def test_a_ratio_and_a_probability_are_those_of_the_logarithm(tmp_path: Path) -> None:
    table = compared(
        read_problem(
            published(
                tmp_path,
                "contrast,,,log_odds_ratio,median,0,1,x,,",
                "contrast,,,odds_ratio,median,1,1,x,,",
                "contrast,,,log_odds_ratio_below_0,probability,0.5,1,x,,",
                "contrast,anchor=control,,log_odds_ratio,median,0,1,x,,",
            )
        )
    )
    logarithm, ratio, below, control = table["computed"]
    assert ratio == pytest.approx(math.exp(logarithm))
    assert (below > 0.5) == (logarithm < 0)
    assert control != logarithm
    assert [("anchor control" in choices) for choices in table["choices"]] == [False, False, False, True]
