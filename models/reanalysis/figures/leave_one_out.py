"""The headline effect with every study left out in turn."""

from __future__ import annotations

from matplotlib.axes import Axes

from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.endpoint import EndpointAnalysis, as_endpoint
from reanalysis.estimands.words import counted, percent
from reanalysis.figures.alternatives import draw_outcomes, nothing_row, outcome_layout, outcome_row
from reanalysis.figures.style import SOFT, StudyMark, house_style, study_mark
from reanalysis.gates.checked_fit import CheckedFit

GROUP = "leave one out"


def plot_leave_one_out(
    endpoint: EndpointAnalysis | CheckedFit, ax: Axes | None = None, *, narrow: bool = False
) -> Axes:
    """Odds ratio of the headline effect with all studies, then without each in the colour of that study.

    Without a leave-one-out group the axes stay empty but for a sentence.

    Parameters
    ----------
    narrow : bool
        For a phone: words above their marks. Ignored where axes are given.
    """
    endpoint = as_endpoint(endpoint, sensitivity=True)
    with house_style():
        outcomes = in_order(endpoint)
        rows = [outcome_row(o, 15.0) for o in outcomes] or [nothing_row()]
        layout = outcome_layout(endpoint, "leaving one study out", rows, ax, 160.0, narrow)

        def mark(outcome: Outcome) -> StudyMark:
            without = _without(endpoint, outcome)
            return StudyMark(SOFT, "o") if without is None else study_mark(endpoint.every_study, without)

        return draw_outcomes(endpoint, layout, outcomes, outcomes, mark)


def describe_leave_one_out(endpoint: EndpointAnalysis | CheckedFit) -> str:
    """Alternative text of :func:`plot_leave_one_out`."""
    endpoint = as_endpoint(endpoint, sensitivity=True)
    outcomes = [o for o in endpoint.sensitivity.get(GROUP, []) if not o.primary]
    what = "benefit" if endpoint.better is not None else "fewer events"
    chances = sorted((o.chance, o.label) for o in outcomes if o.chance is not None)
    if not chances:
        return f"{endpoint.label} without its only cohort: no comparison is left."
    text = f"{endpoint.label} with each of {counted(len(outcomes), 'cohort')} left out in turn: "
    full = next((o.chance for o in endpoint.sensitivity[GROUP] if o.primary and o.chance is not None), None)
    everyone = "" if full is None else f", {percent(full)} with all of them,"
    (low, lowest), (high, highest) = chances[0], chances[-1]
    if percent(low) == percent(high):
        return text + f"the probability of {what}{everyone} stays at {percent(low)}."
    return text + (
        f"the probability of {what}{everyone} runs from {percent(low)} ({lowest}) to {percent(high)} ({highest})."
    )


def in_order(endpoint: EndpointAnalysis) -> list[Outcome]:
    """All studies first, then each left out in the order of the evidence."""
    order = endpoint.fit.evidence.studies

    def place(outcome: Outcome) -> int:
        without = _without(endpoint, outcome)
        return -1 if without is None else order.index(without)

    return sorted(endpoint.sensitivity.get(GROUP, []), key=place)


def _without(endpoint: EndpointAnalysis, outcome: Outcome) -> str | None:
    """The one study that an outcome does without, None where it is not one."""
    without = set(outcome.spec.leave_out) - set(endpoint.fit.spec.leave_out)
    return without.pop() if len(without) == 1 else None
