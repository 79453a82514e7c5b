"""What is the answer, endpoint by endpoint, on one page?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import counted, interval, percent, points_interval
from reanalysis.reporting.markdown import Column, Markdown, table
from reanalysis.reporting.sentences import left_out, turns

_NAMED = 3
"""Up to so many cohorts are named in a cell, more are counted."""


def answer_table(
    analysis: Analysis, endpoints: Sequence[EndpointAnalysis], strips: Mapping[str, Markdown], label: str
) -> Markdown:
    """One row an endpoint: evidence, effect, probabilities, risk, and what leaving out one study does.

    Parameters
    ----------
    strips : mapping of str to Markdown
        The drawn intervals by :func:`strip_name`; without them the column is left out.
    """
    declared = any(e.better for e in endpoints)
    drawn = strip_name("") in strips
    rows = []
    for e in endpoints:
        at = e.baselines[0]
        row: list[object] = [e.label, _evidence(e), interval(e.odds_ratio)]
        row += [strips[strip_name(e.id)]] if drawn else []
        row += _chances(e, declared)
        row += [f"{points_interval(at.risk_difference)} at {at.baseline.percent:g} % ({at.baseline.label})"]
        row += [leave_out_range(e)]
        rows.append(row)
    side = "benefit" if declared else "fewer events"
    chances = [("P(benefit)", 0.95), ("P(harm)", 0.8)] if declared else [("P(fewer)", 0.9)]
    scale = [Column(strips[strip_name("")], 1.95)] if drawn else []
    return table(
        [
            Column("Endpoint", 1.5),
            Column("Compared in", 1.35),
            Column("Odds ratio (95 % interval)", 1.65),
            *scale,
            *[Column(name, width, "right") for name, width in chances],
            Column("Difference per 100 (95 % interval)", 2.45),
            Column(f"P({side}) without one cohort", 1.65),
        ],
        rows,
        f"The answer{'' if label == 'tbl-answer' else ', other endpoints'}. {_whose(endpoints)} Differences in 100 "
        "patients at the control risk named; negative means fewer events with "
        f"{analysis.evidence.settings.treated_label}.",
        label,
    )


def strip_name(endpoint: str) -> str:
    """Name of an endpoint's drawn interval among the figures; of their scale for ``""``."""
    return f"strip {endpoint}"


def _whose(endpoints: Sequence[EndpointAnalysis]) -> str:
    kinds = {e.headline.kind for e in endpoints}
    if kinds == {"average"}:
        return "Each effect is the average over cohorts."
    if kinds == {"single study"}:
        return "Each effect is that of the one cohort compared."
    return "With two or more cohorts compared the average effect, with one that cohort's own."


def _evidence(endpoint: EndpointAnalysis) -> str:
    studies = endpoint.headline.comparative
    if len(studies) > _NAMED:
        return counted(len(studies), "cohort")
    evidence = endpoint.fit.evidence
    ordered = sorted(studies, key=evidence.studies.index)
    return f"{len(studies)}: " + ", ".join(evidence.study_label(s) for s in ordered)


def _chances(endpoint: EndpointAnalysis, declared: bool) -> list[object]:
    sides = endpoint.direction
    if not declared:
        return [percent(sides.below)]
    if sides.benefit is None or sides.harm is None:
        return [f"fewer: {percent(sides.below)}", f"more: {percent(1 - sides.below)}"]
    return [percent(sides.benefit), percent(sides.harm)]


def leave_out_range(endpoint: EndpointAnalysis) -> str:
    """Range of the probability of benefit over the leave-one-out fits, and whether the direction turns."""
    known = [p for o in left_out(endpoint) if (p := o.benefit if o.benefit is not None else o.below) is not None]
    if not known:
        return "not defined"
    low, high = percent(min(known)), percent(max(known))
    text = low if low == high else f"{low} to {high}"
    return f"{text}; turns round" if turns(endpoint) else text
