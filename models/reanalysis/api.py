"""The functions people call: every verb of the package, typed, as notebooks and scripts use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import pandas as pd

from reanalysis.alternatives import tipping
from reanalysis.alternatives.multiverse import multiverse as crossed
from reanalysis.alternatives.multiverse.multiverse import MOST, Multiverse
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import as_table
from reanalysis.alternatives.weighed_ledger import WeighedLedger, weigh
from reanalysis.decisions.decision import Decision
from reanalysis.decisions.decision import decide as made_decision
from reanalysis.decisions.design_result import Designs
from reanalysis.decisions.designs import designs
from reanalysis.engines.batches import Progress
from reanalysis.estimands.beta_mixture import BetaMixture
from reanalysis.estimands.table import effects_table
from reanalysis.evidence.audit import ledger
from reanalysis.evidence.evidence import Evidence
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
    readings: Mapping[str, str]
    denominators: Mapping[str, int]
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
    """
    spec = specification(evidence, endpoint, engine=engine, **choices)
    return fit_endpoint(evidence, endpoint, spec, engine or spec.family.by_default)


def effects(fitted: CheckedFit) -> pd.DataFrame:
    """Odds ratios, risks, risk differences and probabilities of a fitted endpoint.

    Parameters
    ----------
    fitted : CheckedFit
        A fit of a model of contrasts with partial pooling.

    Returns
    -------
    DataFrame
        One row a quantity: of what (average, new study, a study), at which control risk; mean, SD, median and 95 %
        interval (risks as proportions); P(fewer events), and P(benefit) where a good side is declared.

    Raises
    ------
    InvalidInput
        If the fit has no average effect.
    """
    return effects_table(fitted.evidence, fitted.posterior)


def audit(evidence: Evidence) -> WeighedLedger:
    """Check every printed figure, and weigh what the findings do to the results.

    Returns
    -------
    WeighedLedger
        ``.table()`` lists the findings, ``.influence_table()`` what they move, ``.question_table()`` what to ask.
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
    """
    spec = specification(evidence, endpoint, **choices)
    return crossed.multiverse(evidence, endpoint, spec, executor=executor, most=most)


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
    """
    found = tipping.tipping_points(evidence, endpoint, specification(evidence, endpoint, **choices))
    return pd.DataFrame([asdict(point) for point in found])


def design(
    evidence: Evidence,
    endpoint: str,
    n: int | Iterable[int] | str | None = None,
    *,
    ratio: float | Iterable[float] = 1.0,
    analysis: Literal["contrast", "arms"] = "contrast",
    priors: Mapping[str, str | Distribution | BetaMixture] | Iterable[str] | None = None,
    threshold: float | Iterable[float] = 0.95,
    margin: float | None = None,
    scale: Literal["rd", "or"] = "rd",
    side: Literal["lower", "higher", "both"] | None = None,
    no_go: float | None = None,
    truth: str | Iterable[str] = (),
    baseline: float | str | None = None,
    design_prior: Mapping[str, str | Distribution | BetaMixture] | Iterable[str] | None = None,
    worthwhile: float = 0.0,
    target: float | None = None,
    width: bool = True,
    executor: Executor | None = None,
    store: Path | str | None = None,
    progress: Progress | None = None,
) -> Designs:
    """Operating characteristics of a randomised two-arm trial with a binary endpoint, by enumeration of all outcomes.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    n : int or several, optional
        Patients of the control arm, one design each; may be left out where a target is asked for.
    ratio : float or several
        Treated patients per control.
    analysis : {"contrast", "arms"}
        A vague baseline and a prior of the effect, or independent rates of the arms.
    priors : mapping or texts ``NAME=DISTRIBUTION``, optional
        ``contrast``: ``mu`` (log odds ratio) and ``baseline``, by default the folder's. ``arms``: ``control``, by
        default the folder's robust MAP prior, and ``treated``, by default beta(1,1). Beside distributions, ``today`` is
        the folder's posterior and ``robust`` the same with a vague component of weight 0.2; mixtures as
        ``0.8*beta(33.9,103)+0.2*beta(1,1)``.
    threshold : float or several
        The trial succeeds where P(effect beyond the margin) exceeds it.
    margin : float, optional
        A risk difference or odds ratio, treated against control; by default no effect.
    scale : {"rd", "or"}
        Of the margin, and of the interval whose width is expected.
    side : {"lower", "higher", "both"}, optional
        Where an effect counts: by default on the better side of the endpoint, else on that of the truths, else on both.
    no_go : float, optional
        The trial says no where that probability is below it; a grey zone lies between.
    truth : str or several
        Effects at which the power is computed: ``OR=0.5``, ``RD=-0.1``.
    baseline : float or str, optional
        Control risk of the truths and of the type I error, as a proportion or the label of a baseline of the folder; if
        it is given, the design prior has it too. By default the first baseline of the endpoint, else the mean of the
        MAP prior.
    design_prior : mapping or texts, optional
        ``mu`` and ``control``, or ``control`` and ``treated``: over what the power is averaged. By default the effect
        of a new study today, and the MAP prior of the control rate.
    worthwhile : float
        Smallest risk difference, at or above 0, that is worth the treatment: for the value of information.
    target : float, optional
        Probability of success for which the smallest trials are sought.
    width : bool
        Whether to compute the expected width of the interval.
    executor : Executor, optional
        What runs many designs; by default this process.
    store : Path or str, optional
        Folder of finished batches, from which an interrupted run goes on.
    progress : callable, optional
        Called with the number of designs done and of all.

    Returns
    -------
    Designs
        ``.to_frame()`` has a row a design, ``.as_dict()`` what ``reanalysis design --format json`` prints.

    Raises
    ------
    InvalidInput
        With everything that is wrong with the request.
    EngineError
        If today's posterior cannot be computed.
    """
    return designs(
        evidence,
        endpoint,
        executor=executor,
        store=store,
        progress=progress,
        n=n,
        ratio=ratio,
        analysis=analysis,
        priors=priors,
        threshold=threshold,
        margin=margin,
        scale=scale,
        side=side,
        no_go=no_go,
        truth=truth,
        baseline=baseline,
        design_prior=design_prior,
        worthwhile=worthwhile,
        target=target,
        width=width,
    )


def decide(
    evidence: Evidence,
    weights: str | Mapping[str, float] | Iterable[str] | None = None,
    correlation: float | None = None,
    any_of: str | Iterable[str] | None = None,
    joint: bool = False,
) -> Decision:
    """What follows for the next patient: certainty, net benefit with its trade-offs, and what confounding explains.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    weights : str, mapping or iterable of str, optional
        What one event of an endpoint weighs, by endpoint or as ``"death=1,relapse=0.5"``: above 0 where an event
        harms, below 0 where it helps; by default the weights of analysis.toml.
    correlation : float, optional
        Of the log odds ratios of every two endpoints in the published net benefit, from 0 to 0.99; by default 0.
    any_of : str or iterable of str, optional
        Endpoints of a joint outcome, a patient with any of them, whose risk is bounded.
    joint : bool
        Whether to sample the joint model as well, for net benefit with correlations that are learnt: minutes.

    Returns
    -------
    Decision
        ``.to_frame()`` is the table of findings per 1,000 patients, ``.net_benefit_frame`` net benefit by control risks
        and correlation, ``.as_dict()`` everything.

    Raises
    ------
    InvalidInput
        If the request cannot be answered, with everything that is wrong, or the folder's reports contradict each other.
    EngineError
        If a posterior cannot be computed.
    """
    return made_decision(evidence, weights, correlation, any_of, joint)


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
    """
    from reanalysis.analysis.request import Request
    from reanalysis.builds.build import build_report

    return build_report(Path(data), Path(out), Request(engine, seed, all_models))
