"""The headline with one choice changed at a time, everything else as in the primary analysis."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from reanalysis.alternatives.choice import GROUPS, Choice, Level
from reanalysis.alternatives.choices import declared_choices
from reanalysis.alternatives.outcome import Outcome, headlines
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.spec import ModelSpec


def sensitivity_set(
    evidence: Evidence, spec: ModelSpec, endpoint: str, groups: Collection[str] | None = None
) -> dict[str, list[Outcome]]:
    """Outcomes by group, leave-one-out first; groups that do not apply are absent.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    spec : ModelSpec
        The primary specification.
    endpoint : str
        Endpoint id.
    groups : collection of str, optional
        Only these.

    Raises
    ------
    InvalidInput
        If the specification has no data, or no effect.
    """
    shown: dict[str, list[Choice]] = {}
    for choice in declared_choices(evidence, spec, endpoint):
        if choice.alone and (groups is None or choice.group in groups):
            shown.setdefault(choice.group, []).append(choice)
    pairs = [(choice, level) for group in sorted(shown, key=_place) for choice, level in _rows(shown[group])]
    found: dict[str, list[Outcome]] = {}
    for outcomes in varied(evidence, spec, endpoint, pairs):
        found.setdefault(outcomes[0].group, []).extend(outcomes)
    return found


def _place(group: str) -> int:
    return GROUPS.index(group) if group in GROUPS else len(GROUPS)


def _rows(choices: Sequence[Choice]) -> list[tuple[Choice, Level]]:
    """Rows of a group: the primary level of all its choices once, and every other level."""
    rows = [(choices[0], choices[0].levels[0]), *((one, level) for one in choices for level in one.levels[1:])]
    return sorted(rows, key=lambda row: row[1].place)


def varied(
    evidence: Evidence, spec: ModelSpec, endpoint: str, pairs: Sequence[tuple[Choice, Level]]
) -> list[list[Outcome]]:
    """Outcomes of the primary analysis with each choice set to the level beside it; several where effects are."""
    settings = [level.apply(evidence, spec) for _, level in pairs if level.outcomes is None]
    fitted = iter(headlines(settings, endpoint))
    every = [next(fitted) if level.outcomes is None else level.outcomes(evidence, spec, endpoint) for _, level in pairs]
    return [
        [
            replace(
                one,
                group=choice.group,
                label=_label(evidence, level, one, len(found)),
                primary=level is choice.levels[0],
            )
            for one in found
        ]
        for (choice, level), found in zip(pairs, every, strict=True)
    ]


def _label(evidence: Evidence, level: Level, outcome: Outcome, outcomes: int) -> str:
    if outcome.study is None or (outcome.spec.pooling != "none" and outcomes == 1):
        return level.label
    return f"{level.label}: {evidence.study_label(outcome.study)}"
