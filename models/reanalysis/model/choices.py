"""What each choice of a request may be by itself: its words, bounds and form, whatever the folder.

A number may be written as text, as a command line and a table of choices have it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from reanalysis.evidence.problems import BadChoice, Problem, did_you_mean, listed
from reanalysis.evidence.reading.settings import SMALLEST_RHO
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import ENGINES, Family
from reanalysis.model.spec import ModelSpec, Priors

CHOICES: tuple[str, ...] = tuple(f.name for f in fields(ModelSpec))
"""Names of the choices, those of the fields of a specification."""

PRIOR_NAMES: tuple[str, ...] = tuple(f.name for f in fields(Priors))

VOCABULARIES: dict[str, tuple[str, ...]] = {
    name: get_args(hint) for name, hint in get_type_hints(ModelSpec).items() if get_origin(hint) is Literal
}
"""The words that a choice among a few may be."""

LARGEST_SEED = 2**31 - 1


def bad_engine(engine: str | None, family: Family | None = None) -> Iterator[BadChoice]:
    """What is wrong with an engine, for a model where one is named."""
    if engine is None:
        return
    if engine not in ENGINES:
        yield not_one_of("engine", engine, ENGINES)
    elif family is not None and engine not in family.engines:
        yield BadChoice("engine", f" {engine}: {family.name} has {listed(family.engines)} only")


def bad_seed(seed: Any) -> Iterator[BadChoice]:
    """What is wrong with a seed, where one is given."""
    if seed is not None and not 0 <= whole(seed, -1) <= LARGEST_SEED:
        yield BadChoice("seed", f" {seed}: must be a whole number from 0 to {LARGEST_SEED}")


@dataclass
class Choices:
    """Choices as they were asked for, and what is wrong with them."""

    asked: dict[str, Any]
    """By name, none of them None."""
    problems: list[Problem | str] = field(default_factory=list, init=False)
    """Grows while the choices are read."""

    def say(self, argument: str, said: str) -> None:
        """One thing that is wrong."""
        self.problems.append(BadChoice(argument, said))

    def words(self) -> Iterator[tuple[str, str]]:
        """Choices among a few words, the right ones."""
        for name in self.asked:
            if name not in CHOICES:
                self.say(name, f": is no choice{did_you_mean(name, CHOICES)}; there are {listed(CHOICES)}")
        for name, words in VOCABULARIES.items():
            if self.asked.get(name, words[0]) not in words:
                self.problems.append(not_one_of(name, self.asked[name], words))
            elif name in self.asked:
                yield name, self.asked[name]

    def rho(self) -> float | None:
        """The intra-arm correlation of all studies, None where none is asked for."""
        rho = self.asked.get("rho")
        if isinstance(rho, Mapping):
            self.say("rho", ": must be one number for all studies; by design it is set in analysis.toml, [rho]")
            return None
        value = number(rho)
        if rho is not None and not (value == 0 or SMALLEST_RHO <= value < 1):
            self.say("rho", f" {_shown(rho)}: must be 0, or at least {SMALLEST_RHO:.6f} and below 1")
            return None
        return None if rho is None else value

    def k(self) -> float | None:
        """The effective-size factor of all weighted arms, None where none is asked for."""
        k = self.asked.get("k")
        if k is not None and not 0 < number(k) <= 1:
            self.say("k", f" {_shown(k)}: must lie above 0 and at or below 1")
            return None
        return None if k is None else number(k)

    def seed(self) -> int | None:
        """The seed, None where none is asked for."""
        seed = self.asked.get("seed")
        wrong = list(bad_seed(seed))
        self.problems += wrong
        return None if seed is None or wrong else whole(seed, -1)

    def flag(self, name: str) -> bool:
        """A choice between yes and no, no where nothing is asked for."""
        value = self.asked.get(name, False)
        if value in (True, False, "true", "false"):
            return value in (True, "true")
        self.say(name, f" {value!r}: must be true or false")
        return False

    def pairs(self, argument: str, form: str, known: Collection[str], none: str = "") -> Iterator[tuple[str, Any]]:
        """Names and values of a choice that has several, each known and given once."""
        seen: set[str] = set()
        for name, value, text in self._named(argument, form):
            if not known:
                self.say(argument, f" {text!r}: {none}")
            elif value is None or name not in known:
                meant = did_you_mean(str(name), known) if value is not None else ""
                self.say(argument, f" {text!r}: write {form} with NAME one of {listed(known)}{meant}")
            elif name in seen:
                self.say(argument, f" {text!r}: {name} is given twice")
            else:
                seen.add(name)
                yield name, value

    def _named(self, argument: str, form: str) -> Iterator[tuple[str, Any, str]]:
        """Name, value (None where it is missing) and text of each part of such a choice."""
        asked = self.asked.get(argument, {})
        if isinstance(asked, Priors):
            asked = {name: getattr(asked, name) for name in PRIOR_NAMES}
        if isinstance(asked, Mapping):
            yield from ((name, value, f"{name}={value}") for name, value in asked.items())
            return
        texts = [asked] if isinstance(asked, str) else asked
        if not isinstance(texts, Iterable) or not all(isinstance(text, str) for text in texts):
            self.say(argument, f" {asked!r}: must be a mapping of names to values, or texts {form}")
            return
        for text in texts:
            name, equals, value = (part.strip() for part in text.partition("="))
            yield name, value if equals else None, text

    def priors(self, priors: Priors) -> Priors:
        """The priors with those asked for in their place."""
        for name, value in self.pairs("priors", "NAME=DISTRIBUTION", PRIOR_NAMES):
            try:
                priors = replace(priors, **{name: _distribution(value)})
            except ValueError as error:
                self.say("priors", f" {name}: {error}")
        return priors

    def moderators(self, known: Collection[str]) -> tuple[str, ...]:
        """The moderators that were asked for, in the order asked, each known and given once."""
        asked = self.asked.get("moderators", ())
        if isinstance(asked, Mapping) or not isinstance(asked, Iterable):
            self.say("moderators", f" {asked!r}: must be a moderator or several")
            return ()
        named = [asked] if isinstance(asked, str) else list(asked)
        for name in named:
            if not known:
                self.say("moderators", f" {name!r}: no study has a covariate; give [studies.ID.covariates] a value")
            elif name not in known:
                self.say("moderators", f" {name!r}: unknown{did_you_mean(str(name), known)}; there are {listed(known)}")
        return tuple(dict.fromkeys(name for name in named if name in known))

    def at(self, known: Collection[str]) -> tuple[tuple[str, float], ...]:
        """Values of moderators at which the effect is asked for; of one moderator there may be several."""
        found = []
        for name, values, text in self._named("at", "NAME=X"):
            for value in values if isinstance(values, (list, tuple)) else [values]:
                if name not in known or not math.isfinite(number(value)):
                    has = f"with NAME one of {listed(known)}" if known else "beside a moderator"
                    self.say("at", f" {text!r}: write NAME=X, a number, {has}")
                else:
                    found.append((str(name), number(value)))
        return tuple(dict.fromkeys(found))

    def settings(self, family: Family) -> tuple[tuple[str, float], ...]:
        """The settings of a model that were asked for, sorted by name."""
        known = {setting.name: setting for setting in family.settings}
        values = {}
        for name, value in self.pairs("settings", "NAME=X", known, f"model {family.name} has no settings"):
            if known[name].allows(number(value)):
                values[name] = number(value)
            else:
                bounds = f"from {known[name].low:g} to {known[name].high:g}"
                self.say("settings", f" '{name}={value}': {name} must be a number {bounds}")
        return tuple(sorted(values.items()))


def not_one_of(argument: str, value: object, words: Collection[str]) -> BadChoice:
    """What is wrong with a choice that is none of a few words."""
    meant = did_you_mean(str(value).strip().lower(), words)
    return BadChoice(argument, f" {value!r}: must be one of {', '.join(words)}{meant}")


def _distribution(value: object) -> Distribution:
    if isinstance(value, Distribution):
        Distribution.parse(str(value))  # its parameters are as free as those of a text
        return value
    if isinstance(value, str):
        return Distribution.parse(value)
    raise ValueError(f"{value!r} is neither text such as normal(0,1) nor a Distribution")


def number(value: object) -> float:
    """A number, also where it is written as text; NaN where it is none."""
    try:
        return math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.nan


def whole(value: object, otherwise: int) -> int:
    """A whole number, also where it is written as text."""
    try:
        if isinstance(value, str):
            return int(value)
        return otherwise if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return otherwise


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else repr(value)


_CALIBRATED, _MOST_REPLICATES = ("both", "quadrature", "nuts"), 1_000_000


def bad_calibration(engine: str, replicates: int) -> Iterator[BadChoice]:
    """What is wrong with a request to calibrate."""
    if engine not in _CALIBRATED:
        yield not_one_of("engine", engine, _CALIBRATED)
    if not 100 <= whole(replicates, -1) <= _MOST_REPLICATES:
        yield BadChoice("replicates", f" {_shown(replicates)}: must lie between 100 and {_MOST_REPLICATES:,}")


_SAMPLING = {"draws": (100, 1_000_000), "chains": (2, 64), "tune": (100, 100_000), "target_accept": (0.5, 0.999)}
"""Settings of the sampler, and from where to where each may go; chains are held against each other, so two at least."""


def bad_sampling(asked: Mapping[str, float | None], engine: str) -> Iterator[BadChoice]:
    """What is wrong with settings of the sampler, and with any of them where nothing is sampled."""
    for name, value in asked.items():
        low, high = _SAMPLING[name]
        kind = "whole number" if isinstance(low, int) else "number"
        given = whole(value, -1) if isinstance(low, int) else number(value)
        if value is None:
            continue
        if engine == "quadrature":
            yield BadChoice(name, f" {_shown(value)}: quadrature samples nothing; engine='nuts' takes it")
        elif not low <= given <= high:
            yield BadChoice(name, f" {_shown(value)}: must be a {kind} from {low:,} to {high:,}")
