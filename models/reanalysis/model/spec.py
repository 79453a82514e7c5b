"""The specification of a fit: model, priors and settings in one frozen record that every engine reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from reanalysis.model.distributions import Distribution
from reanalysis.model.family import ENGINES, FAMILIES, MODELS, POOLINGS, PRIMARY, Engine, Family, ModelName, Pooling

__all__ = [
    "ANCHORS",
    "ARMS",
    "DEFAULT_PRIORS",
    "DEFAULT_RHO",
    "ENGINES",
    "MODELS",
    "POOLINGS",
    "SYMMETRIC",
    "Anchor",
    "ArmName",
    "Engine",
    "ModelName",
    "ModelSpec",
    "Pooling",
    "Priors",
]  # fmt: skip

ArmName = Literal["control", "treated"]

Route = Literal["rates", "adjusted"]

Anchor = Literal["midpoint", "control", "conditional"]

ARMS: tuple[str, ...] = get_args(ArmName)
ROUTES: tuple[str, ...] = get_args(Route)
ANCHORS: tuple[str, ...] = get_args(Anchor)

SYMMETRIC = ("normal", "logistic", "student_t")
"""Families of a prior of the average and of the baselines."""

_TAKES = "normal(mean,sd), logistic(mean,scale) or student_t(df,mean,scale)"

_LEAST_DF = 3.0
"""Degrees of freedom of a baseline below which too much of it lies where a rate is 0 or 1 in double precision."""


DEFAULT_SLOPE = Distribution("normal", (0.0, 0.5))
"""Prior of the slopes: shrunken, because few studies differ in many ways."""
WORDS_NEEDED = "a claim is one of two arms of a study, each with its own baseline and an effect of one endpoint"
"""What a model needs to take what is said in words."""


@dataclass(frozen=True)
class Priors:
    """Priors of a hierarchical model on the logit scale.

    Parameters
    ----------
    mu : Distribution
        Average effect (``contrast``: log odds ratio; ``rates``: logit of the event rate).
    tau : Distribution
        Heterogeneity: SD of the study effects around the average.
    baseline : Distribution
        Baseline m_s of a study: the mean of its two logits, or its control logit (see ``anchor`` of
        :class:`ModelSpec`); models of contrasts only.
    moderator : Distribution
        Slope of the effect in each moderator (``moderated`` only).

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> ra.specification(evidence).priors.as_text()["tau"]
    'halfnormal(0.5)'
    """

    mu: Distribution
    tau: Distribution
    baseline: Distribution
    moderator: Distribution = DEFAULT_SLOPE

    def __post_init__(self) -> None:
        if not self.tau.positive:
            raise ValueError(f"tau is a standard deviation: {self.tau} puts mass below 0")
        for name, prior in (("mu", self.mu), ("baseline", self.baseline), ("moderator", self.moderator)):
            if prior.family not in SYMMETRIC:
                raise ValueError(f"{name} takes {_TAKES}, not {prior}")
        if self.baseline.family == "student_t" and self.baseline.parameters[0] < _LEAST_DF:
            least = f"{_LEAST_DF:g} or more"
            raise ValueError(f"baseline takes student_t(df,mean,scale) with df of {least}: {self.baseline}")

    def as_text(self) -> dict[str, str]:
        """Prior strings by name."""
        return {name: str(getattr(self, name)) for name in ("mu", "tau", "baseline")}


DEFAULT_PRIORS: dict[str, Priors] = {
    "contrast": Priors(
        Distribution("normal", (0.0, 1.0)),
        Distribution("halfnormal", (0.5,)),
        Distribution("normal", (0.0, 10.0)),
    ),
    "rates": Priors(
        Distribution("normal", (0.0, 2.0)),
        Distribution("halfnormal", (1.0,)),
        Distribution("normal", (0.0, 10.0)),
    ),
}
DEFAULT_PRIORS |= {
    name: DEFAULT_PRIORS["rates" if family.arms == "one" else PRIMARY] for name, family in FAMILIES.items()
}
"""By model. ``exnex`` of single arms takes those of ``rates``."""

DEFAULT_RHO: dict[str, float] = {
    "randomised": 0.0,
    "weighted": 0.01,
    "matched": 0.02,
    "historical": 0.02,
    "external": 0.05,
}


@dataclass(frozen=True)
class ModelSpec:
    """Everything that, with the evidence, determines a posterior.

    Parameters
    ----------
    model : str
        One of :data:`reanalysis.model.family.MODELS`, where its equations are.
    pooling : {"partial", "none", "complete"}
        ``none`` gives each study the prior of mu on its own; ``complete`` fixes tau at 0.
    priors : Priors
        Priors, shown with every result.
    arm : {"control", "treated"}
        Which arm's rates are modelled (``rates``, ``beta-rates`` and a basket).
    basket : bool
        ``exnex`` only: whether single arms are modelled, not contrasts.
    anchor : {"midpoint", "control", "conditional"}
        What the prior of the baselines is a prior of: the mean of a study's two logits, symmetric in the arms; or its
        control logit. ``conditional`` needs no baseline: the likelihood of an effect given a study's events in both
        arms together (``contrast`` of plain counts, by quadrature).
    settings : tuple of (str, float)
        Settings of the model that are not at their default, by name.
    rho : float or None
        One intra-arm correlation for all studies; None takes each study's own from its design.
    k : float or None
        One effective-size factor for all weighted arms; None takes each study's own.
    leave_out : tuple of str
        Studies left out, sorted.
    route : {"rates", "adjusted"}
        Whether a study with adjusted ratios enters by its weighted rates or by its adjusted ratio.
    words : bool
        Whether a study without figures of both arms enters by what its source says of them in words.
    readings : tuple of (str, str)
        (study/arm, reading) choices that replace the weighted mixture of readings.
    denominators : tuple of (str, int)
        (study/arm, n) choices that replace the prior of a denominator that is not reported.
    moderators : tuple of str
        Covariates that effects depend on, one or more (``moderated``).
    at : tuple of (str, float)
        Values of moderators at which the effect is asked for, beside those that the folder names.
    seed : int
        Seed of every random step.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> spec = ra.specification(evidence, "icans_any", leave_out="phase1")
    >>> spec.model, spec.leave_out
    ('contrast', ('phase1',))
    """

    model: ModelName = PRIMARY
    pooling: Pooling = "partial"
    priors: Priors = field(default_factory=lambda: DEFAULT_PRIORS[PRIMARY])
    arm: ArmName = "control"
    basket: bool = False
    anchor: Anchor = "midpoint"
    settings: tuple[tuple[str, float], ...] = ()
    rho: float | None = None
    k: float | None = None
    leave_out: tuple[str, ...] = ()
    route: Route = "rates"
    words: bool = False
    readings: tuple[tuple[str, str], ...] = ()
    denominators: tuple[tuple[str, int], ...] = ()
    moderators: tuple[str, ...] = ()
    at: tuple[tuple[str, float], ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        for name, allowed in (
            ("model", MODELS),
            ("pooling", POOLINGS),
            ("arm", ARMS),
            ("route", ROUTES),
            ("anchor", ANCHORS),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}")
        if self.basket and self.family.arms != "either":
            raise ValueError(f"a basket is exnex of single arms, not {self.model}")
        if self.anchor == "conditional" and not self.family.conditional:
            raise ValueError(f"the conditional likelihood is that of the contrast model, not of {self.model}")
        if bool(self.moderators) != self.family.moderators:
            raise ValueError(
                f"moderators: {self.model} {'needs one or more' if self.family.moderators else 'has none'}"
            )
        if self.words and (self.rates or not self.family.words):
            raise ValueError(f"{self.model} takes no words: {WORDS_NEEDED}")
        for name, value in self.settings:
            known = self.family.setting(name)
            if known is None or not known.allows(value):
                raise ValueError(f"{self.model} has no setting {name} = {value:g}")

    @property
    def family(self) -> Family:
        """What the model is."""
        return FAMILIES[self.model]

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Engines that it can be fitted with: of several moderators the sampling one alone."""
        return ("nuts",) if len(self.moderators) > 1 else self.family.engines

    @property
    def by_default(self) -> Engine:
        """Engine that is used where none is asked for: quadrature where there is one."""
        return "quadrature" if "quadrature" in self.engines else "nuts"

    @property
    def prior_texts(self) -> dict[str, str]:
        """Prior strings by name, that of the slopes where there are any."""
        return self.priors.as_text() | ({"moderator": str(self.priors.moderator)} if self.moderators else {})

    @property
    def rates(self) -> bool:
        """Whether the rates of single arms are modelled, not contrasts of two."""
        return self.basket or self.family.arms == "one"

    @property
    def baselines(self) -> bool:
        """Whether every study has a baseline of its own, beside which only both arms together say something."""
        return not self.rates and self.family.paired

    @property
    def below(self) -> float:
        """Share of a study's effect by which its control logit lies below its baseline."""
        return 0.5 if self.anchor == "midpoint" else 0.0

    @property
    def baseline_text(self) -> str:
        """The prior of the baselines and what it is a prior of."""
        where = {"midpoint": "mean logit", "control": "control logit"}.get(self.anchor)
        return f"{self.priors.baseline}, {where}" if where else "none: conditional likelihood"

    @property
    def effect(self) -> str:
        """Name of the average effect, and of a study's effect."""
        return "logit_rate" if self.rates else "log_odds_ratio"

    def setting(self, name: str) -> float | None:
        """Value of a setting of the model, its default where it is not set.

        Raises
        ------
        KeyError
            If the model has no such setting.
        """
        known = self.family.setting(name)
        if known is None:
            raise KeyError(f"{self.model} has no setting {name!r}")
        default = known.basket if self.basket and known.basket is not None else known.default
        return dict(self.settings).get(name, default)

    def number(self, name: str) -> float:
        """Value of a setting that always has one."""
        value = self.setting(name)
        assert value is not None
        return value

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, priors as their strings."""
        plain = asdict(self)
        plain["priors"] = self.prior_texts
        plain["leave_out"] = list(self.leave_out)
        plain["settings"] = {known.name: self.setting(known.name) for known in self.family.settings}
        plain["readings"], plain["denominators"] = dict(self.readings), dict(self.denominators)
        plain["moderators"], plain["at"] = list(self.moderators), [list(one) for one in self.at]
        return plain
