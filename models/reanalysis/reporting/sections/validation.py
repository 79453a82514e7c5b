"""The program held against known truths and against what others have published."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import pandas as pd

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.task import Task
from reanalysis.estimands.words import MINUS, decimal, quantity_name
from reanalysis.figures.sbc_ecdf import describe_sbc_ecdf, plot_sbc_ecdf
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.markdown import Markdown, render, slug
from reanalysis.reporting.section import Artefacts, Blocks, Figure, Item, Section
from reanalysis.reporting.standards import ROBUST, SBC
from reanalysis.reporting.table import Table, columns
from reanalysis.validation import published
from reanalysis.validation.calibration.artefact import load
from reanalysis.validation.calibration.run import Calibration
from reanalysis.validation.published_folder import published_digest

_CALIBRATION = """\
Is the computation right where the truth is known? Truths were drawn from the priors and reports from the likelihood
(percentages, denominators that are not reported, intervals, weighted arms); the reports went through the same path as
this evidence, and the ranks of the truths in their posteriors must be uniform.
{%- if endpoint %} In the design called posterior truths were drawn, without an engine, from the posterior of
{{ endpoint }} in the re-analysis that comes with the program: its arms reported again, and both reports were fitted
together (Säilynoja et al. 2025).{% endif %} The calibration belongs to the program, not to this evidence.
{{ outcome }}: {{ text }}.
"""


def _with_outcome(prose: str, found: CheckResult, **more: str) -> Markdown:
    return render(prose, outcome="Passed" if found.passed else "Not passed", text=found.text, **more)


def _again() -> str:
    """Endpoint whose arms report again in the stored calibration, empty where there is none."""
    found = load()
    again = found.settings.get("again") if found else None
    return str(again["endpoint"]) if isinstance(again, dict) else ""


def _stored() -> Calibration:
    found = load()
    assert found is not None
    return found


CALIBRATION: Section[Analysis] = Section(
    anchor="calibration",
    place="program",
    level=1,
    title="Calibration",
    text=lambda made, _: [_with_outcome(_CALIBRATION, made.calibration, endpoint=_again()), made.figure("calibration")],
    figures=(
        Figure(
            "calibration",
            lambda _: plot_sbc_ecdf(_stored()),
            lambda _: (
                "Ranks of simulated truths in their posteriors: distribution functions minus the uniform one, and "
                "bands that hold all of them at once."
            ),
            lambda _: describe_sbc_ecdf(_stored()),
            drawn=lambda _: load() is not None,
        ),
    ),
    items=(
        Item(
            SBC, 1, "ranks of the engines within simultaneous bands", "stored calibration",
            lambda made: "" if made.calibration.passed else made.calibration.text,
        ),
    ),
)  # fmt: skip

# ---- published problems ---------------------------------------------------------------------------------------------

_QUANTILES = ("2.5 %", "median", "97.5 %")
_NAMED = {"mode": "mode", "probability": "P", "elir": "ELIR", "moment": "moment"}
_NAMES = {
    "tau": "heterogeneity tau",
    "rate_new": "rate, new study",
    "log_odds_ratio": "average log odds ratio",
    "map_prior": "effective sample size of the MAP prior",
    "mean_rate": "mean rate, alpha / (alpha + beta)",
    "log_alpha_over_beta": "log(alpha / beta)",
    "log_alpha_plus_beta": "log(alpha + beta)",
}
"""Where the name in results is not plain enough."""

_VALIDATION = """\
Does the program give what others have published? Problems whose result is published, as a posterior or as a
classical estimate (conditional likelihood, Mantel-Haenszel, Peto), were read, fitted and summarised by the same
path as this evidence, by quadrature. Two published values of one figure that differ are two rows, not a choice. The
tolerance of a sampled figure is its rounding and four of its own Monte Carlo standard errors, that of a classical
estimate its rounding, a tenth of its standard error and what the prior of the effect draws in, unless something
better is known of its source. The problems belong to the program, not to this evidence. {{ outcome }}: {{ text }}.
"""
_FILE = Markdown(
    "Each figure with its tolerance, the reason for that, and its place in the source is in `validation.csv`."
)


def _validation(made: Artefacts, _: Analysis) -> Blocks:
    found = made.validation
    sources = validation_sources(found)
    return [_with_outcome(_VALIDATION, found), *validation_tables(found), _FILE if sources else None, sources]


def validation_tables(found: CheckResult) -> list[Table]:
    """One table a problem: a row for each quantity as each source published it."""
    return [_problem(str(name), own) for name, own in found.table.groupby("problem", sort=False)]


def validation_sources(found: CheckResult) -> Table:
    """Who published the figures."""
    return Table(
        columns("Key 1.4 | Source 2.6 | Note 2.6"),
        [
            [f"{row.problem}: {row.source}", row.citation, row.note]
            for row in found.table.drop_duplicates(["problem", "source"]).itertuples()
        ],
        "Who published the figures that the program is held against.",
        "tbl-validation-sources",
    )


def _problem(name: str, own: pd.DataFrame) -> Table:
    shared = _shared(own)
    rows = [
        [
            _quantity(group.iloc[0].to_dict(), shared),
            str(group.iloc[0]["source"]),
            _figures(group["statistic"], [text.replace("-", MINUS) for text in group["printed"]]),
            _figures(
                group["statistic"],
                [decimal(x, _decimals(text)) for x, text in zip(group["computed"], group["printed"], strict=True)],
            ),
            decimal(float((group["difference"].abs() / group["tolerance"]).max()), 2),
            _within(group),
        ]
        for _, group in own.groupby(["model", "choices", "study", "quantity", "source"], sort=False)
    ]
    models = " and ".join(dict.fromkeys(str(model) for model in own["model"]))
    priors = f", with {', '.join(shared)}" if shared else ""
    return Table(
        columns(
            "Quantity 1.8 | Published by 1 | Published 2.3 | Computed 2.3 | "
            "Largest difference, in tolerances >0.8 | Within 0.6"
        ),
        rows,
        f"{own['title'].iloc[0]}. Model {models}{priors}. Mean (SD); 2.5 %, 50 % and 97.5 % points; the largest "
        "difference from what was published as a fraction of the tolerance, and whether every figure lies within.",
        f"tbl-validation-{slug(name)}",
    )


def _choices(text: str) -> list[str]:
    return [part for part in text.split(", ") if part]


def _shared(own: pd.DataFrame) -> list[str]:
    """Choices of every fit of a problem."""
    fits = [_choices(str(text)) for text in own.loc[own["model"] != "closed form", "choices"].unique()]
    return [choice for choice in fits[0] if all(choice in other for other in fits)] if fits else []


def _quantity(row: Mapping[Hashable, object], shared: Iterable[str]) -> str:
    name = str(row["quantity"])
    what, _, at = name.rstrip("]").partition("[")
    text = _NAMES.get(what, quantity_name(what)) + (f" at {at}" if at else "")
    text = f"slope in {at}" if what == "moderator" else text
    if row["study"]:
        text += f", study {row['study']}"
    own = [choice for choice in _choices(str(row["choices"])) if choice not in shared]
    if row["model"] == "closed form":
        own.insert(0, "of the published mixture")
    return text + (f"; {', '.join(own)}" if own else "")


def _figures(statistics: Iterable[Hashable], texts: Iterable[str]) -> str:
    by = dict(zip(statistics, texts, strict=True))
    first = by.get("mean", "")
    if "sd" in by:
        first += f" ({by['sd']})"
    points = ", ".join(by[name] for name in _QUANTILES if name in by)
    named = [f"{word} {by[name]}" for name, word in _NAMED.items() if name in by]
    return "; ".join(part for part in (first, points, *named) if part)


def _decimals(printed: str) -> int:
    """One more than printed, where that was rounded to a few."""
    count = len(printed.partition(".")[2])
    return count + 1 if count < 4 else count


def _within(group: pd.DataFrame) -> str:
    outside = group.loc[~group["passed"].astype(bool), "statistic"]
    return "yes" if outside.empty else f"NO: {', '.join(outside)}"


def validation_task() -> Task[CheckResult]:
    """The program against published figures: the same until its code or those figures change."""
    return Task("validation", published.check_packaged, (published_digest(),))


VALIDATION = Section(
    anchor="validation",
    place="program",
    level=1,
    title="Validation against published results",
    text=_validation,
    needs=lambda _: (validation_task(),),
    items=(
        Item(
            ROBUST, 5, "the computing technique", "validation against published results",
            lambda made: "" if made.validation.passed else made.validation.text,
        ),
    ),
)  # fmt: skip
