"""Every alternative specification beside the primary one, group by group."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from reanalysis.analysis.endpoint import EndpointAnalysis, as_endpoint
from reanalysis.estimands.words import counted, ratio
from reanalysis.figures.alternatives import draw_outcomes, nothing_row, outcome_layout, outcome_row
from reanalysis.figures.rows import Layout, Row, pages
from reanalysis.figures.style import PAGE, SMALL, SOFT, house_style
from reanalysis.figures.words import Words
from reanalysis.gates.checked_fit import CheckedFit

_AROUND = 110.0
"""Points above and below the rows: title, headings, axis."""


def plot_sensitivity(
    endpoint: EndpointAnalysis | CheckedFit,
    ax: Axes | None = None,
    *,
    groups: Sequence[str] | None = None,
    narrow: bool = False,
) -> Axes:
    """Odds ratio of the headline effect under every alternative choice, by group; the primary as a diamond.

    Parameters
    ----------
    groups : sequence of str, optional
        Only these groups, so that many can be spread over pages (:func:`sensitivity_pages`); the axis stays.
    narrow : bool
        For a phone: words above their marks. Ignored where axes are given.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> fitted = ra.fit(evidence, "icans_any")
    >>> axes = ra.plot_sensitivity(fitted)
    """
    endpoint = as_endpoint(endpoint, sensitivity=True)
    with house_style():
        chosen = [g for g in endpoint.sensitivity if groups is None or g in groups]
        rows = [row for group in chosen for row in _group_rows(endpoint, group)] or [nothing_row()]
        every = [outcome for outcomes in endpoint.sensitivity.values() for outcome in outcomes]
        # one row for the heading of each group, then one an outcome
        drawn = [outcome for group in chosen for outcome in (None, *endpoint.sensitivity[group])]
        return draw_outcomes(endpoint, _layout(endpoint, rows, ax, narrow), drawn, every)


def sensitivity_pages(endpoint: EndpointAnalysis | CheckedFit, inches: float = PAGE) -> tuple[tuple[str, ...], ...]:
    """Groups page by page: what to pass as ``groups`` so that no figure is higher than a page.

    A group is never split; one that is higher than a page by itself stays so.
    """
    endpoint = as_endpoint(endpoint, sensitivity=True)
    with house_style():
        rows = {group: _group_rows(endpoint, group) for group in endpoint.sensitivity}
        heights = {group: sum(_layout(endpoint, rows[group], None).heights) for group in rows}
        return pages(heights, inches * 72 - _AROUND) or ((),)


def _layout(endpoint: EndpointAnalysis, rows: list[Row], ax: Axes | None, narrow: bool = False) -> Layout:
    return outcome_layout(endpoint, "other choices", rows, ax, 168.0, narrow)


def _group_rows(endpoint: EndpointAnalysis, group: str) -> list[Row]:
    heading = Words(group[:1].upper() + group[1:], SMALL, colour=SOFT)
    outcomes = endpoint.sensitivity[group]
    return [Row(((heading,),), least=13.0, above=6.0), *(outcome_row(o, 12.5) for o in outcomes)]


def describe_sensitivity(endpoint: EndpointAnalysis | CheckedFit, groups: Sequence[str] | None = None) -> str:
    """Alternative text of :func:`plot_sensitivity`, of these groups alone where they are given."""
    endpoint = as_endpoint(endpoint, sensitivity=True)
    chosen = {g: found for g, found in endpoint.sensitivity.items() if groups is None or g in groups}
    outcomes = [o for group in chosen.values() for o in group]
    found = {o.label: o.odds_ratio.median for o in outcomes if o.odds_ratio and not o.primary}
    primary = next((o.odds_ratio.median for o in outcomes if o.odds_ratio and o.primary), None)
    which = f": {', '.join(chosen)}" if groups is not None and len(chosen) < len(endpoint.sensitivity) else ""
    text = f"{endpoint.label} under {counted(len(chosen), 'group')} of other choices{which}"
    if not found:
        return f"{text}: none of them defines an effect."
    low, high = min(found, key=found.__getitem__), max(found, key=found.__getitem__)
    analysed = "" if primary is None else f", {ratio(primary)} in the primary analysis,"
    reach = f"{ratio(found[low])} ({low}) to {ratio(found[high])} ({high})"
    return f"{text}: the median odds ratio{analysed} runs from {reach}."
