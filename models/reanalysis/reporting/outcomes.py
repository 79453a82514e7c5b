"""The outcomes of the first page as rows of text: in patients, odds ratio, chances, and sentences beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis, StudyEffect, WithWords
from reanalysis.estimands.risks import RisksAt
from reanalysis.estimands.words import counted, interval, percent, ratio, risk_decimals
from reanalysis.evidence.candidates.observation import Observation
from reanalysis.reporting.movers import Mover, believed, no_effect_shift, range_told, strongest
from reanalysis.reporting.sentences import difference_interval, name, patients, patients_told, treated_interval
from reanalysis.reporting.verdict import harms_first
from reanalysis.reporting.wording import kind_of_study, listed

_MOST_NAMED = 3
"""Published rates of up to so many studies are named beside an outcome, of more the range of their odds ratios."""
_RARE = 0.1
"""Rates below this have a decimal."""
_LITTLE = 0.01
"""A chance that other choices move by less is said to stay."""


@dataclass(frozen=True)
class OutcomeRow:
    """One outcome of the first page."""

    endpoint: EndpointAnalysis  # what it is of
    evidence: str  # studies with figures for both groups, and patients treated
    without: str  # of so many patients, as the next two
    treated: str
    difference: str
    odds_ratio: str  # with its interval
    chances: str  # of either side
    notes: tuple[str, ...]
    """Sentences that stand under the row: what was published, the result before any discount, what moves it most."""
    words: WithWords | None = None  # where the row is that of the same outcome with what the other studies say in words

    @property
    def label(self) -> str:
        """What the row is called."""
        if self.words is None:
            return self.endpoint.label
        return f"with what the other {_plural(self.endpoint, self.words)} say in words"


def outcome_rows(analysis: Analysis) -> list[OutcomeRow]:
    """A row an endpoint of the first page, harms before benefits.

    Beneath it one with what the other studies say in words, where that turns one study into several.
    """
    rows, of = [], patients_told(analysis.headlines)
    for endpoint in harms_first(analysis.headlines):
        rows.append(_row(endpoint, of))
        if (words := endpoint.with_words) is not None:
            rows.append(_row_with_words(rows[-1], words, of))
    return rows


def _row(endpoint: EndpointAnalysis, of: int) -> OutcomeRow:
    at = endpoint.baselines[0]
    return OutcomeRow(
        endpoint,
        _evidence(endpoint),
        patients(at, at.baseline.percent / 100, of),
        *_risks(at, of),
        interval(endpoint.odds_ratio),
        chances(endpoint.direction.below, endpoint.direction.benefit),
        tuple(text for text in (published(endpoint), undiscounted(endpoint), _moved(endpoint)) if text),
    )


def _row_with_words(row: OutcomeRow, words: WithWords, of: int) -> OutcomeRow:
    found = words.outcome
    assert found.odds_ratio is not None
    assert found.direction is not None
    noun = _plural(row.endpoint, words)
    treated, difference = _risks(words.baselines[0], of)
    return replace(
        row,
        evidence=counted(len(found.studies), noun, noun),
        treated=treated,
        difference=difference,
        odds_ratio=interval(found.odds_ratio),
        chances=chances(found.direction.below, found.direction.benefit),
        notes=(),
        words=words,
    )


def _plural(endpoint: EndpointAnalysis, words: WithWords) -> str:
    return kind_of_study(endpoint.fit.evidence, words.told)[1]


def _risks(at: RisksAt, of: int) -> tuple[str, str]:
    """Those with the event of so many treated, and how many more or fewer that is."""
    middle, low, high = treated_interval(at, of)
    more, range_ = difference_interval(at, of)
    return f"{middle} ({low} to {high})", f"{more} ({range_})"


def _evidence(endpoint: EndpointAnalysis) -> str:
    evidence, comparative = endpoint.fit.evidence, endpoint.headline.comparative
    arms = [endpoint.fit.selection.observations[study, "treated"].candidates.n for study in comparative]
    low, high = (round(sum(end(sizes) for sizes in arms)) for end in (min, max))
    patients = f"{low}" if low == high else f"{low} to {high}"
    return f"{counted(len(comparative), *kind_of_study(evidence, comparative))}, {patients} treated"


def chances(below: float, benefit: float | None) -> str:
    """``helps 41 %, harms 59 %``; ``fewer`` and ``more`` where no side is declared good."""
    return ", ".join(_sides(below, benefit))


def _sides(below: float, benefit: float | None) -> tuple[str, str]:
    if benefit is None:
        return f"fewer {percent(below)}", f"more {percent(1 - below)}"
    return f"helps {percent(benefit)}", f"harms {percent(1 - benefit)}"


def published(endpoint: EndpointAnalysis) -> str:
    """Rates and crude odds ratios as the studies published them, and the ratios that their authors adjusted."""
    evidence = endpoint.fit.evidence
    studies = [s for s in sorted(endpoint.studies, key=lambda s: evidence.studies.index(s.study)) if s.raw]
    ratios = [s.raw.odds_ratio for s in studies if s.raw]
    if len(studies) > _MOST_NAMED:
        return f"Published odds ratios: {ratio(min(ratios))} to {ratio(max(ratios))}."
    told = [_crude(endpoint, study, alone=len(studies) == 1) for study in studies]
    return f"Published: {'; '.join(told)}."


def _crude(endpoint: EndpointAnalysis, study: StudyEffect, alone: bool) -> str:
    assert study.raw is not None
    observed, evidence = endpoint.fit.selection.observations, endpoint.fit.evidence
    without, treated = (_rate(observed[study.study, arm]) for arm in ("control", "treated"))
    raw = study.raw
    odds = f"{ratio(raw.odds_ratio)}, {ratio(raw.lower)} to {ratio(raw.upper)}" if alone else ratio(raw.odds_ratio)
    rows = evidence.contrasts_of_cell.get((study.study, endpoint.id), ())
    adjusted = [row.printed for row in rows if row.use == "sensitivity" and row.has_interval]
    more = f"; adjusted {listed(adjusted)}" if adjusted else ""
    return f"{study.label}, {without} and {treated} ({odds}{more})"


def _rate(observation: Observation) -> str:
    printed = [str(row.percent) for row in observation.rows if row.percent is not None]
    rate = observation.candidates.proportion()
    return printed[0] if printed else percent(rate, max(1, risk_decimals(rate)) if 0 < rate < _RARE else 0)


def before_discounts(endpoint: EndpointAnalysis) -> Outcome | None:
    """The headline with every patient counted in full; None where nothing is discounted."""
    found = [o for o in endpoint.sensitivity.get("discounts", ()) if not o.primary and o.spec.rho == 0]
    full = max(found, key=lambda one: one.spec.k == 1, default=None)
    discounted = any(s.rho for s in endpoint.fit.posterior.data.studies) or (full is not None and full.spec.k == 1)
    return full if discounted else None


def undiscounted(endpoint: EndpointAnalysis) -> str:
    """What the headline is before any discount for design or weighting."""
    full = before_discounts(endpoint)
    if full is None or full.odds_ratio is None or full.direction is None:
        return ""
    good, bad = _sides(full.direction.below, full.benefit)
    return f"Undiscounted: {interval(full.odds_ratio)}, {good if (full.chance or 0.0) >= 0.5 else bad}."


def _moved(endpoint: EndpointAnalysis) -> str:
    mover = strongest(endpoint)
    if mover is not None and mover.group == "discounts" and before_discounts(endpoint) is not None:
        return "This moves it most."
    if mover is not None and mover.shift < _LITTLE:
        return "Other choices move it by less than a percentage point."
    return f"Moves it most: {mover.said}, {range_told(endpoint, mover)}." if mover else ""


def beliefs(endpoints: Sequence[EndpointAnalysis]) -> str:
    """That beliefs held beforehand move some chances further than anything else does; empty where they do not."""
    further: list[tuple[EndpointAnalysis, Mover | None]] = []
    kinds: set[tuple[bool, bool]] = set()
    for endpoint in endpoints:
        mover, belief = strongest(endpoint), believed(endpoint)
        most = 0.0 if mover is None else mover.shift
        sides = belief if belief is not None and belief.shift > most else None
        none = no_effect_shift(endpoint) > most
        if sides or none:
            further.append((endpoint, sides))
            kinds.add((sides is not None, none))
    if not further:
        return ""
    told = [(endpoint, belief) for endpoint, belief in further if belief is not None]
    which = "each chance" if len(further) == len(endpoints) else listed([name(e) for e, _ in further])
    what = ["benefit", "harm"] * any(side for side, _ in kinds) + ["no effect"] * any(no for _, no in kinds)
    said = f"Only expecting {' or '.join([', '.join(what[:-1]), what[-1]] if what[1:] else what)} beforehand moves "
    if len(endpoints) == 1:
        which = "this chance"
    if not told:
        return f"{said}{which} further."
    widest, belief = max(told, key=lambda one: one[1].shift)
    of = "" if len(endpoints) == 1 else f"{name(widest)}: "
    return f"{said}{which} further ({of}{range_told(widest, belief)})."
