"""The functions people call: every verb of the package, typed, as notebooks and scripts use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import asdict
from typing import Literal, TypedDict, Unpack

import pandas as pd

from reanalysis.alternatives import tipping
from reanalysis.alternatives.averaging import Averaging, averaged
from reanalysis.alternatives.multiverse import multiverse as crossed
from reanalysis.alternatives.multiverse.multiverse import MOST, Multiverse
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import as_table
from reanalysis.alternatives.weighed_ledger import WeighedLedger, weigh
from reanalysis.api.fitted import Fit, require_fit
from reanalysis.api.progress import working
from reanalysis.estimands.summary import LEVEL, require_proportions
from reanalysis.estimands.table import effects_table
from reanalysis.estimands.uncertain_control import effects_at_map
from reanalysis.evidence.audit import ledger
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import BadChoice, InvalidInput, Problem
from reanalysis.gates.checked_fit import CheckedFit, fit_endpoint
from reanalysis.model.choices import bad_sampling
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import Anchor, ArmName, Engine, ModelName, ModelSpec, Pooling, Priors, Route
from reanalysis.model.specification import specification as specified


class Choices(TypedDict, total=False):
    """Choices of a specification by name, as :func:`reanalysis.model.specification.specification` takes them."""

    model: ModelName
    pooling: Pooling
    priors: Mapping[str, str | Distribution] | Priors | Iterable[str]
    arm: ArmName
    anchor: Anchor
    settings: Mapping[str, float] | Iterable[str]
    rho: float | None
    k: float | None
    leave_out: str | Iterable[str]
    route: Route
    words: bool
    readings: Mapping[str, str]
    denominators: Mapping[str, int]
    moderators: str | Iterable[str]
    at: Mapping[str, float | Iterable[float]] | Iterable[str]
    seed: int | None


def specification(
    evidence: Evidence, endpoint: str | None = None, *, engine: Engine | None = None, **choices: Unpack[Choices]
) -> ModelSpec:
    """The folder's specification with some choices changed; a choice that is None is the folder's.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str, optional
        Endpoint id that is meant, checked here.
    engine : {"nuts", "quadrature"}, optional
        Engine that is meant, checked here, because a model may lack it.
    **choices
        As of :func:`reanalysis.model.specification.specification`: ``model``, ``pooling``, ``priors``, ...

    Raises
    ------
    InvalidInput
        With everything that is wrong.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> spec = ra.specification(evidence, "icans_any", priors={"tau": "halfnormal(1)"}, rho=0)
    >>> str(spec.priors.tau), spec.rho
    ('halfnormal(1)', 0.0)
    """
    return specified(evidence, endpoint, engine=engine, **choices)


def fit(
    evidence: Evidence,
    endpoint: str,
    engine: Engine | None = None,
    *,
    draws: int | None = None,
    chains: int | None = None,
    tune: int | None = None,
    target_accept: float | None = None,
    **choices: Unpack[Choices],
) -> Fit:
    """Fit one endpoint and judge the fit.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    engine : {"nuts", "quadrature"}, optional
        Quadrature takes milliseconds and is used unless told otherwise where the model has it; NUTS is held against it
        by the gates.
    draws, chains, tune, target_accept : optional
        Settings of NUTS: 4 chains of 1,000 tuning and 4,000 kept draws at a target acceptance of 0.95 by default.
        Quadrature has no use for them and refuses them.
    **choices
        As of :func:`reanalysis.model.specification.specification`.

    Returns
    -------
    Fit
        ``.summary()``, ``.plot()``, ``.draws()``, ``.to_frame()``, ``.predict()``; it prints its summary.

    Raises
    ------
    InvalidInput
        If a choice or the endpoint means nothing, or the print contradicts itself.
    EngineError
        If an engine cannot give the posterior.

    Examples
    --------
    >>> evidence = ra.load("validation/bcg")
    >>> fitted = ra.fit(evidence, "tuberculosis")
    >>> fitted.table().loc[("", "odds_ratio"), ["lower", "median", "upper"]].round(2).tolist()
    [0.3, 0.47, 0.72]
    >>> sceptical = ra.fit(evidence, "tuberculosis", priors={"mu": "normal(0,0.2)"}, leave_out="4")
    """
    settings = {"draws": draws, "chains": chains, "tune": tune, "target_accept": target_accept}
    spec, used = _asked(evidence, endpoint, engine, settings, choices)
    asked = {name: value for name, value in settings.items() if value is not None}
    if used == "quadrature":
        return Fit.of(fit_endpoint(evidence, endpoint, spec, used))
    from reanalysis.engines.nuts.engine import Sampler

    sampler = Sampler(**asked)  # type: ignore[arg-type]  # each of the type of its parameter, as it was checked
    with working(f"fitting {endpoint} by NUTS; compiling comes first"):
        return Fit.of(fit_endpoint(evidence, endpoint, spec, used, sampler))


def effects(fitted: CheckedFit, baseline: float | Literal["map"] | None = None, level: float = LEVEL) -> pd.DataFrame:
    """Odds ratios, risks, risk differences and probabilities of a fitted endpoint.

    Parameters
    ----------
    fitted : CheckedFit
        A fit of a model of contrasts that has a headline effect.
    baseline : float or "map", optional
        Control risk at which risks are given, a proportion: 0.35 is 35 %. By default the median control rate that the
        studies report, then those that the folder names; the table states each. ``"map"`` averages over the control
        rate of a new population, the MAP prior of the folder's control arms, instead of fixing it.
    level : float
        Coverage of the equal-tailed intervals.

    Returns
    -------
    DataFrame
        One row a quantity: of what (average, new study, a study), at which control risk; mean, SD, median and
        interval (risks as proportions); P(fewer events), and P(benefit) where a good side is declared.

    Raises
    ------
    InvalidInput
        If the fit has no headline effect, or a number is no proportion.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> table = ra.effects(ra.fit(evidence, "infection_g3"))
    >>> "risk difference" in " ".join(map(str, table.index))
    True
    """
    require_fit(fitted)
    if baseline == "map":
        require_proportions(level=level)
        return effects_at_map(fitted.evidence, fitted.posterior, level)
    if isinstance(baseline, str):
        raise InvalidInput([BadChoice("baseline", f" {baseline!r}: must be 'map' or a proportion, 0.35")])
    return effects_table(fitted.evidence, fitted.posterior, baseline, level)


def audit(evidence: Evidence) -> WeighedLedger:
    """Check every printed figure, and weigh what the findings do to the results.

    Returns
    -------
    WeighedLedger
        ``.table()`` lists the findings, ``.influence_table()`` what they move, ``.question_table()`` what to ask.

    Examples
    --------
    >>> weighed = ra.audit(ra.load("anakinra"))
    >>> "error" in set(weighed.table()["severity"])
    False
    >>> questions = weighed.question_table()
    """
    spec = specification(evidence)
    with working("weighing the findings"):
        return weigh(evidence, ledger.audit(evidence), spec)


def sensitivity(evidence: Evidence, endpoint: str, **choices: Unpack[Choices]) -> pd.DataFrame:
    """The headline under every alternative that the report shows, leave-one-out first, by quadrature.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    **choices
        As of :func:`reanalysis.model.specification.specification`: what the alternatives are alternatives to.

    Returns
    -------
    DataFrame
        One row an alternative: ``group``, ``choice``, odds ratios and probabilities; what is not defined is NaN.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> rows = ra.sensitivity(evidence, "cr")
    >>> list(rows["group"].unique())[:3]
    ['leave one out', 'discounts', 'effective size']
    """
    groups = sensitivity_set(evidence, specification(evidence, endpoint, **choices), endpoint)
    return as_table([outcome for outcomes in groups.values() for outcome in outcomes])


def multiverse(
    evidence: Evidence,
    endpoint: str,
    executor: Executor | None = None,
    most: int = MOST,
    **choices: Unpack[Choices],
) -> Multiverse:
    """Every combination of the choices, fitted by quadrature.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    executor : Executor, optional
        What runs the fits; by default this process.
    most : int
        Combinations of choices about the evidence; a choice that would make more is held, and named in ``.held``.
    **choices
        As of :func:`reanalysis.model.specification.specification`: the primary specification.

    Returns
    -------
    Multiverse
        ``.table`` has one row a specification.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> found = ra.multiverse(evidence, "infection_g3", most=20)
    >>> len(found.table) > 100
    True
    """
    spec = specification(evidence, endpoint, **choices)
    with working(f"crossing the choices of {endpoint}") as progress:
        return crossed.multiverse(evidence, endpoint, spec, executor=executor, progress=progress, most=most)


def average(evidence: Evidence, endpoint: str, **choices: Unpack[Choices]) -> Averaging:
    """Four models, with and without an effect, with and without heterogeneity, weighed by their evidence and averaged.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    **choices
        As of :func:`reanalysis.model.specification.specification`: the model that has both an effect and heterogeneity,
        whose priors the others share.

    Returns
    -------
    Averaging
        ``.to_frame()`` lists the models with their log evidence and probabilities, ``.log_odds_ratio`` is the averaged
        effect, ``.text`` says it in words, ``.as_dict()`` is everything.

    Raises
    ------
    InvalidInput
        If a choice or the endpoint means nothing, the model has no hierarchy of effects, or the print contradicts
        itself.
    EngineError
        If the evidence of a model cannot be computed.

    Examples
    --------
    >>> averaged = ra.average(ra.load("anakinra"), "icans_any")
    >>> len(averaged.to_frame())
    4
    >>> 0 < averaged.as_dict()["probability_effect"] < 0.5
    True
    """
    spec = specification(evidence, endpoint, **choices)
    ledger.require_consistent(evidence, (endpoint,))
    return averaged(evidence, spec, endpoint)


def tipping_points(evidence: Evidence, endpoint: str, **choices: Unpack[Choices]) -> pd.DataFrame:
    """The value of each assumption at which P(benefit) or P(harm) crosses 0.5, 0.8 and 0.95.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    **choices
        As of :func:`reanalysis.model.specification.specification`: the primary specification.

    Returns
    -------
    DataFrame
        One row an assumption, side and threshold; ``value`` is missing where none from ``low`` to ``high`` crosses it.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> points = ra.tipping_points(evidence, "infection_g3")
    >>> crossing = points[["assumption", "now", "threshold", "value"]]
    """
    found = tipping.tipping_points(evidence, endpoint, specification(evidence, endpoint, **choices))
    return pd.DataFrame([asdict(point) for point in found])


def _asked(
    evidence: Evidence, endpoint: str, engine: Engine | None, settings: Mapping[str, float | None], choices: Choices
) -> tuple[ModelSpec, Engine]:
    """Specification and engine of a request; everything that is wrong with either and with the sampler at once."""
    problems: list[Problem | str] = []
    try:
        spec = specification(evidence, endpoint, engine=engine, **choices)
        used = engine or spec.by_default
    except InvalidInput as error:
        problems += error.problems
        used = "quadrature" if engine == "quadrature" else "nuts"
    problems += bad_sampling(settings, used)
    if problems:
        raise InvalidInput(problems)
    return spec, used
