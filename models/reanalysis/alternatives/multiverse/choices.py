"""The choices of a multiverse: those that are declared, with the levels that it crosses."""

from __future__ import annotations

from dataclasses import replace

from reanalysis.alternatives.choice import Choice
from reanalysis.alternatives.choices import declared_choices
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.spec import ModelSpec


def choices(
    evidence: Evidence, spec: ModelSpec, endpoint: str, fine: bool, most: int
) -> tuple[list[Choice], Choice, list[Choice], list[str]]:
    """Choices with the levels that a multiverse crosses.

    Parameters
    ----------
    fine : bool
        Whether grids have all their levels.
    most : int
        Combinations of choices about the evidence; a choice that would make more is held.

    Returns
    -------
    evidence, model, analysis : list of Choice, Choice, list of Choice
        What enters, the model, and pooling with the priors.
    held : list of str
        Names of choices held at their primary level.
    """
    every = []
    for choice in declared_choices(evidence, spec, endpoint):
        levels = [one for one in choice.levels[1:] if one.crossed == "always" or (fine and one.crossed == "fine")]
        if levels or choice.about == "model":
            every.append(replace(choice, levels=(choice.levels[0], *levels)))
    kept: list[Choice] = []
    held: list[str] = []
    combinations = 1
    for choice in (one for one in every if one.about == "evidence"):
        if combinations * len(choice.levels) > most:
            held.append(choice.name)
            continue
        combinations *= len(choice.levels)
        kept.append(choice)
    (model,) = (one for one in every if one.about == "model")
    return kept, model, [one for one in every if one.about == "analysis"], held
