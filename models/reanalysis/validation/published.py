"""Validation against published figures: each as printed beside the posterior, within its tolerance."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from reanalysis.engines.errors import EngineError
from reanalysis.evidence.problems import InvalidInput, listed
from reanalysis.evidence.reading.settings import Source
from reanalysis.gates.result import CheckResult
from reanalysis.model.spec import Engine
from reanalysis.validation.printed import PublishedFigure
from reanalysis.validation.published_folder import FOLDER, problem_folders, published_digest
from reanalysis.validation.published_problem import (
    MIXTURE,
    PublishedProblem,
    Refit,
    computed,
    in_closed_form,
    read_problem,
    refit,
)

NAME = "Validation against published figures"
_COLUMNS = (
    "problem", "title", "model", "choices", "study", "quantity", "statistic", "printed", "computed", "difference",
    "tolerance", "passed", "source", "citation", "note", "locator", "remark",
)  # fmt: skip


def check_published(folder: Path = FOLDER) -> CheckResult:
    """Whether every figure of every published problem is met, by quadrature.

    A problem that cannot be read or fitted is a failure that says why; nothing is raised.

    Parameters
    ----------
    folder : Path
        Holds one evidence folder a problem, each with a published.csv.

    Returns
    -------
    CheckResult
        One row of the table a figure: what it is, as printed, as computed, their difference, and whether that is within
        the tolerance.
    """
    return _checked(folder, published_digest(folder))


@lru_cache(maxsize=4)
def _checked(folder: Path, digest: str) -> CheckResult:
    folders = problem_folders(folder)
    if not folders:
        return not_compared("the published problems are not there")
    tables, broken = [], []
    for one in folders:
        try:
            tables.append(compared(read_problem(one)))
        except (InvalidInput, EngineError) as error:
            broken.append(f"{one.name}: {error}")
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(_COLUMNS))
    return CheckResult(NAME, not broken and bool(table["passed"].all()), _text(table, broken), table)


def check_packaged(digest: str) -> CheckResult:
    """Whether every figure of the problems that come with the package is met; ``digest`` is that of their files."""
    return _checked(FOLDER, digest)


def not_compared(reason: str) -> CheckResult:
    """A comparison that did not take place."""
    return CheckResult(NAME, False, reason, pd.DataFrame(columns=list(_COLUMNS)))


def compared(problem: PublishedProblem, engine: Engine = "quadrature") -> pd.DataFrame:
    """Every figure of a problem beside what the program computes.

    Parameters
    ----------
    problem : PublishedProblem
        What was published.
    engine : {"quadrature", "nuts"}
        Engine of the fits.

    Raises
    ------
    InvalidInput
        If a figure names what the model does not have.
    EngineError
        If an engine cannot give a posterior.
    """
    fits: dict[tuple[str, frozenset[tuple[str, str]]], Refit] = {}
    rows = []
    for figure in problem.figures:
        if figure.model == MIXTURE:
            rows.append(_row(problem, figure, in_closed_form(problem, figure), "closed form", _stated(figure)))
            continue
        key = (figure.model, frozenset(figure.choices))
        if key not in fits:
            fits[key] = refit(problem, figure, engine)
        found = fits[key]
        rows.append(_row(problem, figure, computed(found, figure), figure.model, _priors(found)))
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _row(problem: PublishedProblem, figure: PublishedFigure, value: float, model: str, choices: str) -> dict[str, Any]:
    difference = value - figure.value
    source = problem.evidence.sources.get(figure.source, Source())
    return {
        "problem": problem.name,
        "title": problem.evidence.title,
        "model": model,
        "choices": choices,
        "study": problem.evidence.study_label(figure.study) if figure.study else "",
        "quantity": figure.quantity,
        "statistic": figure.statistic,
        "printed": figure.printed,
        "computed": value,
        "difference": difference,
        "tolerance": figure.tolerance,
        "passed": abs(difference) <= figure.tolerance,
        "source": figure.source,
        "citation": source.citation,
        "note": source.note,
        "locator": figure.locator,
        "remark": figure.remark,
    }


def _priors(found: Refit) -> str:
    spec = found.fit.spec
    texts = spec.prior_texts
    pooling = () if spec.pooling == "partial" else (f"{spec.pooling} pooling",)
    used = spec.family.used_priors(spec.pooling)
    anchor = (f"anchor {spec.anchor}",) if spec.anchor != "midpoint" and "baseline" in used else ()
    return ", ".join([*pooling, *(f"{name} {texts[name]}" for name in used), *anchor])


def _stated(figure: PublishedFigure) -> str:
    return ", ".join(f"{name} {value}" for name, value in figure.choices)


def _text(table: pd.DataFrame, broken: list[str]) -> str:
    outside = table[~table["passed"].astype(bool)]
    text = (
        f"{len(table)} printed figures of {table['problem'].nunique()} published problems, computed by quadrature: "
        f"{len(outside) or 'none'} outside the tolerance"
    )
    if len(outside):
        text += f" ({listed(f'{r.problem}: {r.quantity}, {r.statistic}, {r.printed}' for r in outside.itertuples())})"
    return "; ".join([text, *broken])
