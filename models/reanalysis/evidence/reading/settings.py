"""What analysis.toml and sources.toml hold: studies, endpoints, priors, margins, each with a default; and sources."""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Literal

from pydantic import Field, field_validator, model_validator

from reanalysis.evidence.reading.declared_priors import ExpectedEffect, InformedPrior
from reanalysis.evidence.reading.declared_priors import Frozen as _Frozen

Design = Literal["randomised", "weighted", "matched", "historical", "external"]

DEFAULT_K_GRID = (0.5, 0.65, 0.75, 0.8, 1.0)
_MOST_AUTHORS = 90
"""Characters of a list of authors that is shown whole."""
LARGEST_N_MAX = 10_000
"""Beyond this a denominator is not searched for: every percentage fits most of the numbers there."""
LARGEST_WEIGHT = 1e6
"""Largest weight of an event against another's."""
LARGEST_TRIAL = 1_000
"""Patients of both arms of the largest trial that a report plans."""
ADDRESS = r"^(https?://\S+)?$"
SMALLEST_RHO = 1e-6
"""Intra-arm correlations below this and above 0 lose digits in the beta-binomial and change nothing."""


class Denominator(_Frozen):
    """Prior of the denominator that an arm's percentages, or its counts, share and that is not printed.

    Every size from 1 to ``n_max`` that the figures allow is considered. Without ``n_max``, weights of sum 1 end at the
    largest of them; else the largest n printed for the arm, for a count beside its percentage, or for the other arm
    ends the search, and a percentage with none of them is malformed. A count without n or percentage needs ``n_max``.
    ``weight`` puts mass on named values; what is left is divided evenly over the other feasible values.
    """

    n_max: int | None = Field(None, ge=1, le=LARGEST_N_MAX, description="largest size considered")
    weight: dict[int, float] = Field(
        default_factory=dict, description="prior mass of named sizes, such as { 40 = 0.6 }"
    )
    reason: str = Field("", description="why")

    @property
    def bound(self) -> int | None:
        """Largest size declared: ``n_max``, or the largest of weights that leave nothing for others; else None."""
        if self.n_max is None and math.isclose(sum(self.weight.values()), 1):
            return max(self.weight)
        return self.n_max

    @field_validator("weight")
    @classmethod
    def _weights(cls, weight: dict[int, float]) -> dict[int, float]:
        if any(not 0 < w <= 1 for w in weight.values()) or sum(weight.values()) > 1 + 1e-9:
            raise ValueError("weights lie between 0 and 1 and sum to 1 at most")
        if any(not 1 <= n <= LARGEST_N_MAX for n in weight):
            raise ValueError(f"denominators are 1 to {LARGEST_N_MAX}")
        return weight

    @model_validator(mode="after")
    def _within(self) -> Denominator:
        beyond = [n for n in self.weight if self.n_max is not None and n > self.n_max]
        if beyond:
            raise ValueError(f"weight names n = {beyond[0]}, above n_max = {self.n_max}")
        return self


class PrimaryEndpoint(_Frozen):
    """What a study set out to show: an endpoint where it has an id, and whether its source calls it met."""

    endpoint: str = Field("", description="its id, where arms.csv has it")
    result: Literal["met", "not met", "not stated"] = Field(description="whether the source calls it met")
    locator: str = Field("", description="where it says so")


class Conclusion(_Frozen):
    """What a study's authors conclude, told in a sentence, and where it stands in the study's source."""

    text: str = Field(min_length=1, description="the sentence")
    locator: str = Field("", description="where it stands")


class Study(_Frozen):
    """One study: how it was designed, what its authors concluded, and the facts readers compare cohorts by."""

    label: str = Field("", description="name for readers")
    design: Design | None = Field(None, description="decides the discount rho of its arms")
    design_note: str = Field("", description="what the design class leaves out, such as historical controls")
    product: str = Field("", description="what was infused: the key of benchmarks.csv")
    source: str = Field("", description="key in sources.toml")
    k: float | None = Field(None, gt=0, le=1, description="effective-size factor of a weighted cohort")
    k_reason: str = Field("", description="why that k")
    k_grid: tuple[float, ...] = Field(DEFAULT_K_GRID, description="values of k in the sensitivity")
    facts: dict[str, str] = Field(default_factory=dict, description="rows of the table of cohorts")
    primary_endpoint: PrimaryEndpoint | None = Field(None, description="what it set out to show")
    conclusion: Conclusion | None = Field(None, description="what its authors conclude")
    denominator: dict[Literal["control", "treated"], Denominator] = Field(
        default_factory=dict, description="by arm: of sizes that are not printed"
    )
    covariates: dict[str, float] = Field(default_factory=dict, description="values of moderators, by name")

    @field_validator("k_grid")
    @classmethod
    def _grid(cls, grid: tuple[float, ...]) -> tuple[float, ...]:
        if not grid or any(not 0 < k <= 1 for k in grid):
            raise ValueError("factors lie above 0 and at or below 1")
        return tuple(sorted(set(grid)))


class Baseline(_Frozen):
    """A named control risk at which effects are translated into risks."""

    label: str = Field(description="its name")
    percent: float = Field(gt=0, lt=100, description="the control risk")
    source: str = Field("", description="key in sources.toml")
    reason: str = Field("", description="why this one")
    checked: bool | None = Field(None, description="whether a published text was seen that gives the figure")


class Judgement(_Frozen):
    """A declared judgement of one domain of certainty, with its reason."""

    judgement: Literal["not serious", "serious", "very serious"] = Field(description="how serious")
    reason: str = Field(min_length=1, description="why")


class CertaintyDeclared(_Frozen):
    """Domains of certainty that no figure decides: how directly the evidence answers, and what may be unreported."""

    indirectness: Judgement | None = None
    reporting: Judgement | None = None


class Weight(_Frozen):
    """What one event of an endpoint weighs against those of others: above 0 where it harms, below 0 where it helps."""

    weight: float = Field(ge=-LARGEST_WEIGHT, le=LARGEST_WEIGHT, description="of one event")
    reason: str = Field(min_length=1, description="why")


class Moderator(_Frozen):
    """A covariate that may explain why effects differ: of studies, or of parts of a treated arm by their subgroup.

    ``centre`` is the value at which the average effect is given, by default the mean over the studies of an endpoint.
    ``levels`` gives the value of each ``subgroup`` of arms.csv, and names these values; ``values`` names others at
    which the effect is told.
    """

    label: str = Field("", description="name for readers")
    centre: float | None = Field(None, description="value at which the average effect is given; else the studies' mean")
    levels: dict[str, float] = Field(default_factory=dict, description="its value by subgroup of a treated arm")
    values: dict[str, float] = Field(default_factory=dict, description="named values at which the effect is told")
    reason: str = Field("", description="why it may matter")


class Endpoint(_Frozen):
    """One endpoint: its name, its good side, the endpoint it is part of and the margins that matter."""

    label: str = Field("", description="name for readers")
    better: Literal["lower", "higher"] | None = Field(
        None, description="the good side; without it no side is called good"
    )
    headline: bool = Field(False, description="whether it is on the first page")
    kind: Literal["outcome", "baseline", "process"] = Field("outcome", description="only outcomes are modelled")
    part_of: str = Field("", description="an endpoint that counts all these patients and others")
    margins: tuple[float, ...] = Field(
        (5.0, 10.0),
        description="differences that matter, in percentage points; by default 5 and 10, or a quarter and half of the "
        "mean rate of all arms (or of the rest to 100 %) where that is less",
    )
    rope: float = Field(
        5.0,
        gt=0,
        lt=100,
        description="half-width of the trivial range, in points; by default the smallest margin",
    )
    margins_reason: str = Field("", description="why these margins and this rope, instead of what [reasons] says")
    baselines: tuple[Baseline, ...] = ()
    expected: ExpectedEffect | None = Field(None, description="effect that was expected, for optimistic priors")
    note: str = Field("", description="what readers must know of it")
    certainty: CertaintyDeclared = CertaintyDeclared()

    @field_validator("margins")
    @classmethod
    def _margins(cls, margins: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 < m < 100 for m in margins):
            raise ValueError("margins are percentage points between 0 and 100")
        return tuple(sorted(set(margins)))

    @model_validator(mode="after")
    def _expected_to_help(self) -> Endpoint:
        """Optimists expect the good side."""
        if self.expected is not None and self.better != ("lower" if self.expected.odds_ratio < 1 else "higher"):
            raise ValueError("expected: the odds ratio must lie on the better side, which must be declared")
        return self


class PriorTexts(_Frozen):
    """Priors of the contrast model, as distribution strings."""

    mu: str = Field("normal(0,1)", description="of the average log odds ratio")
    tau: str = Field("halfnormal(0.5)", description="of the heterogeneity")
    baseline: str = Field("normal(0,10)", description="of each study's baseline, on the logit scale")
    moderator: str = Field("normal(0,0.5)", description="of the slope in each moderator")
    anchor: Literal["midpoint", "control"] = Field("midpoint", description="whether that is the mean of its logits")


class Rho(_Frozen):
    """Intra-arm correlation by design class: the discount for what a design cannot rule out."""

    randomised: float = Field(0.0, ge=0, lt=1)
    weighted: float = Field(0.01, ge=0, lt=1)
    matched: float = Field(0.02, ge=0, lt=1)
    historical: float = Field(0.02, ge=0, lt=1)
    external: float = Field(0.05, ge=0, lt=1)

    @field_validator("*")
    @classmethod
    def _resolved(cls, rho: float) -> float:
        if 0 < rho < SMALLEST_RHO:
            raise ValueError(f"rho is 0, or at least {SMALLEST_RHO:g} and below 1")
        return rho


class NextTrial(_Frozen):
    """What the next randomised trial is planned for, and how many patients both of its arms have together."""

    endpoints: tuple[str, ...] = Field((), description="those of the first page where none is named")
    patients: tuple[int, ...] = Field((100, 200, 400), description="of both arms together, even numbers")
    reason: str = Field("", description="why these endpoints and sizes")

    @field_validator("patients")
    @classmethod
    def _sizes(cls, patients: tuple[int, ...]) -> tuple[int, ...]:
        if not patients or any(n % 2 or not 2 <= n <= LARGEST_TRIAL for n in patients):
            raise ValueError(f"patients of both arms are even numbers from 2 to {LARGEST_TRIAL}")
        return tuple(sorted(set(patients)))


class Words(_Frozen):
    """What words without figures say of two arms' counts, and of what rate they are said.

    ``no difference`` is said where the pooled chi-square test has p above ``alpha``, ``lower`` and ``higher`` where it
    has not, and ``similar`` where rates differ by ``points`` percentage points at most. ``baseline`` is the prior of
    the mean logit of both arms. With ``benchmarks``, where benchmarks.csv has a rate of the study's product, it is that
    of its control logit, which is the benchmark's with probability ``benchmark_weight``.
    """

    alpha: float = Field(0.05, gt=0, lt=1, description="level of the test")
    points: float = Field(10.0, gt=0, lt=100, description="still similar")
    baseline: str = Field("logistic(0,1)", description="normal or logistic")
    benchmarks: bool = Field(False, description="whether benchmarks of products are priors of control rates")
    benchmark_weight: float = Field(0.5, gt=0, le=1, description="of the benchmark")
    reason: str = Field("", description="why these rules")

    @field_validator("baseline")
    @classmethod
    def _proper(cls, text: str) -> str:
        """Near rates of 0 and 1 nothing differs, so that a prior with heavy tails would make words empty."""
        found = re.fullmatch(r"(?:normal|logistic)\(\s*(-?[0-9.]+)\s*,\s*([0-9.]+)\s*\)", text.lower())
        try:
            right = found is not None and abs(float(found[1])) <= 10 and 0 < float(found[2]) <= 10
        except ValueError:
            right = False
        if not right:
            raise ValueError("must be normal(mean,sd) or logistic(mean,scale), of a scale above 0 and at most 10")
        return text


class BiasSizes(_Frozen):
    """What each domain of risk_of_bias.csv may add to a log odds ratio by its judgement, a root mean square.

    The biases of the domains are independent: the squares of their sizes add (see :mod:`reanalysis.model.discounts`).
    """

    low: float = Field(0.0, ge=0, le=10, description="log odds that a domain so judged may add")
    moderate: float = Field(0.1, ge=0, le=10, description="log odds that a domain so judged may add")
    serious: float = Field(0.2, ge=0, le=10, description="log odds that a domain so judged may add")
    critical: float = Field(0.4, ge=0, le=10, description="log odds that a domain so judged may add")
    no_information: float = Field(0.2, ge=0, le=10, description="log odds that a domain so judged may add")
    reason: str = Field(min_length=1, description="why biases have these sizes")

    def of(self, judgement: str) -> float:
        """Size of a judgement of risk_of_bias.csv."""
        return float(getattr(self, judgement.replace(" ", "_")))


class Reasons(_Frozen):
    """Why priors, discounts and margins are as they are; what belongs to one study or endpoint stands there."""

    priors: dict[Literal["mu", "tau", "baseline", "moderator", "anchor"], str] = Field(
        default_factory=dict, description="by name of the prior"
    )
    rho: dict[Design, str] = Field(default_factory=dict, description="by design")
    margins: str = Field("", description="of every endpoint that gives none of its own")


class ReportDetails(_Frozen):
    """Who made a report, of what date its evidence is, and what readers must be told; all of it optional."""

    authors: str = Field("", description="names, separated by semicolons")
    contact: str = Field("", description="an address")
    date: str = Field("", description="of the evidence: a year, a month or a day")
    licence: str = Field("", description="of the report")
    funding: str = Field("", description="as declared")
    conflicts: str = Field("", description="as declared")
    protocol: str = Field("", description="where it is registered")
    url: str = Field("", pattern=ADDRESS, description="where it is published")

    @field_validator("date", mode="before")
    @classmethod
    def _date(cls, given: object) -> object:
        """A day, a month or a year of ISO 8601; dates of TOML are taken as they are."""
        text = given.isoformat() if type(given) is date else str(given) if type(given) is int else given
        if isinstance(text, str) and text:
            parts = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?", text)
            try:
                if parts is None:
                    raise ValueError
                date(int(parts[1]), int(parts[2] or 1), int(parts[3] or 1))
            except ValueError:
                raise ValueError("must be a date such as 2025-12-31, 2025-12 or 2025") from None
        return text


class Settings(_Frozen):
    """All of analysis.toml."""

    def __repr__(self) -> str:
        return f"Settings({', '.join(name for name in type(self).model_fields if name in self.model_fields_set)})"

    title: str = Field("", description="of the report")
    question: str = Field("", description="in one sentence")
    treated_label: str = Field("treated", description="what the treated arm is called")
    control_label: str = Field("control", description="what the control arm is called")
    population: str = Field("", description="of the question")
    search: str = Field("", description="how the evidence was found")
    seed: int = Field(20240501, ge=0, lt=2**31, description="of every random step")
    limits: tuple[str, ...] = Field((), description="sentences that readers must be told")
    studies: dict[str, Study] = Field(default_factory=dict)
    endpoints: dict[str, Endpoint] = Field(default_factory=dict)
    moderators: dict[str, Moderator] = Field(default_factory=dict)
    priors: PriorTexts = PriorTexts()
    informed: dict[str, InformedPrior] = Field(default_factory=dict)
    rho: Rho = Rho()
    certainty: CertaintyDeclared = CertaintyDeclared()
    weights: dict[str, Weight] = Field(default_factory=dict)
    next_trial: NextTrial = NextTrial()
    words: Words = Words()
    bias: BiasSizes | None = None
    reasons: Reasons = Reasons()
    report: ReportDetails = ReportDetails()


class Source(_Frozen):
    """One entry of the bibliography."""

    title: str = Field("", description="of the text")
    authors: str = Field("", description="as printed")
    year: int | None = Field(None, description="of publication")
    venue: str = Field("", description="journal, volume and pages")
    kind: str = Field("", description="such as abstract, letter, news report")
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    nct: str = ""
    url: str = Field("", pattern=ADDRESS, description="where it is")
    outside: str = Field("", description="what was found elsewhere and does not stand in the text that was read")
    note: str = Field("", description="what readers must know of it")

    @property
    def citation(self) -> str:
        """Authors, the first of many, title, venue and year in one line."""
        authors = self.authors if len(self.authors) < _MOST_AUTHORS else f"{self.authors.split(',')[0]} and others"
        place = ", ".join(part for part in (self.venue, str(self.year or "")) if part)
        return ". ".join(part for part in (authors, self.title, place) if part)


KEYS = tuple(key for table in _Frozen.__subclasses__() for key in table.model_fields)
"""Every key that there is, to suggest for one that is misspelt."""
