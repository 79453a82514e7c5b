"""The effects of one endpoint: study by study, as risks and for 100 patients, and against their priors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from reanalysis.analysis.endpoint import EndpointAnalysis, StudyEffect
from reanalysis.estimands.risks import BaselineEffect
from reanalysis.estimands.words import interval, percent, points_interval, ratio_interval
from reanalysis.evidence.candidates.observation import sizes_told
from reanalysis.figures.beyond import describe_beyond, plot_beyond
from reanalysis.figures.forest import describe_forest, forest_pages, plot_forest
from reanalysis.figures.icons import describe_icons, plot_icons
from reanalysis.figures.prior_posterior import describe_prior_posterior, plot_prior_posterior
from reanalysis.gates.convergence import monte_carlo
from reanalysis.reporting.markdown import render, slug
from reanalysis.reporting.section import Artefacts, Blocks, Figure, Item, Section, drawn, every
from reanalysis.reporting.standards import BARG, ROBUST, ZAMPIERI
from reanalysis.reporting.table import Column, Table, columns

_DASH = "\N{EN DASH}"
_NEEDED = (
    "NNT and NNH count patients treated for one to benefit or be harmed, in two pieces where the risk difference "
    "spans 0."
)

# ---- each study as reported and in the model ------------------------------------------------------------------------


def _studies(_: Artefacts, endpoint: EndpointAnalysis) -> Blocks:
    sizes = sizes_told(endpoint.fit.selection.observations)
    listed = render("{% for line in sizes %}\n- {{ line }}.\n{% endfor %}\n", sizes=sizes)
    return study_table(endpoint), listed


def study_table(endpoint: EndpointAnalysis) -> Table:
    """Raw and shrunken study effects side by side."""
    order = endpoint.fit.evidence.studies
    rows = [_study_row(s) for s in sorted(endpoint.studies, key=lambda s: order.index(s.study))]
    more = " (extrapolation)" if endpoint.headline.kind == "single study" else ""
    rows.append([f"Average{more}", "", "", interval(endpoint.average), "", "", ""])
    rows.append([f"New study{more}", "", "", interval(endpoint.new_study), "", "", ""])
    settings = endpoint.fit.evidence.settings
    return Table(
        [
            *columns("Study 1.3 | Reported 2.3 | Odds ratio as reported 1.6 | Odds ratio, model 1.6"),
            Column(f"Risk, {settings.control_label}", 1.3),
            Column(f"Risk, {settings.treated_label}", 1.3),
            Column("Risk difference per 100", 1.5),
        ],
        rows,
        f"{endpoint.label}: each study as reported (Wald interval, no discount, 1/2 added to each cell of a study with "
        "an empty one) and in the model (95 % interval).",
        f"tbl-studies-{slug(endpoint.id)}",
        last=2,
    )


def _study_row(study: StudyEffect) -> list[str]:
    raw = study.raw
    return [
        study.label,
        f"{raw.treated} against {raw.control}" if raw else "one arm",
        ratio_interval(raw.odds_ratio, raw.lower, raw.upper) if raw else _DASH,
        interval(study.odds_ratio),
        percent(study.control_rate.median) if study.control_rate else _DASH,
        percent(study.treated_rate.median) if study.treated_rate else _DASH,
        points_interval(study.risk_difference) if study.risk_difference else _DASH,
    ]


def _forest(endpoint: EndpointAnalysis, studies: Sequence[str]) -> Axes:
    return plot_forest(endpoint, studies=studies)


_FOREST: Figure[EndpointAnalysis] = Figure(
    "forest",
    _forest,
    lambda e: f"{e.label}: each study as reported and in the model, the average and a new study.",
    describe_forest,
    pages=forest_pages,
    first_page=False,
)
FOREST: Section[EndpointAnalysis] = Section(
    anchor="forest", text=lambda made, e: made.figure("forest", e), figures=(_FOREST,)
)
STUDIES = Section(anchor="studies", place="folded", title="Each cohort", level=3, text=_studies)

# ---- the effect as risks --------------------------------------------------------------------------------------------


def probability_table(endpoint: EndpointAnalysis) -> Table:
    """Effects and probabilities at each named control risk, headline first, then a new study."""
    study = endpoint.headline.study
    headline = "Average" if study is None else endpoint.fit.evidence.study_label(study)
    declared, first = endpoint.better is not None, endpoint.baselines[0]
    rows = [
        [
            name,
            f"{at.baseline.label}, {at.baseline.percent:g} %",
            interval(at.risk_ratio),
            points_interval(at.risk_difference),
            *([str(at.needed) if at.needed else _DASH] if declared else []),
            *[f"{percent(b.fewer)} / {percent(b.more)}" for b in at.beyond],
            percent(at.within_rope),
        ]
        for name, effects in ((headline, endpoint.baselines), ("New study", endpoint.new_baselines))
        for at in effects
    ]
    return Table(
        [
            *columns("Effect 1.2 | Control risk 1.7 | Risk ratio 1.5 | Risk difference per 100 1.6"),
            *(columns("Number needed 2.3") if declared else []),
            *[Column(f"P(fewer / more by {b.margin:g}+)", 1.3) for b in first.beyond],
            Column(f"P(within \N{PLUS-MINUS SIGN}{first.rope:g})", 0.9, "right"),
        ],
        rows,
        f"{endpoint.label}: the effect as risks. Margins are percentage points{f'; {_NEEDED}' if declared else '.'}",
        f"tbl-probabilities-{slug(endpoint.id)}",
    )


def _risk_results(e: EndpointAnalysis) -> dict[str, Any]:
    return {
        "headline": {"baselines": [_baseline(b) for b in e.baselines]},
        "new_study": {
            "p_below_0": e.new_direction.below,
            "p_benefit": e.new_direction.benefit,
            "baselines": [_baseline(b) for b in e.new_baselines],
            "monte_carlo": monte_carlo(e.fit.posterior.overall["log_odds_ratio_new"]),
        },
    }


def _baseline(at: BaselineEffect) -> dict[str, Any]:
    return {
        "label": at.baseline.label,
        "control_risk": at.baseline.percent / 100,
        "treated_risk": at.treated_risk,
        "risk_difference": at.risk_difference,
        "risk_ratio": at.risk_ratio,
        "number_needed": at.needed,
        "beyond": [{"points": b.margin, "p_fewer": b.fewer, "p_more": b.more} for b in at.beyond],
        "rope_points": at.rope,
        "p_within_rope": at.within_rope,
    }


def _at(endpoint: EndpointAnalysis) -> str:
    at = endpoint.baselines[0].baseline
    return f"where the control risk is {at.percent:g} % ({at.label})"


_BEYOND: Figure[EndpointAnalysis] = Figure(
    "beyond",
    plot_beyond,
    lambda e: f"{e.label}: probability that the risk difference exceeds any size, {_at(e)}.",
    describe_beyond,
)

PATIENTS: Section[EndpointAnalysis] = Section(
    anchor="patients",
    place="folded",
    title="Among 100 patients",
    level=3,
    text=lambda made, e: [made.figure("icons", e), made.figure("beyond", e)],
    figures=(
        Figure(
            "icons",
            plot_icons,
            lambda e: f"{e.label}: 100 patients with and without {e.fit.evidence.settings.treated_label}, {_at(e)}.",
            describe_icons,
        ),
        _BEYOND,
    ),
)
RISKS: Section[EndpointAnalysis] = Section(
    anchor="risks",
    text=lambda _, e: probability_table(e),
    results=_risk_results,
    items=(
        Item(
            BARG, 8, "decisions: limits of what matters stated before", "probabilities at the margins",
            every("no margins", lambda e: bool(e.baselines and e.baselines[0].beyond)),
        ),
        Item(ZAMPIERI, 4, "probabilities of an effect that matters", "probability of every size", drawn(_BEYOND)),
        Item(
            ZAMPIERI, 5, "probability of practical equivalence", "probability table",
            every("none", lambda e: e.baselines[0].within_rope is not None),
        ),
    ),
)  # fmt: skip

# ---- the posterior against its prior --------------------------------------------------------------------------------


_PRIOR_POSTERIOR: Figure[EndpointAnalysis] = Figure(
    "prior-posterior",
    plot_prior_posterior,
    lambda e: f"{e.label}: posterior against prior, of the odds ratio and of the heterogeneity.",
    describe_prior_posterior,
)

PRIOR_POSTERIOR: Section[EndpointAnalysis] = Section(
    anchor="prior-posterior",
    place="folded",
    title="The posterior against its prior",
    level=3,
    text=lambda made, endpoint: made.figure("prior-posterior", endpoint),
    figures=(_PRIOR_POSTERIOR,),
    items=(
        Item(
            BARG, 7, "the posterior: central value, interval, density", "density of each headline",
            drawn(_PRIOR_POSTERIOR),
        ),
        Item(
            ROBUST, 5, "central tendency, SD and credible interval", "results.json",
            every("no summary", lambda e: e.log_odds_ratio.sd is not None),
        ),
    ),
)  # fmt: skip
