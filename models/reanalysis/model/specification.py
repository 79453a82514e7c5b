"""The rules of a request: which choices there are, what each may be, and which mean nothing together.

Python and the command line both ask here, so that both refuse the same requests with the same sentences; the command
line writes the name of an argument as its option. All that is wrong with a request is said at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reanalysis.evidence.candidates.observation import NoCandidates, observations
from reanalysis.evidence.coverage import comparative_studies
from reanalysis.evidence.evidence import Evidence, require_evidence
from reanalysis.evidence.problems import BadChoice, InvalidInput, did_you_mean, listed
from reanalysis.model.choices import Choices, bad_engine, whole
from reanalysis.model.family import FAMILIES, MODERATED, PRIMARY
from reanalysis.model.selection import default_spec
from reanalysis.model.spec import WORDS_NEEDED, ModelSpec


def specification(
    evidence: Evidence, endpoint: str | None = None, *, engine: str | None = None, **choices: Any
) -> ModelSpec:
    """The folder's specification with some choices changed; a choice that is None is the folder's.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str, optional
        Endpoint id that is meant; checked here, as what may be read in other ways depends on it.
    engine : str, optional
        Engine that is meant; checked here, because a model may lack it.
    **choices
        Fields of :class:`ModelSpec` by name. ``priors`` is a mapping of ``mu``, ``tau`` and ``baseline`` to text such
        as ``"halfnormal(1)"`` or :class:`Distribution`, ``settings`` one of names to numbers; either may be texts
        ``NAME=VALUE``. ``leave_out`` is a study or several, ``moderators`` a moderator or several, ``at`` names of
        them and values; ``readings`` (``"study/arm"`` to reading) and ``denominators`` (``"study/arm"`` to n) are
        mappings. An ``arm`` makes ``exnex`` a basket of single arms.

    Returns
    -------
    ModelSpec
        The specification.

    Raises
    ------
    InvalidInput
        With everything that is wrong: a choice that is not known, lies outside its bounds, or means nothing together
        with another.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> spec = ra.specification(evidence, "icans_any", priors={"tau": "halfnormal(1)"}, rho=0)
    >>> str(spec.priors.tau), spec.rho
    ('halfnormal(1)', 0.0)
    """
    require_evidence(evidence)
    asked = {name: value for name, value in choices.items() if value is not None}
    return _Request(asked, evidence, endpoint).specified(engine)


@dataclass
class _Request(Choices):
    """Choices on their way to a specification of one folder."""

    evidence: Evidence
    endpoint: str | None

    def specified(self, engine: str | None) -> ModelSpec:
        """The specification.

        Raises
        ------
        InvalidInput
            With everything that is wrong.
        """
        words = dict(self.words())
        named = "model" in words or "model" not in self.asked  # else nothing is said of what depends on the model
        moderators = self.moderators(self.evidence.moderators)
        model: Any = words.get("model", MODERATED if self.asked.get("moderators") else PRIMARY)
        rho, k, seed = self.rho(), self.k(), self.seed()
        spec = default_spec(self.evidence, model, self._basket(model, words) if named else False, moderators)
        self.problems += bad_engine(engine, spec.family if named else None)
        if engine == "quadrature" and len(moderators) > 1:
            self.say("engine", f" quadrature: takes one moderator; {listed(moderators)} together are sampled by nuts")
        if named:
            self._endpoint(spec, words.get("arm", spec.arm))
            self.problems += self._combinations(spec, words, rho)
        changed: dict[str, Any] = words | {
            "leave_out": self._leave_out(),
            "priors": self.priors(spec.priors),
            "settings": self.settings(spec.family) if named else (),
            "readings": self._readings(),
            "denominators": self._denominators(),
            "seed": spec.seed if seed is None else seed,
            "at": self.at(moderators),
            "words": self.flag("words"),
        }
        if changed.get("anchor", spec.anchor) == "conditional" and engine == "nuts":
            self.say("engine", " nuts: the conditional likelihood is fitted by quadrature only")
        if self.problems:
            raise InvalidInput(self.problems)
        return replace(spec, rho=rho, k=k, **changed)

    def _endpoint(self, spec: ModelSpec, arm: str) -> None:
        evidence, endpoint = self.evidence, self.endpoint
        if endpoint is None or endpoint in evidence.endpoints:
            return
        if spec.rates:
            reported = {row.endpoint for row in evidence.arms if row.modelled and row.arm == arm}
            fitted = [e for e in evidence.endpoints if e in reported]
        else:
            fitted = [e for e in evidence.endpoints if comparative_studies(evidence, e)]
        meant = did_you_mean(str(endpoint), evidence.endpoints)
        has = listed(fitted) or "none"
        self.say("endpoint", f" {endpoint!r}: unknown{meant}; {evidence.folder} has for model {spec.model}: {has}")

    def _leave_out(self) -> tuple[str, ...]:
        asked = self.asked.get("leave_out", ())
        if isinstance(asked, Mapping) or not isinstance(asked, Iterable):
            self.say("leave_out", f" {asked!r}: must be a study or several")
            return ()
        named = [asked] if isinstance(asked, str) else list(asked)
        studies = self.evidence.studies
        for name in named:
            if name not in studies:
                meant = did_you_mean(str(name), studies)
                self.say("leave_out", f" {name!r}: unknown{meant}; {self.evidence.folder} has {listed(studies)}")
        return tuple(sorted({name for name in named if name in studies}))

    def _basket(self, model: str, words: dict[str, str]) -> bool:
        """Whether ``exnex`` is one of single arms: an arm says so."""
        basket = self.flag("basket")
        either = model in FAMILIES and FAMILIES[model].arms == "either"
        if basket and not either:
            self.say("basket", f": is exnex of single arms, not {model}")
        return either and (basket or "arm" in words)

    def _combinations(self, spec: ModelSpec, words: dict[str, str], rho: float | None) -> Iterator[BadChoice]:
        """Choices that are right in themselves and mean nothing together."""
        family, name = spec.family, spec.model
        if rho and not family.rho:
            yield BadChoice("rho", f": {family.own_discount}, so rho must be 0")
        if self.asked.get("priors") and family.own_prior:
            yield BadChoice("priors", f": the prior of {name} is {family.own_prior} and cannot be set")
        if words.get("pooling", spec.pooling) not in family.poolings:
            yield BadChoice("pooling", f" {words['pooling']}: {name} is {listed(family.poolings)} pooling only")
        if "anchor" in words and spec.rates:
            yield BadChoice("anchor", f" {words['anchor']}: {name} of single arms has no baselines")
        elif words.get("anchor") == "conditional" and not family.conditional:
            yield BadChoice("anchor", f" conditional: it is the likelihood of the contrast model, not of {name}")
        if family.moderators and not self.asked.get("moderators"):
            known = listed(self.evidence.moderators) or "none: no study has [studies.ID.covariates]"
            yield BadChoice("moderators", f": {name} needs one or more; there are {known}")
        if self.asked.get("moderators") and not family.moderators:
            yield BadChoice("moderators", f": are of model moderated, not of {name}")
        if "arm" in words and not spec.rates:
            yield BadChoice("arm", f" {words['arm']}: {name} compares two arms; rates, beta-rates and exnex take one")
        if self.flag("words") and (spec.rates or not family.words):
            yield BadChoice("words", f": {name} takes none: {WORDS_NEEDED}")
        if words.get("route") == "adjusted" and spec.rates:
            yield BadChoice("route", f" adjusted: {name} of single arms has no ratio")

    def _arms(self, argument: str) -> Iterator[tuple[str, str, str, Any]]:
        """Study, arm, their name and the value of a choice by ``study/arm``, where the folder has such rows."""
        asked = self.asked.get(argument, {})
        if not isinstance(asked, Mapping):
            self.say(argument, f" {asked!r}: must be a mapping of 'study/arm' to a value")
            return
        have = {
            f"{r.study}/{r.arm}": (r.study, r.arm)
            for r in self.evidence.arms
            if r.modelled and self.endpoint in (None, r.endpoint)
        }
        for name, value in asked.items():
            if name in have:
                yield (*have[name], name, value)
            else:
                meant = did_you_mean(str(name), have)
                self.say(argument, f" {name!r}: no arm is called that{meant}; there are {listed(have) or 'none'}")

    def _readings(self) -> tuple[tuple[str, str], ...]:
        found = []
        for study, arm, name, reading in self._arms("readings"):
            rows = self.evidence.rows_of_arm[study, arm]
            known = dict.fromkeys(
                r.reading for r in rows if r.modelled and r.reading and self.endpoint in (None, r.endpoint)
            )
            if reading in known:
                found.append((name, str(reading)))
            else:
                has = f"has {listed(known)}" if known else "has no readings"
                self.say(
                    "readings", f" {name}: unknown reading {reading!r}{did_you_mean(str(reading), known)}; it {has}"
                )
        return tuple(sorted(found))

    def _denominators(self) -> tuple[tuple[str, int], ...]:
        found = []
        for study, arm, name, value in self._arms("denominators"):
            rows = self.evidence.rows_of_arm[study, arm]
            n = whole(value, -1)
            if not any(r.n is None and r.modelled and self.endpoint in (None, r.endpoint) for r in rows):
                self.say("denominators", f" {name}: its n is printed, and cannot be chosen")
            elif n < 1 or not self._possible(study, arm, n):
                self.say("denominators", f" {name}: {value!r} is no n that its print allows")
            else:
                found.append((name, n))
        return tuple(sorted(found))

    def _possible(self, study: str, arm: str, n: int) -> bool:
        """Whether the report of an arm allows a denominator; left to the fit where no endpoint is meant."""
        if self.endpoint is None:
            return True
        try:
            part = observations(self.evidence, self.endpoint, arms=(arm,), sensitivity=True)
        except NoCandidates:
            return True  # the report contradicts itself, which a fit says
        return n in part[study, arm].candidates.n
