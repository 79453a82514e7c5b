"""The covariates of an endpoint's studies, and the parts of treated arms that differ in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.candidates.narrowing import narrowed_pairs
from reanalysis.evidence.candidates.observation import Observation
from reanalysis.evidence.candidates.possible import subgroups_of
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, listed
from reanalysis.model.data import ModelData, Moderator, Part, StudyData
from reanalysis.model.spec import ModelSpec

_FEW = 4
"""Studies with different values up to which an effect is told at the value of each."""

_MOST_SETS = 10_000
"""Combinations of what parts may have been that are looked through."""


@dataclass(frozen=True)
class Covered:
    """Studies with their covariates as they are written, and those that lack one."""

    evidence: Evidence
    spec: ModelSpec
    """Whose moderators."""
    studies: tuple[StudyData, ...]
    """With covariates, and parts where the treated arm has them."""
    uncovered: tuple[tuple[str, str], ...]
    """Studies left out, and what they lack."""

    @property
    def nothing(self) -> str:
        """Why no study is left."""
        return "no study is left: " + "; ".join(f"{study} {why}" for study, why in self.uncovered)

    def centred(self, endpoint: str, studies: tuple[StudyData, ...], silent: tuple[StudyData, ...]) -> ModelData:
        """The data of the model, covariates less their centres.

        Raises
        ------
        InvalidInput
            If one study without parts is all there is.
        """
        if len(studies) == 1 and not studies[0].parts:
            left = "".join(f"; {study} {why}" for study, why in self.uncovered)
            raise InvalidInput(
                [
                    f"{endpoint}: {studies[0].study} alone says nothing of {listed(self.spec.moderators)}: a moderator "
                    f"needs two studies, or parts of a treated arm that differ in it{left}"
                ]
            )
        declared = [self.evidence.settings.moderators.get(name) for name in self.spec.moderators]
        means = np.mean([one.covariates for one in studies], axis=0)
        centres = tuple(
            float(mean) if known is None or known.centre is None else known.centre
            for known, mean in zip(declared, means, strict=True)
        )
        return ModelData(
            endpoint,
            tuple(_less(one, centres) for one in studies),
            silent=tuple(_less(one, centres) for one in silent),
            moderators=tuple(
                Moderator(name, self.evidence.moderator_label(name), centre, self._values(place, name, studies))
                for place, (name, centre) in enumerate(zip(self.spec.moderators, centres, strict=True))
            ),
            uncovered=self.uncovered,
        )

    def _values(self, place: int, name: str, studies: tuple[StudyData, ...]) -> tuple[tuple[str, float], ...]:
        """Values at which effects are told: those named, and those asked for; else the studies' own, or their ends."""
        known = self.evidence.settings.moderators.get(name)
        named = {**known.levels, **known.values} if known else {}
        named |= {f"{value:g}": value for other, value in self.spec.at if other == name}
        if not named:
            own = sorted({cell[place] for one in studies for cell in _cells(one)})
            named = {f"{value:g}": value for value in (own if len(own) <= _FEW else (own[0], own[-1]))}
        return tuple(named.items())


def _cells(study: StudyData) -> list[tuple[float, ...]]:
    return [part.covariates for part in study.parts] or [study.covariates]


def _less(study: StudyData, centres: Sequence[float]) -> StudyData:
    def less(values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(value - centre for value, centre in zip(values, centres, strict=True))

    parts = tuple(replace(part, covariates=less(part.covariates)) for part in study.parts)
    return replace(study, covariates=less(study.covariates), parts=parts)


def with_covariates(
    evidence: Evidence, spec: ModelSpec, endpoint: str, studies: Sequence[StudyData],
    observed: Mapping[tuple[str, str], Observation],
) -> Covered:  # fmt: skip
    """Studies with the covariates that a specification asks for.

    Parts of a treated arm stand in its place where they have a level of a moderator and make up the arm, so that nobody
    is counted twice. A study without a value is left out, with the reason.
    """
    covered, uncovered = [], []
    for study in studies:
        whole = observed.get((study.study, "treated"))
        parts, why = _parts(evidence, spec, endpoint, study, whole) if whole is not None else ((), "")
        own = evidence.study(study.study).covariates
        lacking = [name for name in spec.moderators if name not in own]
        if parts:
            mean = tuple(float(np.mean([part.covariates[j] for part in parts])) for j in range(len(spec.moderators)))
            covered.append(replace(study, covariates=mean, parts=parts))
        elif lacking:
            uncovered.append((study.study, f"has no {listed(lacking)}" + (f": {why}" if why else "")))
        else:
            covered.append(replace(study, covariates=tuple(own[name] for name in spec.moderators)))
    return Covered(evidence, spec, tuple(covered), tuple(uncovered))


def _parts(
    evidence: Evidence, spec: ModelSpec, endpoint: str, study: StudyData, whole: Observation
) -> tuple[tuple[Part, ...], str]:
    """Parts of a treated arm with a level of a moderator, or none and why."""
    declared = evidence.settings.moderators
    own = evidence.study(study.study).covariates
    first = whole.rows[0]
    if whole.weighted:
        return (), ""
    rows = [
        row
        for row in subgroups_of(evidence, study.study, "treated", endpoint, first.timepoint)
        if any(name in declared and row.subgroup in declared[name].levels for name in spec.moderators)
    ]
    if not rows:
        return (), ""
    names = listed([row.subgroup for row in rows])
    if len(rows) < 2 or len({row.subgroup for row in rows}) < len(rows):
        return (), f"of its treated arm {names} alone has figures"
    covariates = [
        tuple(
            declared[name].levels[row.subgroup]
            if name in declared and row.subgroup in declared[name].levels
            else own.get(name)
            for name in spec.moderators
        )
        for row in rows
    ]
    if any(value is None for one in covariates for value in one):
        return (), f"its parts {names} have no value of every moderator"
    possible = [
        [(float(x), float(n)) for n, (low, high) in narrowed_pairs(evidence, row).items() for x in range(low, high + 1)]
        for row in rows
    ]
    known = {
        (x, n): weight
        for x, n, weight in zip(
            whole.candidates.events, whole.candidates.n, whole.candidates.weight, strict=True
        )
    }  # fmt: skip
    if np.prod([len(one) for one in possible]) > _MOST_SETS:
        return (), f"its parts {names} allow too many counts"
    together = [
        one for one in product(*possible) if (sum(x for x, _ in one), sum(n for _, n in one)) in known
    ]  # fmt: skip
    if not together:
        return (), f"its parts {names} do not make up its treated arm"
    counts = [dict.fromkeys(one[place] for one in together) for place in range(len(rows))]
    parts = []
    for row, each, values in zip(rows, counts, covariates, strict=True):
        events, sizes = (tuple(one) for one in zip(*each, strict=True))
        known_values = tuple(value for value in values if value is not None)
        parts.append(Part(row.subgroup, Candidates(events, sizes, (1.0,) * len(each)), known_values))
    return tuple(parts), ""
