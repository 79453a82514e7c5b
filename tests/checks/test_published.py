"""What others have published comes out as published, and what does not is said."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pandas as pd
import pytest

from evidence.folders import TWO_STUDIES, folder
from reanalysis.checks.published import check_published, compared
from reanalysis.checks.published_folder import FOLDER, published_digest
from reanalysis.checks.published_problem import read_problem
from reanalysis.checks.result import CheckResult
from reanalysis.evidence.problems import InvalidInput

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
