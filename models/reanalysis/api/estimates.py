"""What people ask of fits beside effects: numbers needed, statements' probabilities, MAP priors, and fits compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from reanalysis.api.comparison import compared
from reanalysis.api.fitted import require_fit
from reanalysis.estimands import probability as stated
from reanalysis.estimands.headline import headline
from reanalysis.estimands.map_prior import MapPrior
from reanalysis.estimands.risks import NumberNeeded, asked_baselines, at_baseline
from reanalysis.estimands.summary import LEVEL, require_proportions
from reanalysis.estimands.table import map_prior_of
from reanalysis.evidence.problems import InvalidInput
from reanalysis.gates.checked_fit import CheckedFit


def number_needed(fitted: CheckedFit, baseline: float | None = None, level: float = LEVEL) -> NumberNeeded:
    """Number needed to treat for one patient to be helped, or to be harmed, by the headline effect.

    Parameters
    ----------
    fitted : CheckedFit
        A fit of an endpoint whose good side is declared.
    baseline : float, optional
        Control risk, a proportion; by default the first that :func:`effects` states.
    level : float
        Coverage of the interval.

    Returns
    -------
    NumberNeeded
        It prints as ``NNH 48 (NNT 6.8 to infinity; NNH 4.6 to infinity)``: where the risk difference spans 0 the
        interval has two pieces that meet at infinity (Altman 1998, BMJ 317:1309).

    Raises
    ------
    InvalidInput
        If the fit has no headline effect, no side is declared good, or a number is no proportion.

    Examples
    --------
    >>> fitted = ra.fit(ra.load("validation/bcg"), "tuberculosis")
    >>> needed = ra.number_needed(fitted, baseline=0.1)
    """
    require_fit(fitted)
    require_proportions(baseline, level)
    endpoint = fitted.evidence.endpoint(fitted.endpoint)
    effect = headline(fitted.posterior).log_odds_ratio
    at = asked_baselines(fitted.evidence, fitted.posterior, baseline)[0]
    needed = at_baseline(effect, at, endpoint, level).needed
    if needed is None:
        raise InvalidInput(
            [f"number_needed: no side of {fitted.endpoint} is declared good; set better of the endpoint"]
        )
    return needed


def probability(fitted: CheckedFit, statement: str, *, baseline: float | None = None, of: str | None = None) -> float:
    """Posterior probability of a statement about one quantity.

    Parameters
    ----------
    fitted : CheckedFit
        The fit.
    statement : str
        Quantity, comparison and number, such as ``"risk_difference < -0.05"``, ``"odds_ratio > 1.2"`` or
        ``"-0.05 < risk_difference < 0.05"``. Quantities are called as in :func:`effects`; risks are proportions, and
        ``5 %`` is 0.05. An unknown quantity is refused with a list of those that there are.
    baseline : float, optional
        Control risk of risk differences, risk ratios and treated risks, a proportion; by default the first that
        :func:`effects` states, and of a study that is named its own.
    of : str, optional
        ``"average"``, ``"new study"`` or a study; by default the headline: the average, or the one study's own.

    Raises
    ------
    InvalidInput
        If the statement cannot be read, or a quantity or study is unknown.

    Examples
    --------
    >>> fitted = ra.fit(ra.load("anakinra"), "infection_g3")
    >>> 0.9 < ra.probability(fitted, "odds_ratio > 1") < 0.95
    True
    """
    require_fit(fitted)
    return stated.probability(fitted.evidence, fitted.posterior, statement, baseline, of)


def compare(
    fits: Mapping[str, CheckedFit] | Iterable[CheckedFit],
    baseline: float | None = None,
    level: float = LEVEL,
    loo: bool = True,
) -> pd.DataFrame:
    """Fits of the same data side by side, all at the same control risk.

    Parameters
    ----------
    fits : mapping of str to CheckedFit, or several
        Of one endpoint and the same reports; without names each is called by what tells it from the others.
    baseline : float, optional
        Control risk of the risk differences, a proportion; by default the first that :func:`effects` states of the
        first fit.
    level : float
        Coverage of the intervals.
    loo : bool
        Whether to predict each study from the others.

    Returns
    -------
    DataFrame
        One row a fit: ``log_evidence`` and, with equal odds beforehand, the ``probability`` of each; the effect that
        stands for the endpoint, of what, with its interval; the median of ``tau``, probabilities of its sides, the
        median risk difference at ``control_risk``; ``left_out``, the sum over studies of the log predictive density of
        each given the others, exact by quadrature; and of fits by NUTS ``elpd_loo`` over arms with its standard error
        and the largest ``pareto_k`` (above 0.7 it is not to be trusted; with few studies it mostly is). What does not
        exist is NaN.

    Raises
    ------
    InvalidInput
        If the fits are of different data: their evidence would be on different scales.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> fits = [ra.fit(evidence, "icans_any"), ra.fit(evidence, "icans_any", pooling="complete")]
    >>> "log_evidence" in ra.compare(fits)
    True
    """
    return compared(fits, baseline, level, loo)


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

    Examples
    --------
    >>> rates = ra.fit(ra.load("validation/as"), "response", model="rates")
    >>> prior = ra.map_prior(rates)
    >>> 0.2 < prior.mixture.mean() < 0.3
    True
    """
    found = map_prior_of(fitted.posterior)
    if found is None:
        spec = fitted.spec
        raise InvalidInput(
            [f"map_prior: {spec.model} with {spec.pooling} pooling has none; fit rates, partially pooled"]
        )
    return found
