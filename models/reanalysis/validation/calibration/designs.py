"""Designs of the simulated evidence: one to forty studies, every kind of report, moderate and rare events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reanalysis.evidence.reading.settings import Design as StudyDesignClass
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import MODERATED, Engine
from reanalysis.model.spec import ModelSpec


@dataclass(frozen=True)
class Count:
    """The count itself is printed, with its denominator."""

    n: int


@dataclass(frozen=True)
class Percent:
    """A percentage of a printed denominator, in place of the count."""

    n: int
    decimals: int = 0


@dataclass(frozen=True)
class Interval:
    """Only the cell of a fixed partition that the count lies in: 0, 1..2, 3..5, then five counts each."""

    n: int

    @property
    def cells(self) -> tuple[tuple[int, int], ...]:
        """Smallest and largest count of each cell."""
        starts = [0, 1, 3, *range(6, self.n + 1, 5)]
        ends = [*(start - 1 for start in starts[1:]), self.n]
        return tuple((low, min(high, self.n)) for low, high in zip(starts, ends, strict=True) if low <= self.n)


@dataclass(frozen=True)
class Latent:
    """One percentage, its denominator drawn from a prior and not printed."""

    n_max: int
    prior: Mapping[int, float] = field(default_factory=dict)
    """Weight of each denominator, of sum 1; empty for all up to ``n_max`` alike."""
    decimals: int = 0


@dataclass(frozen=True)
class Weighted:
    """A weighted proportion of n patients, worth ``k * n`` of them, a whole number; analysed unrounded."""

    n: int
    k: float

    @property
    def effective(self) -> int:
        """Patients that the arm is worth."""
        return round(self.k * self.n)


@dataclass(frozen=True)
class Told:
    """Nothing but what is said of both arms in words: no difference, or which of them is higher."""

    n: int


Arm = Count | Percent | Interval | Latent | Weighted


@dataclass(frozen=True)
class Study:
    """One simulated study: how each arm is printed, and the class that its rho comes from."""

    design: StudyDesignClass
    control: Arm | Told
    treated: Arm | Told
    covariate: float = 0.0
    """Value of the moderator."""
    parts: tuple[tuple[int, float], ...] = ()
    """Patients and covariate of each part of the treated arm, whose counts are printed beside the whole arm's."""


@dataclass(frozen=True)
class Design:
    """What is simulated, and how the model that is fitted to it differs."""

    studies: tuple[Study, ...]
    """In order."""
    baseline: Distribution | None = None
    """What a study's baseline is drawn from; None for the prior of the specification."""
    known: bool = True
    """Whether the model is fitted with what baselines are drawn from: then the ranks of everything are uniform by
    construction. If not, the specification's prior is fitted to baselines of another law. No theorem promises uniform
    ranks there, none is asked of what depends on a baseline, and effects are held to the same bands: a prior of control
    risks must not decide them."""
    moderator: str = ""
    """Name of the covariate that effects depend on, empty where they depend on none."""
    nuts: float = 1.0
    """Fraction of the replicates that NUTS is given where each takes long."""
    again: bool = False
    """Whether truths are drawn from the posterior of the folder's own evidence, whose arms report again."""

    @property
    def words(self) -> bool:
        """Whether a study is told in words."""
        return any(isinstance(study.control, Told) for study in self.studies)

    def simulated(self, spec: ModelSpec) -> Distribution:
        """What baselines are drawn from."""
        return spec.priors.baseline if self.baseline is None else self.baseline

    def fitted(self, spec: ModelSpec) -> ModelSpec:
        """The specification of the fits."""
        spec = replace(spec, words=self.words)
        if self.moderator:
            spec = replace(spec, model=MODERATED, moderators=(self.moderator,))
        if not self.known:
            return spec
        return replace(spec, priors=replace(spec.priors, baseline=self.simulated(spec)))

    def count(self, engine: Engine, replicates: int) -> int:
        """Replicates of an engine."""
        return round(self.nuts * replicates) if engine == "nuts" else replicates


# few denominators, because every arm of a compiled model is as wide as the arm with most candidates
_MATCHED = Latent(80, {20: 0.6, 40: 0.2, 60: 0.1, 80: 0.1})
_WEIGHTED = Study("weighted", Weighted(112, 0.75), Weighted(60, 0.75))

_MODERATE = Distribution("normal", (0.0, 1.5))
"""Rates of 5 to 95 %: under the default prior hardly one replicate in 10^4 would have events in all ten studies."""

_RARE = Distribution("normal", (-5.0, 0.6))
"""Rates of 0.2 to 2 %."""


def _trials(*sizes: tuple[int, int]) -> tuple[Study, ...]:
    """Randomised trials by patients in the control and the treated arm."""
    return tuple(Study("randomised", Count(control), Count(treated)) for control, treated in sizes)


POSTERIOR = "posterior"
"""Name of the design of the folder's own evidence."""

DESIGNS: dict[str, Design] = {
    "one study": Design((Study("matched", _MATCHED, Percent(20)),)),
    "two studies": Design((Study("historical", Percent(72), Interval(25)), _WEIGHTED)),
    "three studies": Design(
        (Study("matched", _MATCHED, Percent(20)), Study("historical", Percent(72, 1), Count(25)), _WEIGHTED)
    ),
    "ten studies": Design(
        (
            Study("randomised", Count(15), Count(15)),
            Study("randomised", Count(120), Count(118)),
            Study("randomised", Interval(40), Interval(42)),
            Study("matched", _MATCHED, Count(30)),
            Study("matched", Percent(64, 1), Latent(8)),
            Study("historical", Percent(90), Percent(33)),
            Study("historical", Count(50), Interval(50)),
            Study("historical", Latent(60, {45: 0.5, 52: 0.3, 60: 0.2}, 1), Latent(30, {24: 0.4, 30: 0.6}, 1)),
            Study("weighted", Weighted(40, 0.5), Weighted(80, 0.5)),
            _WEIGHTED,
        ),
        _MODERATE,
        nuts=0.4,
    ),
    "rare, known": Design(
        _trials(
            (1000, 2000), (800, 800), (600, 2400), (1500, 1500), (2000, 1000),
            (700, 1400), (3000, 3000), (900, 2700), (1200, 2400), (1000, 1000),
        ),
        _RARE,
        nuts=0.4,
    ),
    "ten rare": Design(
        _trials(
            (150, 300), (400, 400), (60, 240), (1000, 1000), (250, 500),
            (100, 100), (700, 350), (120, 360), (2000, 4000), (180, 180),
        ),
        _RARE,
        known=False,
        nuts=0.4,
    ),
    "forty rare": Design(
        2 * _trials(*((n, round(n * ratio)) for n in (60, 100, 150, 250, 400) for ratio in (1, 2, 4, 0.5))),
        _RARE,
        known=False,
        nuts=0.2,
    ),
    "moderated": Design(
        (
            Study("randomised", Count(60), Count(60), -1.0),
            Study("matched", Count(40), Count(45), parts=((30, -1.0), (15, 1.0))),
            Study("historical", Percent(72), Count(25), 0.5),
            Study("randomised", Count(80), Count(90), 1.5),
        ),
        _MODERATE,
        moderator="x",
        nuts=0.3,
    ),
    "words": Design(
        (
            Study("historical", Percent(72, 1), Count(25)),
            Study("matched", Told(20), Told(30)),
            Study("historical", Told(60), Told(40)),
        ),
        nuts=0.15,
    ),
    POSTERIOR: Design((), nuts=0.3, again=True),
}  # fmt: skip
"""By name; the last needs an endpoint of the folder. The study whose risk difference is ranked is the first that says
something of a ratio."""
