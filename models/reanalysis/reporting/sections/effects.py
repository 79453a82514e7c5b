"""The effects of one endpoint: study by study, as risks and for 100 patients, and against their priors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from reanalysis.analysis.endpoint import EndpointAnalysis, StudyEffect
from reanalysis.estimands.risks import BaselineEffect
from reanalysis.estimands.words import decimal, interval, percent, points_interval, ratio_interval, risk
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.figures import beyond, forest, icons, prior_posterior, traffic_lights
from reanalysis.gates.convergence import monte_carlo
from reanalysis.model.data import StudyData
from reanalysis.reporting.markdown import Markdown, render, slug
from reanalysis.reporting.section import Artefacts, Blocks, Card, Figure, Item, Section, drawn, every
from reanalysis.reporting.sections.answer import risks_at
from reanalysis.reporting.standards import BARG, PRISMA, ROBUST, ZAMPIERI
from reanalysis.reporting.table import Column, Table, columns
from reanalysis.reporting.verdict import certainty_of
from reanalysis.reporting.wording import listed

_DASH = "\N{EN DASH}"
_MOST_SIZES, _UNLIKELY = 4, 0.1
"""So many possible sizes of a group are named, more are counted; weights below this have a decimal."""
_NEEDED = (
    "NNT and NNH count patients treated for one to benefit or be harmed, where the interval of the risk difference "
    "does not span 0."
)

# ---- each study as published and in the model -----------------------------------------------------------------------


def _studies(_: Artefacts, endpoint: EndpointAnalysis) -> Blocks:
    lines = [*sizes(endpoint), variation(endpoint)]
    return study_table(endpoint), render("{% for line in lines if line %}\n- {{ line }}\n{% endfor %}\n", lines=lines)


def sizes(endpoint: EndpointAnalysis) -> Iterator[str]:
    """A sentence an arm whose size is not published: the likeliest sizes, and how many others share the rest alike."""
    evidence = endpoint.fit.evidence
    labels = {"control": evidence.settings.control_label, "treated": evidence.settings.treated_label}
    for (study, arm), observation in sorted(endpoint.fit.selection.observations.items()):
        alike: dict[str, list[int]] = {}
        for n, weight in observation.assumed:
            alike.setdefault(percent(weight, 1 if weight < _UNLIKELY else 0), []).append(n)
        told = [f"{_few(ns)} ({'each ' if len(ns) > 1 else ''}{weight})" for weight, ns in alike.items()]
        if told:
            where = f"{evidence.study_label(study)}, {labels[arm]}"
            taken = (
                f"with their weights: {'; '.join(told)}"
                if len(observation.assumed) > 1
                else f"for it: {observation.assumed[0][0]}"
            )
            yield f"The number of patients is not published for {where}. Taken {taken}."


def _few(numbers: Sequence[int]) -> str:
    """Numbers, of many their count and the first and last."""
    if len(numbers) > _MOST_SIZES:
        return f"{len(numbers)} sizes from {min(numbers)} to {max(numbers)}"
    return listed([str(n) for n in numbers])


def study_table(endpoint: EndpointAnalysis) -> Table:
    """Raw and shrunken study effects side by side, and for how many patients the discounts let each study count."""
    order = endpoint.fit.evidence.studies
    data = {s.study: s for s in endpoint.fit.posterior.data.studies}
    of = endpoint.baselines[0].of
    rows = [_study_row(s, data[s.study], of) for s in sorted(endpoint.studies, key=lambda s: order.index(s.study))]
    more = " (extrapolation)" if endpoint.headline.kind == "single study" else ""
    rows.append([f"Average{more}", "", "", "", interval(endpoint.average), "", "", ""])
    rows.append([f"New study{more}", "", "", "", interval(endpoint.new_study), "", "", ""])
    settings = endpoint.fit.evidence.settings
    return Table(
        [
            *columns("Study 1.3 | Published 2.1 | Counts as 1.2 | Odds ratio, published rates 1.6"),
            *columns("Odds ratio, model 1.6"),
            Column(f"Risk, {settings.control_label}", 1.1),
            Column(f"Risk, {settings.treated_label}", 1.1),
            Column(f"Risk difference per {of:,}", 1.5),
        ],
        rows,
        f"{endpoint.label}: the odds ratio from the published rates (95 % confidence interval; at the likeliest size "
        "where one is not published, without allowance for weighting, 1/2 added to each cell of a study with an empty "
        "one) and after modelling (95 % credible interval). Patients count for less by rho and k: treated and control.",
        f"tbl-studies-{slug(endpoint.id)}",
        last=2,
    )


def _study_row(study: StudyEffect, data: StudyData, of: int) -> list[str]:
    raw = study.raw
    return [
        study.label,
        f"{raw.treated} against {raw.control}" if raw else "one group",
        counts_as(data),
        ratio_interval(raw.odds_ratio, raw.lower, raw.upper) if raw else _DASH,
        interval(study.odds_ratio),
        risk(study.control_rate.median) if study.control_rate else _DASH,
        risk(study.treated_rate.median) if study.treated_rate else _DASH,
        points_interval(study.risk_difference, of) if study.risk_difference else _DASH,
    ]


def counts_as(study: StudyData) -> str:
    """Patients that the arms of a study count for after weighting (k) and design (rho): ``32 and 46``."""
    sizes = [effective_size(arm, study.rho) for arm in (study.treated, study.control) if arm is not None]
    return " and ".join(f"{size:.0f}" for size in sizes) or _DASH


def effective_size(arm: Candidates, rho: float) -> float:
    """Binomial patients with the variance of a beta-binomial arm, averaged over what n may be."""
    weight = dict(zip(arm.n, arm.weight, strict=True))
    return sum(w * n / (1 + (n - 1) * rho) for n, w in weight.items()) / sum(weight.values())


def variation(endpoint: EndpointAnalysis) -> str:
    """How much the studies differ before any discount, and in the model; empty for one study."""
    found = certainty_of(endpoint).heterogeneity
    if found is None:
        return ""
    return (
        f"Before any discount the published odds ratios differ with I2 {percent(found.i_squared)} (Q "
        f"{decimal(found.q, 1)} on {found.df} degrees of freedom, p {decimal(found.p, 3)}; DerSimonian-Laird tau "
        f"{decimal(found.moment_tau)}); in the model, after discounts, tau is {decimal(endpoint.tau.median)} "
        f"({decimal(endpoint.tau.lower)} to {decimal(endpoint.tau.upper)})."
    )


FOREST: Section[EndpointAnalysis] = Section(
    anchor="forest",
    text=lambda made, e: made.figure("forest", e),
    figures=(
        Figure(
            "forest",
            lambda e, studies, narrow=False: forest.plot_forest(e, studies=studies, narrow=narrow),
            lambda e: f"{e.label}: each study from its published rates and in the model, the average and a new study.",
            forest.describe_forest,
            pages=forest.forest_pages,
            narrow=True,
            first_page=False,
        ),
    ),
    items=(Item(PRISMA, 3, "13c: results of studies and syntheses displayed", "forest", drawn("forest")),),
)
RISK_OF_BIAS = Card(
    anchor="risk-of-bias",
    title="Risk of bias by domain",
    text=lambda made, e: made.figure("traffic-lights", e),
    figures=(
        Figure(
            "traffic-lights",
            lambda e, studies: traffic_lights.plot_traffic_lights(e, studies=studies),
            lambda e: (
                f"{e.label}: risk of bias of each study by the seven domains of ROBINS-I, the worst of them last."
            ),
            traffic_lights.describe_traffic_lights,
            pages=traffic_lights.traffic_light_pages,
            drawn=lambda e: bool(traffic_lights.judged_studies(e)),
            first_page=False,
        ),
    ),
)
STUDIES = Card(anchor="studies", title="Each cohort", text=_studies)

# ---- the effect as risks --------------------------------------------------------------------------------------------


def probability_table(endpoint: EndpointAnalysis) -> Table:
    """Effects and probabilities at each named control risk, headline first, then a new study."""
    study = endpoint.headline.study
    headline = "Average" if study is None else endpoint.fit.evidence.study_label(study)
    first = endpoint.baselines[0]
    needed = any(_needed(at) != _DASH for at in (*endpoint.baselines, *endpoint.new_baselines))
    rows = [
        [
            name,
            f"{at.baseline.label}, {at.baseline.percent:g} %",
            interval(at.risk_ratio),
            points_interval(at.risk_difference, first.of),
            *([_needed(at)] if needed else []),
            *[f"{percent(b.fewer)} / {percent(b.more)}" for b in at.beyond],
            percent(at.within_rope),
        ]
        for name, effects in ((headline, endpoint.baselines), ("New study", endpoint.new_baselines))
        for at in effects
    ]
    return Table(
        [
            *columns("Effect 1.2 | Control risk 1.7 | Risk ratio 1.5"),
            Column(f"Risk difference per {first.of:,}", 1.6),
            *(columns("Number needed 2.3") if needed else []),
            *[Column(f"How likely: at least {b.margin:g} fewer / more", 1.3) for b in first.beyond],
            Column(f"Within {first.rope:g} either way", 0.9, "right"),
        ],
        rows,
        f"{endpoint.label}: the effect as risks. Margins are percentage points{f'; {_NEEDED}' if needed else '.'}",
        f"tbl-probabilities-{slug(endpoint.id)}",
    )


def _needed(at: BaselineEffect) -> str:
    """A number needed where the interval lies on one side of no difference; else it runs through infinity."""
    spans = at.risk_difference.lower < 0 < at.risk_difference.upper
    return _DASH if spans or at.needed is None else str(at.needed)


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
    return risks_at(at) | {
        "risk_ratio": at.risk_ratio,
        "number_needed": at.needed,
        "beyond": [{"points": b.margin, "p_fewer": b.fewer, "p_more": b.more} for b in at.beyond],
        "rope_points": at.rope,
        "p_within_rope": at.within_rope,
    }


def _at(endpoint: EndpointAnalysis) -> str:
    at = endpoint.baselines[0].baseline
    return f"where the control risk is {at.percent:g} % ({at.label})"


_TOO_RARE = Markdown("The event is too rare for an array of patients: a thousand of them would hardly show one.")


def _in_icons(endpoint: EndpointAnalysis) -> bool:
    at = endpoint.baselines[0]
    return at.of == icons.patients_drawn(at)


PATIENTS = Card(
    anchor="patients",
    title="Among patients",
    text=lambda made, e: [made.figure("icons", e) if _in_icons(e) else _TOO_RARE, made.figure("beyond", e)],
    figures=(
        Figure(
            "icons",
            icons.plot_icons,
            lambda e: (
                f"{e.label}: {icons.patients_drawn(e.baselines[0]):,} patients with and without "
                f"{e.fit.evidence.settings.treated_label}, {_at(e)}."
            ),
            icons.describe_icons,
            drawn=_in_icons,
        ),
        Figure(
            "beyond",
            beyond.plot_beyond,
            lambda e: f"{e.label}: probability that the risk difference exceeds any size, {_at(e)}.",
            beyond.describe_beyond,
        ),
    ),
)
RISKS: Section[EndpointAnalysis] = Section(
    anchor="risks",
    text=lambda _, e: probability_table(e),
    results=_risk_results,
    items=(
        Item(
            BARG, 11, "decisions: probabilities at the limits of what matters", "probabilities at the margins",
            every("no margins", lambda e: bool(e.baselines and e.baselines[0].beyond)),
        ),
        Item(ZAMPIERI, 4, "probabilities of an effect that matters", "probability of every size", drawn("beyond")),
        Item(
            ZAMPIERI, 5, "probability of practical equivalence", "probability table",
            every("none", lambda e: e.baselines[0].within_rope is not None),
        ),
    ),
)  # fmt: skip

# ---- the posterior against its prior --------------------------------------------------------------------------------

PRIOR_POSTERIOR = Card(
    anchor="prior-posterior",
    title="The posterior against its prior",
    text=lambda made, endpoint: made.figure("prior-posterior", endpoint),
    figures=(
        Figure(
            "prior-posterior",
            prior_posterior.plot_prior_posterior,
            lambda e: f"{e.label}: posterior against prior, of the odds ratio and of the heterogeneity.",
            prior_posterior.describe_prior_posterior,
        ),
    ),
    items=(
        Item(
            BARG, 9, "the posterior: central value, interval, density", "density of each headline",
            drawn("prior-posterior"),
        ),
        Item(
            ROBUST, 6, "central tendency", "results.json",
            every("no summary", lambda e: math.isfinite(e.log_odds_ratio.median)), place="results.json",
        ),
        Item(
            ROBUST, 7, "SD or credible interval", "results.json",
            every("no interval", lambda e: e.log_odds_ratio.lower < e.log_odds_ratio.upper), place="results.json",
        ),
    ),
)  # fmt: skip
