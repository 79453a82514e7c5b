"""The next randomised trial: what trials of declared sizes would conclude, and how much that is worth."""

from __future__ import annotations

from collections.abc import Sequence

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.plan import Plan
from reanalysis.analysis.relevant import relevant
from reanalysis.analysis.task import Task
from reanalysis.decisions.next_trial import Operating
from reanalysis.decisions.planned_trial import PlannedTrial, trial_or_reason
from reanalysis.estimands.words import decimal, percent
from reanalysis.evidence.evidence import Evidence
from reanalysis.figures.next_trial import describe_next_trial, plot_next_trial
from reanalysis.reporting.markdown import Markdown, render
from reanalysis.reporting.section import Artefacts, Blocks, Figure, Section
from reanalysis.reporting.table import Column, Table, columns
from reanalysis.reporting.wording import listed

_MOST = 4
"""Endpoints of the first page that are planned for where none is declared."""
_FIGURE = "next-trial"

_LEAD = """\
{% if reason %}{{ reason }} {% endif %}Trials of {{ sizes }} patients in two equal arms, randomised. Each is analysed
with the prior of this analysis and concludes fewer events with {{ treated }}, or more, where their probability then
exceeds {{ threshold }}; else it concludes neither. What it is expected to conclude today follows from the effect of a
new study and from the control rates of these studies. With ever more patients the chances approach those of the effect
itself: {{ limits }}.

What a trial is worth is what decisions gain by it, per 100 patients of whom it is then decided whether they get
{{ treated }}: events avoided. Knowing the effect for certain would be worth {{ perfect }}.
"""


def tasks(of: Plan | Analysis) -> tuple[Task[PlannedTrial | str], ...]:
    """The trial of each endpoint that is declared for it; where none is, of the first ones of the first page."""
    if not of.modelled:
        return ()
    asked = of.evidence.settings.next_trial
    chosen = [e for e in asked.endpoints if e in of.modelled] or of.first_page[:_MOST]
    return tuple(
        Task("trial", trial_or_reason, (relevant(of.evidence, e), e, asked.patients), {"endpoint": e}) for e in chosen
    )


def _found(analysis: Analysis) -> dict[str, PlannedTrial | str | None]:
    return {task.about["endpoint"]: analysis.result(task) for task in tasks(analysis)}


def planned(analysis: Analysis) -> dict[str, PlannedTrial]:
    """Trials that were worked out, by endpoint."""
    return {endpoint: one for endpoint, one in _found(analysis).items() if isinstance(one, PlannedTrial)}


def _named(analysis: Analysis) -> dict[str, PlannedTrial]:
    return {analysis.evidence.endpoint_label(endpoint): one for endpoint, one in planned(analysis).items()}


def _text(made: Artefacts, analysis: Analysis) -> Blocks:
    trials = planned(analysis)
    why = [
        render("{{ label }}: no trial is planned: {{ why }}.", label=analysis.evidence.endpoint_label(e), why=one)
        for e, one in _found(analysis).items()
        if isinstance(one, str)
    ]
    if not trials:
        return why or None
    return [
        *why,
        _lead(analysis, trials),
        expected_table(analysis.evidence, trials),
        power_table(analysis.evidence, trials),
        boundary_table(analysis.evidence, trials),
        made.figure(_FIGURE),
    ]


def _lead(analysis: Analysis, trials: dict[str, PlannedTrial]) -> Markdown:
    evidence, label = analysis.evidence, analysis.evidence.endpoint_label
    some = next(iter(trials.values())).trials
    limits = [
        f"{label(e)} {percent(one.trials.today['lower'])} fewer, {percent(one.trials.today['higher'])} more"
        for e, one in trials.items()
    ]
    perfect = [f"{_worth(one.trials.evpi)} ({label(e)})" for e, one in trials.items() if one.trials.evpi is not None]
    return render(
        _LEAD,
        reason=evidence.settings.next_trial.reason,
        sizes=listed([str(n) for n in evidence.settings.next_trial.patients]),
        treated=evidence.settings.treated_label,
        threshold=percent(some.spec["threshold"][0]),
        limits="; ".join(limits),
        perfect=", ".join(perfect) or "something only where a side is declared good",
    )


def _worth(value: float | None) -> str:
    return "not defined" if value is None else decimal(100 * value)


def _patients(one: Operating) -> str:
    return str(one.n_control + one.n_treated)


def expected_table(evidence: Evidence, trials: dict[str, PlannedTrial]) -> Table:
    """What each trial is expected to conclude, and what that is worth."""
    rows = [
        [
            evidence.endpoint_label(endpoint),
            _patients(one),
            *(percent(one.conclusions["design prior"][name]) for name in ("lower", "higher", "grey_zone")),
            percent(one.type_1_error, 1),
            decimal(100 * (one.expected_width or 0.0), 1),
            _worth(one.evsi),
        ]
        for endpoint, of in trials.items()
        for one in of.trials.designs
    ]
    return Table(
        columns(
            "Endpoint 1.4 | Patients >0.8 | Concludes fewer >0.9 | Concludes more >0.9 | Neither >0.7 | "
            "Concludes either where nothing differs >1.2 | Width of the interval, points >1 | "
            "Worth, events avoided per 100 >1"
        ),
        rows,
        "What the next trial is expected to settle: chance of each conclusion with what is known today, of a wrong one "
        "where the risks do not differ, the expected width of the 95 % interval of the risk difference, and what the "
        "trial is worth.",
        "tbl-next-trial",
    )


def power_table(evidence: Evidence, trials: dict[str, PlannedTrial]) -> Table:
    """Chance of the right conclusion at each stated difference."""
    sizes = [_patients(one) for one in next(iter(trials.values())).trials.designs]
    rows: list[Sequence[str]] = []
    for endpoint, of in trials.items():
        for truth, risks in of.trials.spec["truths"].items():
            control, treated = risks["control_risk"], risks["treated_risk"]
            side, word = ("lower", "fewer") if treated < control else ("higher", "more")
            rows.append(
                [
                    evidence.endpoint_label(endpoint),
                    f"{100 * treated:.3g} instead of {100 * control:.3g} in 100",
                    word,
                    *(percent(one.conclusions[truth][side]) for one in of.trials.designs),
                ]
            )
    return Table(
        [
            *columns("Endpoint 1.4 | Events in truth 1.6 | Concludes 0.8"),
            *(Column(f"{n} patients", 0.8, "right") for n in sizes),
        ],
        rows,
        "Power: chance of the right conclusion where the truth is as stated, each margin of the endpoint either way.",
        "tbl-next-trial-power",
    )


def boundary_table(evidence: Evidence, trials: dict[str, PlannedTrial]) -> Table:
    """With how many treated events each trial concludes what, at the control count that is expected."""
    rows = []
    for endpoint, of in trials.items():
        for one in of.trials.designs:
            count = round(of.trials.spec["baseline"] * one.n_control)
            low, high = one.boundary[count]
            rows.append(
                [
                    evidence.endpoint_label(endpoint),
                    _patients(one),
                    f"{count} of {one.n_control}",
                    f"at most {low}" if low >= 0 else "never",
                    f"at least {high}" if high <= one.n_treated else "never",
                ]
            )
    return Table(
        columns(
            "Endpoint 1.4 | Patients >0.8 | Control events, as expected 1.2 | Fewer: treated events 1.2 | "
            "More: treated events 1.2"
        ),
        rows,
        "Where the conclusions begin: treated events with which the trial concludes fewer or more, beside as many "
        "control events as are expected. results.json has them beside every other count.",
        "tbl-next-trial-boundary",
    )


NEXT_TRIAL: Section[Analysis] = Section(
    anchor="next-trial",
    place="folded",
    title="The next trial",
    text=_text,
    results=lambda a: {"next_trial": {e: one.as_dict() for e, one in each.items()}} if (each := planned(a)) else {},
    needs=tasks,
    figures=(
        Figure(
            _FIGURE,
            lambda analysis: plot_next_trial(_named(analysis)),
            lambda _: "What the next trial would conclude, by how many patients it has.",
            lambda analysis: describe_next_trial(_named(analysis)),
            drawn=lambda analysis: bool(planned(analysis)),
            found=True,
        ),
    ),
)
