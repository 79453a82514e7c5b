"""What does one endpoint look like in numbers?"""

from __future__ import annotations

from reanalysis.analysis.endpoint import EndpointAnalysis, StudyEffect
from reanalysis.estimands.words import decimal, interval, percent, points_interval, ratio_interval
from reanalysis.reporting.markdown import Column, Markdown, table
from reanalysis.reporting.slug import slug

_NEEDED = (
    "NNT and NNH count patients treated for one to benefit or be harmed, in two pieces where the risk difference "
    "spans 0."
)


def study_table(endpoint: EndpointAnalysis) -> Markdown:
    """Raw and shrunken study effects side by side."""
    order = endpoint.fit.evidence.studies
    rows = [_study_row(s) for s in sorted(endpoint.studies, key=lambda s: order.index(s.study))]
    single = endpoint.headline.kind == "single study"
    more = " (extrapolation)" if single else ""
    rows.append([f"Average{more}", "", "", interval(endpoint.average), "", "", ""])
    rows.append([f"New study{more}", "", "", interval(endpoint.new_study), "", "", ""])
    evidence = endpoint.fit.evidence
    return table(
        [
            Column("Study", 1.3),
            Column("Printed", 2.3),
            Column("Odds ratio as printed", 1.6),
            Column("Odds ratio, model", 1.6),
            Column(f"Risk, {evidence.settings.control_label}", 1.3),
            Column(f"Risk, {evidence.settings.treated_label}", 1.3),
            Column("Risk difference per 100", 1.5),
        ],
        rows,
        f"{endpoint.label}: each study as printed (Wald interval, no discount, 1/2 added to each cell of a study with "
        "an empty one) and in the model (95 % interval).",
        f"tbl-studies-{slug(endpoint.id)}",
    )


def _study_row(study: StudyEffect) -> list[str]:
    raw = study.raw
    return [
        study.label,
        f"{raw.treated} against {raw.control}" if raw else "one arm",
        ratio_interval(raw.odds_ratio, raw.lower, raw.upper) if raw else "\N{EN DASH}",
        interval(study.odds_ratio),
        percent(study.control_rate.median) if study.control_rate else "\N{EN DASH}",
        percent(study.treated_rate.median) if study.treated_rate else "\N{EN DASH}",
        points_interval(study.risk_difference) if study.risk_difference else "\N{EN DASH}",
    ]


def probability_table(endpoint: EndpointAnalysis) -> Markdown:
    """Effects and probabilities at each named control risk, headline first, then a new study."""
    rows = []
    for name, effects in (
        (_headline_name(endpoint), endpoint.baselines),
        ("New study", endpoint.new_baselines),
    ):
        for at in effects:
            row = [
                name,
                f"{at.baseline.label}, {at.baseline.percent:g} %",
                interval(at.risk_ratio),
                points_interval(at.risk_difference),
            ]
            row += [str(at.needed) if at.needed else "\N{EN DASH}"] if endpoint.better is not None else []
            row += [f"{percent(b.fewer)} / {percent(b.more)}" for b in at.beyond]
            row.append(percent(at.within_rope))
            rows.append(row)
    margins = [b.margin for b in endpoint.baselines[0].beyond]
    rope = endpoint.baselines[0].rope
    return table(
        [
            Column("Effect", 1.2),
            Column("Control risk", 1.7),
            Column("Risk ratio", 1.5),
            Column("Risk difference per 100", 1.6),
            *([Column("Number needed", 2.3)] if endpoint.better is not None else []),
            *[Column(f"P(fewer / more by {m:g}+)", 1.3) for m in margins],
            Column(f"P(within \N{PLUS-MINUS SIGN}{rope:g})", 0.9, "right"),
        ],
        rows,
        f"{endpoint.label}: the effect as risks. Margins are percentage points"
        + ("." if endpoint.better is None else f"; {_NEEDED}"),
        f"tbl-probabilities-{slug(endpoint.id)}",
    )


def _headline_name(endpoint: EndpointAnalysis) -> str:
    if endpoint.headline.study is None:
        return "Average"
    return endpoint.fit.evidence.study_label(endpoint.headline.study)


def heterogeneity_table(endpoint: EndpointAnalysis) -> Markdown:
    """Tau against its prior."""
    rows = [
        [
            "Prior",
            decimal(endpoint.tau_prior.median),
            _range(endpoint.tau_prior.lower, endpoint.tau_prior.upper),
        ],
        ["Posterior", decimal(endpoint.tau.median), _range(endpoint.tau.lower, endpoint.tau.upper)],
    ]
    count = len(endpoint.fit.posterior.data.names)
    return table(
        [Column("tau"), Column("Median", 1, "right"), Column("95 % interval", 1.5)],
        rows,
        f"{endpoint.label}: heterogeneity, the SD of study effects on the log odds scale. "
        + ("One study says next to nothing about it." if count == 1 else f"It is learnt from {count} studies."),
        f"tbl-tau-{slug(endpoint.id)}",
    )


def _range(low: float, high: float) -> str:
    return f"{decimal(low)} to {decimal(high)}"
