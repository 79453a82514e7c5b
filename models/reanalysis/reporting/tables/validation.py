"""Does the program give what others have published? Printed and computed figures side by side, problem by problem."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import pandas as pd

from reanalysis.estimands.words import MINUS, decimal, quantity_name
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.markdown import Column, Markdown, table
from reanalysis.reporting.slug import slug

_QUANTILES = ("2.5 %", "median", "97.5 %")
_NAMED = {
    "mode": "mode",
    "probability": "P",
    "elir": "ELIR",
    "moment": "moment",
}
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


def validation_tables(found: CheckResult) -> list[Markdown]:
    """One table a problem: a row for each quantity as each source printed it."""
    return [_problem(str(name), own) for name, own in found.table.groupby("problem", sort=False)]


def validation_sources(found: CheckResult) -> Markdown | None:
    """Who printed the figures; None where there are none."""
    rows = [
        [f"{row.problem}: {row.source}", row.citation, row.note]
        for row in found.table.drop_duplicates(["problem", "source"]).itertuples()
    ]
    if not rows:
        return None
    return table(
        [Column("Key", 1.4), Column("Source", 2.6), Column("Note", 2.6)],
        rows,
        "Who printed the figures that the program is held against.",
        "tbl-validation-sources",
    )


def _problem(name: str, own: pd.DataFrame) -> Markdown:
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
    models = _models(own)
    priors = f", with {', '.join(shared)}" if shared else ""
    return table(
        [
            Column("Quantity", 1.8),
            Column("Printed by", 1),
            Column("Printed", 2.3),
            Column("Computed", 2.3),
            Column("Apart, in tolerances", 0.8, "right"),
            Column("Within", 0.6),
        ],
        rows,
        f"{own['title'].iloc[0]}. Model {models}{priors}. Mean (SD); 2.5 %, 50 % and 97.5 % points; the largest "
        "distance from print as a share of the tolerance, and whether every figure lies within.",
        f"tbl-validation-{slug(name)}",
    )


def _models(own: pd.DataFrame) -> str:
    return " and ".join(dict.fromkeys(str(model) for model in own["model"]))


def _choices(text: str) -> list[str]:
    return [part for part in text.split(", ") if part]


def _shared(own: pd.DataFrame) -> list[str]:
    """Choices of every fit of a problem."""
    fits = [_choices(str(text)) for text in own.loc[own["model"] != "closed form", "choices"].unique()]
    return [choice for choice in fits[0] if all(choice in other for other in fits)] if fits else []


def _quantity(row: Mapping[Hashable, object], shared: Iterable[str]) -> str:
    name = str(row["quantity"])
    text = _NAMES.get(name, quantity_name(name))
    if row["study"]:
        text += f", study {row['study']}"
    own = [choice for choice in _choices(str(row["choices"])) if choice not in shared]
    if row["model"] == "closed form":
        own.insert(0, "of the printed mixture")
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
