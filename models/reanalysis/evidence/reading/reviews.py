"""A comparison of RevMan as evidence: its counts as arms, its own ratios as contrasts that the audit checks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from reanalysis.evidence.problems import BadChoice, InvalidInput, TableName, listed
from reanalysis.evidence.reading.revman import RevMan, RevManAnalysis, RevManRow
from reanalysis.evidence.reading.text_table import Records

_MEASURES = {"odds ratio": "OR", "risk ratio": "RR"}

_WIDE = ["study", "endpoint", "experimental cases", "experimental n", "control cases", "control n"]
_CONTRAST = ["study", "endpoint", "measure", "estimate", "lower", "upper", "level", "adjustment", "use", "reason"]


class Review:
    """The dichotomous outcomes of one comparison of a review.

    Parameters
    ----------
    revman : RevMan
        What was read.
    comparison : str
        Number of the comparison; needed where several have dichotomous outcomes.

    Raises
    ------
    InvalidInput
        If there is no such comparison, or it is not clear which is meant.
    """

    def __init__(self, revman: RevMan, comparison: str = "") -> None:
        usable = [one for one in revman.analyses if one.dichotomous and any(map(_counted, one.rows))]
        self._file, self._revman = revman.file, revman
        names = {one.comparison: one.comparison_name for one in usable}
        shown = "; ".join(f"{number} {name}".strip() for number, name in names.items())
        if not usable:
            raise InvalidInput([f"{revman.file}: has no analysis of events in both arms"])
        if comparison and comparison not in names:
            raise InvalidInput([BadChoice("comparison", f" {comparison!r}: {revman.file} has {shown}")])
        if not comparison and len(names) > 1:
            raise InvalidInput([BadChoice("comparison", f": {revman.file} has several, say which: {shown}")])
        chosen = comparison or next(iter(names))
        self.analyses = [one for one in usable if one.comparison == chosen]
        self._ids = _ids(self.analyses)

    def arms(self) -> Records:
        """Counts as a wide table; both arms stand where RevMan has them."""
        rows = list(self._rows())
        cells = [
            [study, endpoint, row.events_treated, row.n_treated, row.events_control, row.n_control]
            for _, row, study, endpoint in rows
        ]
        return self._records(_WIDE, cells, [row.spot for _, row, _, _ in rows])

    def contrasts(self) -> Records | None:
        """RevMan's own ratios and intervals of the same counts, None where it has none."""
        cells, spots = [], []
        for analysis, row, study, endpoint in self._rows():
            figures = [_figure(text) for text in (row.estimate, row.lower, row.upper)]
            if analysis.measure in _MEASURES and not analysis.swapped and all(figures):
                reason = f"RevMan's own, of the same counts (analysis {analysis.comparison}.{analysis.number})."
                how = [_MEASURES[analysis.measure], *figures, analysis.level or "95", "none", "context", reason]
                cells.append([study, endpoint, *how])
                spots.append(row.spot)
        return self._records(_CONTRAST, cells, spots) if cells else None

    def settings(self) -> dict[str, Any]:
        """Labels of outcomes and arms, as analysis.toml has them."""
        found: dict[str, Any] = {}
        labels = {self._ids[one.number]: one.name for one in self.analyses}
        named = {i: {"label": name} for i, name in labels.items() if name and name != i.replace("_", " ")}
        if named:
            found["endpoints"] = named
        for key in ("treated_label", "control_label"):
            if len(words := {getattr(one, key) for one in self.analyses} - {""}) == 1:
                found |= {key: words.pop()}
        return found

    def assumed(self) -> tuple[str, ...]:
        """What was decided in reading, and what was left out."""
        return tuple(self._assumed())

    def _assumed(self) -> Iterator[str]:
        first = self.analyses[0]
        yield f"comparison {first.comparison} {first.comparison_name}".strip() + ": experimental is the treated arm"
        for one in self.analyses:
            number = f"analysis {one.comparison}.{one.number}"
            yield f"{number} {one.name!r} is the endpoint {self._ids[one.number]}"
            parts = [study for study, times in _times(one).items() if times > 1]
            if parts:
                yield f"{number}: {listed(parts)} stands in several subgroups, each read as a study of its own"
            silent = [row.study for row in one.rows if not _counted(row)]
            if silent:
                yield f"{number}: {listed(silent)} has no patients in an arm and is left out"
            if one.measure not in _MEASURES or one.swapped:
                why = "those without the event" if one.swapped else one.measure or "a measure that is not said"
                yield f"{number}: its own ratios are of {why} and are not held against the counts"
        others = [one for one in self._revman.analyses if one not in self.analyses]
        if others:
            names = listed(f"{one.comparison}.{one.number} {one.name}".strip() for one in others)
            yield f"left out, of another comparison or without events: {names}"
        yield "years, footnotes and judgements of bias are left out (RevMan's domains are not ROBINS-I's)"

    def _rows(self) -> Iterator[tuple[RevManAnalysis, RevManRow, str, str]]:
        """Rows with the ids of their study and endpoint."""
        for one in self.analyses:
            times = _times(one)
            for row in filter(_counted, one.rows):
                study = f"{row.study}, {row.subgroup}" if times[row.study] > 1 and row.subgroup else row.study
                yield one, row, study, self._ids[one.number]

    def _records(self, header: list[str], cells: list[list[str]], spots: list[str]) -> Records:
        file = TableName(self._file, spots)
        return Records(file, ((1, header), *enumerate(cells, 2)))


def _counted(row: RevManRow) -> bool:
    """Whether both arms have patients."""
    return all(n.strip("0 ") for n in (row.n_treated, row.n_control))


def _times(analysis: RevManAnalysis) -> Counter[str]:
    return Counter(row.study for row in analysis.rows)


def _figure(text: str) -> str:
    """A ratio as RevMan Web would export it, empty where it is none."""
    try:
        value = round(Decimal(text), 6).normalize()
    except InvalidOperation:
        return ""
    return f"{value:f}" if value > 0 else ""


def _ids(analyses: list[RevManAnalysis]) -> dict[str, str]:
    """Endpoint ids by the number of their analysis: the outcome's name in small letters, with its number if shared."""
    slugs = {one.number: re.sub(r"\W+", "_", one.name.lower()).strip("_")[:60] or "outcome" for one in analyses}
    times = Counter(slugs.values())
    return {number: slug if times[slug] == 1 else f"{slug}_{number}" for number, slug in slugs.items()}
