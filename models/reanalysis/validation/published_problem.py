"""Published problems: the evidence folder, the specification, the fit and the number that a published figure is of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.estimands.beta_mixture import BetaMixture, elir_size, moment_size
from reanalysis.estimands.map_prior import fitted_mixture
from reanalysis.estimands.measures import odds_ratio, rate
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, Problem, did_you_mean, listed
from reanalysis.evidence.reading.cross_references import unknown_sources
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.evidence.reading.text_table import is_there
from reanalysis.gates.checked_fit import CheckedFit, fit_endpoint
from reanalysis.model.choices import CHOICES, PRIOR_NAMES
from reanalysis.model.family import MODELS
from reanalysis.model.spec import Engine
from reanalysis.model.specification import specification
from reanalysis.validation.printed import (
    FILE,
    MIXTURE_FILE,
    PrintedComponent,
    PublishedFigure,
    read_mixture,
    read_published,
)

MIXTURE = "mixture"
"""Model of figures that follow from a printed mixture of Beta distributions, without data."""

_QUANTILES = {"2.5 %": 0.025, "median": 0.5, "97.5 %": 0.975}
_MIXTURE_CHOICES = ("robust", "events", "n", "a", "b")

_BELOW = "_below_0"
"""What a quantity is called whose probability of lying below 0 was published."""


@dataclass(frozen=True)
class PublishedProblem:
    """An evidence folder with what was published of it."""

    evidence: Evidence
    """The folder."""
    figures: tuple[PublishedFigure, ...]
    """Rows of published.csv."""
    components: tuple[PrintedComponent, ...] = ()
    """Rows of mixture.csv, empty without that file."""

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.evidence.folder.name

    @property
    def mixture(self) -> BetaMixture | None:
        """The printed mixture, None where none is printed."""
        parts = self.components
        if not parts:
            return None
        return BetaMixture(tuple(c.weight for c in parts), tuple(c.a for c in parts), tuple(c.b for c in parts))


@dataclass(frozen=True)
class Refit:
    """A fit that figures are read from."""

    fit: CheckedFit

    @cached_property
    def map_prior(self) -> BetaMixture:
        """The rate of a new study in closed form."""
        return fitted_mixture(self.fit.posterior.overall["logit_rate_new"])


def read_problem(folder: Path) -> PublishedProblem:
    """Read an evidence folder with its published.csv.

    Raises
    ------
    InvalidInput
        With every problem of the folder, or of published.csv.
    """
    evidence = read_evidence(folder)
    figures = read_published(folder / FILE)
    components = read_mixture(folder / MIXTURE_FILE) if is_there(folder / MIXTURE_FILE) else ()
    problems = [*unknown_sources(FILE, figures, evidence.sources)]
    if len(evidence.endpoints) > 1:
        problems.append(Problem(FILE, None, "", "", "published figures are of one endpoint; this folder has several"))
    if problems:
        raise InvalidInput(problems)
    return PublishedProblem(evidence, figures, components)


def refit(problem: PublishedProblem, figure: PublishedFigure, engine: Engine = "quadrature") -> Refit:
    """Fit the model that a figure describes, as ``reanalysis fit`` would.

    Raises
    ------
    InvalidInput
        If its model or its choices mean nothing.
    EngineError
        If the engine cannot give the posterior.
    """
    if figure.model not in MODELS:
        known = (*MODELS, MIXTURE)
        raise _wrong(
            figure, "model", figure.model, f"must be one of {listed(known)}{did_you_mean(figure.model, known)}"
        )
    priors = {name: text for name, text in figure.choices if name in PRIOR_NAMES}
    others = {name: text for name, text in figure.choices if name not in PRIOR_NAMES}
    if not others.keys() <= set(CHOICES) - {"model", "priors"}:
        raise _wrong(figure, "choices", listed(others), f"may name {listed((*PRIOR_NAMES, *CHOICES))}")
    try:
        spec = specification(problem.evidence, model=figure.model, priors=priors, **others)
    except InvalidInput as error:
        raise _wrong(figure, "choices", "", str(error)) from None
    return Refit(fit_endpoint(problem.evidence, problem.evidence.endpoints[0], spec, engine))


def computed(found: Refit, figure: PublishedFigure) -> float:
    """The number of a fit that a figure gives.

    Raises
    ------
    InvalidInput
        If the model has no such quantity or statistic.
    """
    posterior = found.fit.posterior
    if figure.statistic == "mode":
        modes = posterior.mode
        if figure.quantity not in modes:
            raise _wrong(figure, "quantity", figure.quantity, f"modes of this model: {listed(modes) or 'none'}")
        return float(modes[figure.quantity])
    if figure.statistic == "probability" and figure.quantity.endswith(_BELOW):
        of = replace(figure, quantity=figure.quantity.removesuffix(_BELOW))
        return float(marginal_of(posterior, of).cdf(0.0))
    if figure.quantity == "map_prior" and "logit_rate_new" in posterior.overall:
        return _statistic(found.map_prior, figure)
    return _statistic(marginal_of(posterior, figure), figure)


def marginal_of(posterior: Posterior, figure: PublishedFigure) -> Marginal:
    """The marginal posterior that a figure describes; a rate is that of its logit, a ratio that of its logarithm.

    Raises
    ------
    InvalidInput
        If the model has no such study or quantity.
    """
    if figure.study and figure.study not in posterior.study:
        raise _wrong(figure, "study", figure.study, f"the fit has {listed(posterior.study)}")
    found = posterior.study[figure.study] if figure.study else posterior.overall
    if figure.quantity in found:
        return found[figure.quantity]
    for scale, back in (("logit", rate), ("log", odds_ratio)):
        if f"{scale}_{figure.quantity}" in found:
            return back(found[f"{scale}_{figure.quantity}"])
    raise _wrong(figure, "quantity", figure.quantity, f"the fit has {listed(found)}")


def in_closed_form(problem: PublishedProblem, figure: PublishedFigure) -> float:
    """The number that follows from the printed mixture, made robust and updated where the choices say so.

    Raises
    ------
    InvalidInput
        If there is no printed mixture, or the choices mean nothing.
    """
    mixture = problem.mixture
    if mixture is None:
        raise _wrong(figure, "model", figure.model, f"needs {MIXTURE_FILE}, which is not there")
    given = _numbers(figure)
    if "robust" in given:
        mixture = mixture.robust(given["robust"])
    if "n" in given:
        mixture = mixture.updated(given.get("events", 0.0), given["n"])
    if figure.statistic == "probability":
        if not {"a", "b"} <= given.keys():
            raise _wrong(figure, "choices", "", "the probability of lying below a rate needs a and b of its Beta(a, b)")
        return mixture.probability_below(BetaMixture((1.0,), (given["a"],), (given["b"],)))
    return _statistic(mixture, figure)


def _numbers(figure: PublishedFigure) -> dict[str, float]:
    given = {}
    for name, text in figure.choices:
        if name not in _MIXTURE_CHOICES:
            raise _wrong(figure, "choices", name, f"of a mixture may be chosen {listed(_MIXTURE_CHOICES)}")
        try:
            given[name] = float(text)
        except ValueError:
            raise _wrong(figure, "choices", text, f"{name} must be a number") from None
    return given


def _statistic(of: Marginal | BetaMixture, figure: PublishedFigure) -> float:
    if figure.statistic in _QUANTILES:
        return float(of.quantile(_QUANTILES[figure.statistic]))
    known: dict[str, Callable[[], float]] = {"mean": of.mean, "sd": of.sd}
    if isinstance(of, BetaMixture):
        known |= {"moment": partial(moment_size, of), "elir": lambda: elir_size(of) or float("nan")}
    if figure.statistic not in known:
        rule = f"{listed([*known, *_QUANTILES])}; a probability is that of {figure.quantity}{_BELOW}"
        raise _wrong(figure, "statistic", figure.statistic, f"{figure.quantity} of this model has {rule}")
    return known[figure.statistic]()


def _wrong(figure: PublishedFigure, column: str, value: str, rule: str) -> InvalidInput:
    return InvalidInput([Problem(FILE, figure.line, column, value, rule)])
