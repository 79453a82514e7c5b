"""Every combination of the choices, fitted: how far the answer depends on them.

A multiverse analysis (Steegen et al. 2016, Perspect Psychol Sci 11:702). Combinations that come to the same model of
the same data (a prior of tau under complete pooling, a factor k with the weighted study left out) are one
specification, fitted, listed and counted once; combinations that define no effect are counted by their reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from html import escape

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reanalysis.alternatives.choice import Choice
from reanalysis.alternatives.multiverse.choices import choices
from reanalysis.alternatives.multiverse.specification import NUMBERS, Answer, Specifications, answers
from reanalysis.alternatives.outcome import Setting
from reanalysis.engines.batches import Progress, in_batches
from reanalysis.engines.errors import EngineError
from reanalysis.estimands.words import percent, ratio, ratio_interval
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, printable
from reanalysis.model.data import ModelData
from reanalysis.model.family import PRIMARY
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Flags

AT_LEAST = 1000
"""Specifications below which grids are refined."""

MOST = 3000
"""Combinations of choices about the evidence beyond which a choice is held."""

ANY = "any"
"""Level of a choice that makes no difference to a specification."""

THRESHOLDS = (0.5, 0.8, 0.95)
"""Probabilities of benefit beyond which specifications are counted."""

_BATCH = 4
"""Data sets a batch: neighbours differ in one arm, and share the likelihoods of all others."""

_NOTHING_LEFT = "no comparison is left"


@dataclass(frozen=True)
class Varied:
    """A choice that was crossed, by the names of its levels, that of the primary analysis first."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Multiverse:
    """All specifications of one endpoint and their answers.

    Parameters
    ----------
    endpoint : str
        Endpoint id.
    better : {"lower", "higher"} or None
        The good side.
    choices : tuple of Varied
        What was crossed.
    table : DataFrame
        One row a specification: a column a choice (several levels joined by "or" where they come to the same
        specification, ``any`` where all do), ``primary``, ``effect``
        (whose), ``mean``, ``sd``, ``median``, ``lower``, ``upper`` of the log odds ratio (95 % interval),
        ``p_below_0`` and ``p_benefit``.
    cells : ndarray of int
        Row of ``table`` by the levels of the choices, -1 where no effect is defined.
    infeasible : dict of str to int
        Combinations without an effect, by reason.
    held : tuple of str
        Choices that were not varied, for their number.
    """

    endpoint: str
    better: str | None
    choices: tuple[Varied, ...]
    table: pd.DataFrame
    cells: NDArray[np.intp]
    infeasible: dict[str, int]
    held: tuple[str, ...]

    def __repr__(self) -> str:
        rows = [f"{name}: {value}" for name, value in self._told().items()]
        return "\n".join([f"Multiverse of {printable(self.endpoint)}", *rows])

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{escape(a)}</th><td>{escape(b)}</td></tr>" for a, b in self._told().items())
        return f"<p><b>Multiverse of {escape(self.endpoint)}</b></p><table>{rows}</table>"

    def _told(self) -> dict[str, str]:
        """What it comes to, for readers."""
        ratios = np.exp(self.table["median"].to_numpy(dtype=float))
        chance = "P(odds ratio < 1)" if self.better is None else "P(benefit)"
        head = self.table[self.table["primary"]]
        numbers = np.exp(head[["median", "lower", "upper"]].to_numpy(dtype=float))
        chances = self.chance[head.index].to_numpy(dtype=float)
        primary = [
            f"{ratio_interval(*one)}, {chance} {percent(float(p))}" for one, p in zip(numbers, chances, strict=True)
        ]
        found = {
            "specifications": f"{len(self.table):,} of {self.combinations:,} combinations",
            "choices": ", ".join(f"{one.name} ({len(one.labels)})" for one in self.choices),
            "held": ", ".join(self.held),
            "primary odds ratio": "".join(primary),
            "odds ratios": f"{ratio(ratios.min())} to {ratio(ratios.max())}, middle {ratio(float(np.median(ratios)))}",
            chance: "; ".join(f"above {t:g} in {percent(share)}" for t, share in self.shares().items()),
        }
        return {name: printable(text) for name, text in found.items() if text}

    @property
    def combinations(self) -> int:
        """Combinations of all levels."""
        return int(self.cells.size)

    @property
    def chance(self) -> pd.Series[float]:
        """P(benefit) of each specification, P(log odds ratio < 0) where no side is good."""
        return self.table["p_below_0" if self.better is None else "p_benefit"]

    def to_frame(self) -> pd.DataFrame:
        """One row a specification: ``table``."""
        return self.table

    def made(self, choice: str) -> Flags:
        """Which specifications each level of a choice comes to, shape (levels, specifications)."""
        axis = [varied.name for varied in self.choices].index(choice)
        return _made(self.cells, axis, len(self.table))

    def shares(self) -> dict[float, float]:
        """Share of specifications whose P(benefit), or P(log odds ratio < 0), lies above each threshold."""
        return {t: float((self.chance > t).mean()) for t in THRESHOLDS}


def multiverse(
    evidence: Evidence,
    endpoint: str,
    spec: ModelSpec,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    at_least: int = AT_LEAST,
    most: int = MOST,
) -> Multiverse:
    """Fit every specification of one endpoint.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    spec : ModelSpec
        The primary specification.
    executor : Executor, optional
        What runs the fits; by default this process. The numbers do not depend on it.
    at_least : int
        Specifications below which the grids of rho, k and the denominators get more levels.
    most : int
        Combinations of choices about the evidence; a choice that would make more is held, and named in ``held``.

    Raises
    ------
    InvalidInput
        If the primary specification has no data.
    EngineError
        If no specification has a posterior.
    """
    for fine in (False, True):
        crossed = _cross(evidence, endpoint, spec, fine, most)
        if crossed.count >= at_least:
            break
    by_data = in_batches(answers, crossed.specifications, size=_BATCH, executor=executor, progress=progress)
    found = [answer for of_one in by_data for answer in of_one]
    if all("reason" in one for one in found):
        raise EngineError(f"{endpoint}: no specification defines an effect; the first: {found[0]['reason']}")
    return _tidy(crossed, endpoint, evidence.endpoint(endpoint).better, found)


@dataclass(frozen=True)
class _Crossed:
    """Combinations and the distinct specifications behind them."""

    choices: tuple[Choice, ...]
    specifications: list[Specifications]
    """By data set; their order is that of the answers."""
    cells: NDArray[np.intp]
    """Index of the answer by the levels of the choices, -1 without data."""
    held: list[str]

    @property
    def count(self) -> int:
        """Specifications of all data sets."""
        return sum(len(one.specs) for one in self.specifications)


def _cross(evidence: Evidence, endpoint: str, spec: ModelSpec, fine: bool, most: int) -> _Crossed:
    of_evidence, model, priors, held = choices(evidence, spec, endpoint, fine, most)
    selecting, analysing = (*of_evidence, model), (model, *priors)
    data: dict[ModelData, int] = {}
    selected = np.full([len(choice.levels) for choice in selecting], -1, dtype=np.intp)
    for levels, setting in _applied((evidence, spec), selecting):
        found = _selected(*setting, endpoint)
        if found is not None:
            selected[levels] = data.setdefault(found, len(data))
    analyses: dict[ModelSpec, int] = {}
    analysed = np.empty([len(choice.levels) for choice in analysing], dtype=np.intp)
    for levels, (_, final) in _applied((evidence, spec), analysing):
        analysed[levels] = analyses.setdefault(_essential(final, spec), len(analyses))
    by_data = selected.reshape(*selected.shape, *([1] * len(priors)))
    pairs = np.where(by_data < 0, -1, by_data * len(analyses) + analysed)
    distinct, cells = np.unique(pairs, return_inverse=True)
    undefined = int((distinct < 0).sum())
    all_analyses = list(analyses)
    of_data, of_analysis = np.divmod(distinct[undefined:], len(analyses))
    specifications = [
        Specifications(one, tuple(all_analyses[analysis] for analysis in of_analysis[of_data == index]))
        for index, one in enumerate(data)
    ]
    return _Crossed((*selecting, *priors), specifications, cells.reshape(pairs.shape) - undefined, held)


def _applied(setting: Setting, chosen: Sequence[Choice]) -> Iterator[tuple[tuple[int, ...], Setting]]:
    """The setting by the levels of all choices; what is worked out of changed evidence is shared by those after it."""
    if not chosen:
        yield (), setting
        return
    for index, level in enumerate(chosen[0].levels):
        for others, final in _applied(level.apply(*setting), chosen[1:]):
            yield (index, *others), final


def _selected(evidence: Evidence, spec: ModelSpec, endpoint: str) -> ModelData | None:
    try:
        return select(evidence, spec, endpoint).data
    except InvalidInput:
        return None


def _essential(final: ModelSpec, primary: ModelSpec) -> ModelSpec:
    """The specification without what the data hold already, and without priors that no quantity has."""
    if final.family.in_data:
        final = replace(final, model=PRIMARY, settings=())
    priors = final.priors if final.pooling == "partial" else replace(final.priors, tau=primary.priors.tau)
    return replace(final, priors=priors, rho=None, k=None, leave_out=(), route="rates", readings=(), denominators=())


def _tidy(crossed: _Crossed, endpoint: str, better: str | None, found: list[Answer]) -> Multiverse:
    reasons = [str(one["reason"]) if "reason" in one else "" for one in found]
    rows = np.array([-1 if reason else 0 for reason in reasons], dtype=np.intp)
    rows[rows == 0] = np.arange(int((rows == 0).sum()))
    counted = Counter(_NOTHING_LEFT if i < 0 else reasons[i] for i in crossed.cells.ravel() if i < 0 or reasons[i])
    cells = np.where(crossed.cells < 0, -1, rows[crossed.cells])
    defined = [one for one in found if "reason" not in one]
    table = _levels(crossed.choices, cells, len(defined))
    table["primary"] = False
    primary = int(cells[(0,) * cells.ndim])
    if primary >= 0:
        table.loc[primary, "primary"] = True
    table = pd.concat([table, pd.DataFrame(defined, columns=["effect", *NUMBERS])], axis=1)
    below = table["p_below_0"]
    table["p_benefit"] = np.nan if better is None else below if better == "lower" else 1 - below
    varied = tuple(Varied(choice.name, choice.labels) for choice in crossed.choices)
    return Multiverse(endpoint, better, varied, table, cells, dict(counted), tuple(crossed.held))


def _levels(every: tuple[Choice, ...], cells: NDArray[np.intp], count: int) -> pd.DataFrame:
    """Level of each choice by specification; the levels, where several come to the same specification."""
    columns = {}
    for axis, choice in enumerate(every):
        patterns, pattern = np.unique(_made(cells, axis, count), axis=1, return_inverse=True)
        columns[choice.name] = np.array([_named(choice.labels, made) for made in patterns.T], dtype=object)[pattern]
    return pd.DataFrame(columns)


def _named(labels: tuple[str, ...], made: Flags) -> str:
    return ANY if made.all() and len(labels) > 1 else " or ".join(np.array(labels, dtype=object)[made])


def _made(cells: NDArray[np.intp], axis: int, count: int) -> Flags:
    """Whether a level of a choice, with some levels of the others, comes to a specification; shape (levels, count)."""
    made = np.zeros((cells.shape[axis], count), dtype=bool)
    for level, part in enumerate(np.moveaxis(cells, axis, 0)):
        made[level, part[part >= 0]] = True
    return made
