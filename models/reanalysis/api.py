"""The functions people call: every verb of the package, typed, as notebooks and scripts use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import pandas as pd

from reanalysis.alternatives import tipping
from reanalysis.alternatives.averaging import Averaging, averaged
from reanalysis.alternatives.multiverse import multiverse as crossed
from reanalysis.alternatives.multiverse.multiverse import MOST, Multiverse
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import as_table
from reanalysis.alternatives.weighed_ledger import WeighedLedger, weigh
from reanalysis.estimands.map_prior import MapPrior
from reanalysis.estimands.table import effects_table, map_prior_of
from reanalysis.estimands.uncertain_control import effects_at_map
from reanalysis.evidence.audit import ledger
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.gates.checked_fit import CheckedFit, fit_endpoint
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import Anchor, ArmName, Engine, ModelName, Pooling, Priors, Route
from reanalysis.model.specification import specification

if TYPE_CHECKING:
    from reanalysis.builds.build import Built


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


def fit(evidence: Evidence, endpoint: str, engine: Engine | None = None, **choices: Unpack[Choices]) -> CheckedFit:
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
    **choices
        As of :func:`reanalysis.model.specification.specification`.

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
    spec = specification(evidence, endpoint, engine=engine, **choices)
    return fit_endpoint(evidence, endpoint, spec, engine or spec.by_default)


def effects(fitted: CheckedFit, baseline: Literal["map"] | None = None) -> pd.DataFrame:
    """Odds ratios, risks, risk differences and probabilities of a fitted endpoint.

    Parameters
    ----------
    fitted : CheckedFit
        A fit of a model of contrasts with partial pooling.
    baseline : {"map"}, optional
        Average risks over the control rate of a new population, the MAP prior of the folder's control arms, instead of
        fixing it; by default the named control risks, one after the other.

    Returns
    -------
    DataFrame
        One row a quantity: of what (average, new study, a study), at which control risk; mean, SD, median and 95 %
        interval (risks as proportions); P(fewer events), and P(benefit) where a good side is declared.

    Raises
    ------
    InvalidInput
        If the fit has no average effect.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> table = ra.effects(ra.fit(evidence, "infection_g3"))
    >>> "risk difference" in " ".join(map(str, table.index))
    True
    """
    if baseline == "map":
        return effects_at_map(fitted.evidence, fitted.posterior)
    if baseline is not None:
        raise InvalidInput([f"baseline {baseline!r}: must be 'map', or left out"])
    return effects_table(fitted.evidence, fitted.posterior)


def map_prior(fitted: CheckedFit) -> MapPrior:
    """The meta-analytic-predictive prior of a future arm's rate, as a mixture of Beta distributions.

    Parameters
    ----------
    fitted : CheckedFit
        A fit of the model ``rates`` with partial pooling.

    Returns
    -------
    MapPrior
        ``.mixture`` and ``.robust`` are mixtures, which :func:`reanalysis.write_mixture` writes as RBesT reads them;
        ``.size()`` are effective sample sizes in patients.

    Raises
    ------
    InvalidInput
        If the fit has no new study's rate.
    """
    found = map_prior_of(fitted.posterior)
    if found is None:
        spec = fitted.spec
        raise InvalidInput(
            [f"map_prior: {spec.model} with {spec.pooling} pooling has none; fit rates, partially pooled"]
        )
    return found


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
    return crossed.multiverse(evidence, endpoint, spec, executor=executor, most=most)


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


def report(
    data: Path | str,
    out: Path | str,
    engine: Engine = "nuts",
    seed: int | None = None,
    all_models: bool = False,
) -> Built:
    """Build and publish the whole report, as ``reanalysis report`` does.

    Parameters
    ----------
    data, out : Path or str
        Evidence folder, and the folder to publish to.
    engine : {"nuts", "quadrature"}
        Engine that checks the published posteriors; ``quadrature`` samples nothing.
    seed : int, optional
        Instead of the folder's.
    all_models : bool
        Whether to sample the models without quadrature as well, for what they say of each endpoint of the first page.

    Raises
    ------
    InvalidInput
        If the folder is malformed, inconsistent, or compares nothing.
    EngineError
        If an engine cannot give a posterior.

    Examples
    --------
    >>> built = ra.report("my_evidence", "reports/mine")  # doctest: +SKIP
    >>> ra.report("no_such_folder", "reports/mine")
    Traceback (most recent call last):
    reanalysis.evidence.problems.InvalidInput: no_such_folder: does not exist; an evidence folder holds arms.csv
    """
    from reanalysis.analysis.request import Request
    from reanalysis.builds.build import build_report

    return build_report(Path(data), Path(out), Request(engine, seed, all_models))
