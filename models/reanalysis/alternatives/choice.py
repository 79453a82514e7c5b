"""The records of a choice: its levels, the primary level first, and the register of those that are declared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from reanalysis.alternatives.outcome import Outcome, Setting
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.model.selection import Selection, select
from reanalysis.model.spec import ModelSpec

Group = Literal[
    "leave one out", "discounts", "effective size", "pooling", "readings", "denominators", "route", "mu prior",
    "tau prior", "informed priors", "baselines", "averaging", "words", "rho scale", "model", "excluded row",
]  # fmt: skip
GROUPS: tuple[str, ...] = get_args(Group)
"""In the order of the one-at-a-time table."""

Crossed = Literal["always", "fine", "never"]

_PRIORS = ("mu", "tau", "baseline")
_OF_ARMS = ("readings", "denominators")


@dataclass(frozen=True)
class Level:
    """One value of a choice."""

    label: str
    """For readers of a table of this choice."""
    sets: dict[str, Any] = field(default_factory=dict)
    """Fields of the specification that it sets: ``mu``, ``tau`` and ``baseline`` among its priors, one more of its
    ``readings`` or ``denominators`` beside those of other arms. A primary level sets nothing."""
    evidence: Callable[[Evidence], Evidence] | None = None
    """Changes the evidence."""
    short: str = ""
    """The label beside levels of other choices, where it is another."""
    crossed: Crossed = "always"
    """Whether the multiverse has the level: always, where its grids are refined, or never."""
    place: float = 0.0
    """Where it stands in a table of this choice; levels of the same place in the order of their declaration."""
    outcomes: Callable[[Evidence, ModelSpec, str], list[Outcome]] | None = None
    """Gives the outcomes of an endpoint itself, where neither evidence nor specification can say what is changed; such
    a level is never crossed."""

    def apply(self, evidence: Evidence, spec: ModelSpec) -> Setting:
        """The evidence and the specification with this level."""
        new = {name: value for name, value in self.sets.items() if name not in _PRIORS}
        new |= {name: (*getattr(spec, name), value) for name, value in new.items() if name in _OF_ARMS}
        priors = replace(spec.priors, **{name: self.sets[name] for name in _PRIORS if name in self.sets})
        return self.evidence(evidence) if self.evidence else evidence, replace(spec, **{"priors": priors} | new)


@dataclass(frozen=True)
class Choice:
    """A choice and its levels, that of the primary analysis first."""

    name: str
    """Column of the multiverse: ``mu prior``, ``rho scale`` ..."""
    group: Group
    """Table that it stands in: choices of several arms share one."""
    levels: tuple[Level, ...]
    """The primary level and at least one other."""
    about: Literal["evidence", "model", "analysis"] = "evidence"
    """Whether it decides what is selected from the evidence, which model, or only how that is analysed."""
    alone: bool = True
    """Whether it is varied by itself in the one-at-a-time table."""
    raised_by: tuple[str, ...] = ()
    """Kinds of finding of the audit that leave it open."""
    studies: tuple[str, ...] = ()
    arm: str = ""
    """Whose reports it is about, where findings raise it; both arms where it names none."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What its levels are called beside those of other choices."""
        return tuple(level.short or level.label for level in self.levels)


@dataclass(frozen=True)
class Primary:
    """The primary analysis of one endpoint, which choices are alternatives to."""

    evidence: Evidence
    spec: ModelSpec
    endpoint: str
    selection: Selection

    @classmethod
    def of(cls, evidence: Evidence, spec: ModelSpec, endpoint: str) -> Primary:
        """With the data it selects.

        Raises
        ------
        InvalidInput
            If the model has no effect to be changed, or the specification no data.
        """
        if spec.rates:
            raise InvalidInput([f"{spec.model} has rates of one arm and no effect that choices could change"])
        return cls(evidence, spec, endpoint, select(evidence, spec, endpoint))

    @property
    def weighted(self) -> tuple[str, ...]:
        """Studies that enter with weighted rates."""
        return tuple(sorted({one.study for one in self.selection.observations.values() if one.weighted}))

    @property
    def k(self) -> set[float | None]:
        """Effective-size factors of the weighted studies."""
        return {self.evidence.study(s).k if self.spec.k is None else self.spec.k for s in self.weighted}


Declaration = Callable[[Primary], Iterable[Choice]]
DECLARED: list[Declaration] = []
"""In the order of the columns of the multiverse."""


def declared(declaration: Declaration) -> Declaration:
    """Make the choices that a function gives known to all who vary them."""
    DECLARED.append(declaration)
    return declaration
