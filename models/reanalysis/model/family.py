"""All that a model says of itself: its equations, settings with their defaults, engines and source.

Notation, on the logit scale: study s, control arm 0 and treated arm 1, y_sa what an arm reported (see
:mod:`reanalysis.model.likelihood`), rho_s the intra-arm correlation of the study's design. The primary model is

    y_sa ~ BetaBinomial(n_sa, pi_sa, rho_s)      logit pi_s0 = m_s - delta_s / 2      logit pi_s1 = m_s + delta_s / 2
    m_s ~ Normal(0, 10^2)      delta_s ~ Normal(mu, tau^2)      mu ~ Normal(0, 1)      tau ~ HalfNormal(0.5)

and the others change one thing each: how effects vary, how a design is discounted, what stands in for a control that
is missing, or what is exchangeable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

ModelName = Literal[
    "contrast", "all-cohort", "joint", "exnex", "bias", "moderated", "rates", "beta-rates", "arm-beta-binomial"
]
Pooling = Literal["partial", "none", "complete"]
Engine = Literal["nuts", "quadrature"]

POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
ENGINES: tuple[Engine, ...] = get_args(Engine)


@dataclass(frozen=True)
class Setting:
    """A number that a model takes beside its priors."""

    name: str
    """As written in ``--set NAME=X``."""
    default: float | None
    """None where the model does something else unless it is set."""
    low: float
    high: float
    """Smallest and largest value allowed."""
    meaning: str
    """What it sets, for readers."""
    basket: float | None = None
    """The default where single arms are modelled instead of contrasts; None for the same."""

    def allows(self, value: float) -> bool:
        """Whether a value lies within the bounds (not a number never does)."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Family:
    """One model.

    Parameters
    ----------
    name : str
        As written in ``--model NAME``.
    title : str
        What it assumes, in one sentence.
    equations : tuple of str
        Display formulas in LaTeX: what differs from the primary model.
    note : str
        What a reader must know to use its results.
    source : str
        Where the model is from.
    engines : tuple of str
        Engines it has.
    poolings : tuple of str
        Poolings it allows.
    settings : tuple of Setting
        What ``--set`` may change.
    short : str
        What is particular to it, in a few words.
    priors : tuple of str
        Names of the priors it uses.
    own_prior : str
        The prior that it has instead and that cannot be set, empty where it has none of its own.
    own_discount : str
        Why rho means nothing to it, a clause; empty where rho comes from the design of the study.
    arms : {"two", "one", "either"}
        Whether it is of the effect between two arms, of the rates of single arms, or of whichever is asked for.
    paired : bool
        Whether every study has a baseline of its own, beside which only both arms together say something.
    conditional : bool
        Whether it has a likelihood conditional on the events of both arms together.
    ratios : bool
        Whether a study may enter by its adjusted ratio, without counts.
    words : bool
        Whether a study may enter by what its source says of two arms in words.
    benchmarks : bool
        Whether an external benchmark stands in for a control that a study lacks.
    bias : bool
        Whether a study has an additive bias.
    mixture : bool
        Whether an effect may stand alone.
    several : bool
        Whether other endpoints are modelled with the one asked for.
    in_data : bool
        Whether it is the primary model of data that hold all it changes.
    map_prior : bool
        Whether the rate of a new study is given as a mixture of Beta distributions.
    quantities : tuple of str
        What all studies share beside the average, the heterogeneity and a new study's effect; alone where ``hierarchy``
        is False.
    hierarchy : bool
        Whether effects or logit rates have an average and vary around it.
    moderators : bool
        Whether effects depend on covariates of studies, and of parts of a treated arm.
    """

    name: ModelName
    title: str
    equations: tuple[str, ...]
    note: str
    source: str
    engines: tuple[Engine, ...] = ENGINES
    poolings: tuple[Pooling, ...] = POOLINGS
    settings: tuple[Setting, ...] = ()
    short: str = ""
    priors: tuple[str, ...] = ("mu", "tau", "baseline")
    own_prior: str = ""
    own_discount: str = ""
    arms: Literal["two", "one", "either"] = "two"
    paired: bool = True
    conditional: bool = False
    ratios: bool = True
    words: bool = False
    benchmarks: bool = False
    bias: bool = False
    mixture: bool = False
    several: bool = False
    in_data: bool = False
    map_prior: bool = False
    quantities: tuple[str, ...] = ()
    hierarchy: bool = True
    moderators: bool = False

    @property
    def rho(self) -> bool:
        """Whether rho comes from the design of the study."""
        return not self.own_discount

    def used_priors(self, pooling: Pooling = "partial") -> tuple[str, ...]:
        """Names of the priors that a posterior depends on: complete and no pooling have no tau."""
        return tuple(name for name in self.priors if name != "tau" or pooling == "partial")

    def setting(self, name: str) -> Setting | None:
        """A setting by name, None where the model has none of that name."""
        return next((s for s in self.settings if s.name == name), None)


BIAS_SETTINGS: dict[str, Setting] = {
    design: Setting(f"b_{design}", default, 0.0, 10.0, f"SD of the bias of {design} comparisons, in log odds")
    for design, default in (
        ("randomised", 0.0),
        ("weighted", 0.35),
        ("matched", 0.45),
        ("historical", 0.45),
        ("external", 0.7),
    )
}
"""By design class; ``external`` stands to its rho of 0.05 as the others stand to theirs."""

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            "contrast",
            "Study effects are exchangeable; baselines are not shared.",
            (
                r"\operatorname{logit} \pi_{s0} = m_s - \tfrac{1}{2} \delta_s, \quad "
                r"\operatorname{logit} \pi_{s1} = m_s + \tfrac{1}{2} \delta_s, "
                r"\quad \delta_s \sim \mathrm{Normal}(\mu, \tau^2)",
            ),
            "The primary model. The baseline m_s is the mean of both logits, so its prior is symmetric in the arms; "
            "anchored at the control, it is the control logit. Complete pooling sets the heterogeneity to 0; no "
            "pooling gives each effect the prior of the average.",
            "Smith, Spiegelhalter and Thomas 1995, Stat Med 14:2685; beta-binomial arms: Williams 1975, "
            "Biometrics 31:949",
            short="arms paired within each cohort",
            words=True,
            conditional=True,
        ),
        Family(
            "all-cohort",
            "A control that a study lacks is filled by an external benchmark of its product, right or wrong.",
            (
                r"p(a_s) = w \, p(a_s \mid \text{benchmark}, \rho = \rho_{\text{external}}) + "
                r"(1 - w) \, p(a_s)_{\text{vague}}, \quad a_s = \operatorname{logit} \pi_{s0}",
            ),
            "A benchmark is never a comparison: a cohort filled this way informs the average but is not counted as "
            "comparative, and its time window may differ from the benchmark's.",
            "Robust mixture prior: Schmidli et al. 2014, Biometrics 70:1023",
            settings=(Setting("w", 0.5, 0.0, 1.0, "prior weight of the benchmark against the vague baseline"),),
            short="missing controls from external benchmarks",
            words=True,
            benchmarks=True,
            in_data=True,
        ),
        Family(
            "joint",
            "Effects on several endpoints are correlated across studies.",
            (
                r"\delta_{s\cdot} \sim \mathrm{MVN}(\mu, \operatorname{diag}(\tau) \, \Omega \, "
                r"\operatorname{diag}(\tau)), \quad \Omega \sim \mathrm{LKJ}(2)",
                r"r_{ij} = 2 u_{ij} - 1, \quad u_{ij} \sim \mathrm{Beta}(b_j, b_j), \quad b_j = 2 + (E - 2 - j)/2",
            ),
            "E endpoints; the partial correlations r of column j = 0, 1, ... are independent. A denominator that is "
            "not printed is shared by the endpoints of an arm and summed outside the product over them.",
            "Lewandowski, Kurowicka and Joe 2009, J Multivar Anal 100:1989; multivariate meta-analysis: Riley et al. "
            "2017, BMJ 358:j3932",
            engines=("nuts",),
            poolings=("partial",),
            settings=(Setting("correlation", None, 0.0, 0.95, "fixes all correlations instead of learning them"),),
            short="several endpoints at once",
            ratios=False,
            several=True,
        ),
        Family(
            "exnex",
            "Each study's effect is exchangeable with the others, or stands alone.",
            (
                r"\delta_s \sim w \, \mathrm{Normal}(\mu, \tau^2) + (1 - w) \, \mathrm{Normal}(m, v^2), "
                r"\quad \delta_{\text{new}} \text{ likewise}",
            ),
            "With --arm the same for the logit rates of single arms, a basket of cohorts: m = 0 and v = 2 then are "
            "about what one patient says of a rate of one half.",
            "Neuenschwander et al. 2016, Pharm Stat 15:123",
            poolings=("partial",),
            settings=(
                Setting("w", 0.5, 0.0, 1.0, "prior probability that a study is exchangeable"),
                Setting("nex_mean", 0.0, -10.0, 10.0, "m, centre of an effect (or logit rate) that stands alone"),
                Setting("nex_sd", 1.5, 0.01, 10.0, "v, SD of an effect that stands alone", basket=2.0),
            ),
            short="a cohort may stand alone",
            words=True,
            arms="either",
            mixture=True,
        ),
        Family(
            "bias",
            "What a design may hide is an additive bias of its own size, not a discount of patients.",
            (
                r"\operatorname{logit} \pi_{s1} = m_s + \tfrac{1}{2} \delta_s + \beta_s, \quad "
                r"\beta_s \sim \mathrm{Normal}(d_s, b_s^2), \quad \rho_s = 0",
            ),
            "The other way to discount; never together with rho. Effects and treated rates of a study are those "
            "without its bias. b_s is that of its design, and d_s is 0; where analysis.toml declares the sizes of "
            "biases, both follow from the judgements of risk_of_bias.csv, and d_s is 0 unless one states a direction.",
            "Turner et al. 2009, J R Stat Soc A 172:21; Welton et al. 2009, J R Stat Soc A 172:119",
            settings=tuple(BIAS_SETTINGS.values()),
            short="bias added, no discount rho",
            words=True,
            own_discount="bias discounts by an additive bias",
            bias=True,
            in_data=True,
        ),
        Family(
            "moderated",
            "What studies, or parts of a treated arm, differ in moves the effect: a meta-regression.",
            (
                r"\operatorname{logit} \pi_{s0} = m_s - \tfrac{1}{2} \delta_s, \quad "
                r"\operatorname{logit} \pi_{sg} = m_s - \tfrac{1}{2} \delta_s + \delta_{sg}",
                r"\delta_{sg} = \mu + \sum_j \beta_j (x_{sgj} - c_j) + \tau z_s, \quad "
                r"z_s \sim \mathrm{Normal}(0, 1), \quad \beta_j \sim \mathrm{Normal}(0, 0.5^2)",
            ),
            "Parts g of a treated arm (dose levels, routes) share the control, the baseline and z_s, and stand in "
            "place of the whole arm; the effect delta_s of the study is that at the mean of its parts. The centre c_j "
            "is the mean over the studies unless it is declared. The prior of the slopes shrinks, because few studies "
            "differ in many ways; between studies whatever else they differ in can pass for the moderator. Studies "
            "without the covariate are left out and named. One moderator by quadrature and sampled, several sampled.",
            "Thompson and Higgins 2002, Stat Med 21:1559; ICEMAN: Schandelmaier et al. 2020, CMAJ 192:E901",
            poolings=("partial",),
            short="a covariate moves the effect",
            priors=("mu", "tau", "baseline", "moderator"),
            moderators=True,
        ),
        Family(
            "rates",
            "Logit rates of one arm are exchangeable across studies.",
            (r"\operatorname{logit} \pi_s = \theta_s, \quad \theta_s \sim \mathrm{Normal}(\mu, \tau^2)",),
            "The rate of a new study is the meta-analytic-predictive (MAP) prior of a future arm; it is also given as "
            "a mixture of Beta distributions, with effective sample sizes, and made robust by a vague component.",
            "Neuenschwander et al. 2010, Clin Trials 7:5; Schmidli et al. 2014, Biometrics 70:1023",
            settings=(
                Setting("robust", 0.2, 0.0, 1.0, "weight of the vague component Beta(1, 1) in the robust MAP prior"),
            ),
            priors=("mu", "tau"),
            arms="one",
            map_prior=True,
        ),
        Family(
            "beta-rates",
            "Rates of one arm share a Beta distribution.",
            (r"p_s \sim \mathrm{Beta}(\alpha, \beta), \quad p(\alpha, \beta) \propto (\alpha + \beta)^{-5/2}",),
            "The textbook beta-binomial. Its Beta distribution is the overdispersion, so rho is 0. The tails of alpha "
            "and beta are so heavy that means of draws are poor: computed by quadrature unless sampling is asked for.",
            "Gelman et al. 2013, Bayesian Data Analysis, 3rd edition, section 5.3",
            poolings=("partial",),
            priors=(),
            own_prior="(alpha + beta)^(-5/2)",
            own_discount="beta-rates has its own overdispersion",
            arms="one",
            quantities=("alpha", "beta", "mean_rate", "rate_new"),
            hierarchy=False,
        ),
        Family(
            "arm-beta-binomial",
            "Rates of the same arm are exchangeable across studies: one Beta distribution an arm.",
            (
                r"p_{sa} \sim \mathrm{Beta}(\pi_a (1 - \rho) / \rho, \; (1 - \pi_a)(1 - \rho) / \rho)",
                r"\operatorname{logit} \pi_1 = \operatorname{logit} \pi_0 + \mu, \quad \rho \sim \mathrm{Beta}(1, c)",
            ),
            "Breaks the pairing: a treated arm is compared with the controls of all studies, its own among them, so a "
            "difference between study populations can pass for an effect. rho is common to all arms and learnt; the "
            "discount for design does not apply.",
            "Kuss 2015, Stat Med 34:1097",
            engines=("nuts",),
            poolings=("partial",),
            settings=(Setting("c", 9.0, 0.1, 1000.0, "rho ~ Beta(1, c), of mean 1 / (1 + c)"),),
            short="arms not paired",
            priors=("mu", "baseline"),
            own_discount="arm-beta-binomial learns its own overdispersion",
            paired=False,
            ratios=False,
            quantities=("rho",),
        ),
    )
}

MODELS: tuple[str, ...] = tuple(FAMILIES)

PRIMARY: ModelName = "contrast"
"""The model that the others change in one thing."""

MODERATED: ModelName = "moderated"
"""The model that a moderator asks for."""

EFFECT_MODELS: tuple[ModelName, ...] = tuple(f.name for f in FAMILIES.values() if f.arms != "one" and not f.moderators)
"""Models of the average effect between two arms, the primary first; one of moderators asks what moves it."""
