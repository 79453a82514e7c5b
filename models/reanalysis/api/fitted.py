"""A fit as people hold it: what the checked fit knows, and the verbs that need figures and predictions."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal, Self, get_args

import numpy as np
from scipy.special import logit

from reanalysis.decisions.predicted_count import PredictedCount, count_probabilities
from reanalysis.engines.marginal import MappedMarginal, Marginal
from reanalysis.estimands.risks import asked_baselines
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import BadChoice, InvalidInput
from reanalysis.gates.checked_fit import CheckedFit
from reanalysis.model.choices import not_one_of, number, whole
from reanalysis.model.likelihood import log_pmf
from reanalysis.typing import Array

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes

Kind = Literal[
    "forest", "beyond", "prior_posterior", "icons", "leave_one_out", "sensitivity", "prior_sensitivity", "convergence",
    "ranks", "energy",
]  # fmt: skip
"""Figures of a fit; the last three are of chains, which NUTS has."""

_MOST_PATIENTS = 100_000


@dataclass(frozen=True, eq=False, repr=False)
class Fit(CheckedFit):
    """The fit of one endpoint.

    ``summary()`` and ``plot()`` show it, ``draws()``, ``to_frame()`` and ``table()`` give its numbers as DataFrames,
    ``predict()`` says what to expect of new patients; ``posterior`` holds the marginals, ``posterior.tree()`` the draws
    as ArviZ takes them.

    Examples
    --------
    >>> fitted = ra.fit(ra.load("validation/bcg"), "tuberculosis")
    >>> len(fitted.draws())
    4000
    >>> frame, prediction = fitted.to_frame(), fitted.predict(50)
    """

    @classmethod
    def of(cls, checked: CheckedFit) -> Self:
        """The same fit."""
        return cls(**{one.name: getattr(checked, one.name) for one in fields(CheckedFit)})

    def plot(self, kind: Kind = "forest", ax: Axes | None = None) -> Axes:
        """A figure of the fit.

        Parameters
        ----------
        kind : str
            Which: ``forest`` (studies, average and new study), ``beyond`` (probability of every risk difference),
            ``prior_posterior``, ``icons`` (patients), ``leave_one_out``, ``sensitivity``, ``prior_sensitivity``, or of
            chains ``convergence``, ``ranks`` and ``energy``.
        ax : Axes, optional
            Axes to draw on; a new figure sized to its content by default.

        Raises
        ------
        InvalidInput
            If there is no such figure, or the model has not what it shows.
        """
        if kind not in get_args(Kind):
            raise InvalidInput([not_one_of("kind", kind, get_args(Kind))])
        return _plots()[kind](self, ax)

    def predict(self, n: int, baseline: float | None = None, rho: float = 0.0) -> PredictedCount:
        """Events to expect among the treated patients of a new study; of rates, among the patients of its arm.

        Parameters
        ----------
        n : int
            Patients.
        baseline : float, optional
            Risk without treatment, a proportion; by default the first control risk that the folder names. Rates of one
            arm have none.
        rho : float
            Intra-arm correlation of the new study, its discount for design: 0 for a randomised one.

        Raises
        ------
        InvalidInput
            If a number is out of its bounds, or the model has no new study.
        """
        wrong = []
        if not 1 <= whole(n, 0) <= _MOST_PATIENTS:
            wrong.append(BadChoice("n", f" {n!r}: must be a whole number from 1 to {_MOST_PATIENTS:,}"))
        if not 0 <= number(rho) < 1:
            wrong.append(BadChoice("rho", f" {rho!r}: must be at least 0 and below 1"))
        if self.spec.rates and baseline is not None:
            wrong.append(BadChoice("baseline", f" {baseline!r}: {self.spec.model} has rates of one arm and no effect"))
        if wrong:
            raise InvalidInput(wrong)
        shared = self.posterior.overall
        if "rate_new" in shared:  # its logit may be infinite
            return PredictedCount(self._new_arm, n, _counts_of_rate(shared["rate_new"], n, rho))
        said, logits = self._new_logit(baseline)
        return PredictedCount(said, n, count_probabilities(logits, n, rho))

    @property
    def _new_arm(self) -> str:
        return f"{self.evidence.endpoint_label(self.endpoint)}, {self.spec.arm} arm of a new study"

    def _new_logit(self, baseline: float | None) -> tuple[str, Marginal]:
        """The logit of the event in a new study, and whose it is."""
        shared, label = self.posterior.overall, self.evidence.endpoint_label(self.endpoint)
        name = f"{self.spec.effect}_new"
        if name not in shared:
            raise InvalidInput([f"predict: {self.spec.model} with {self.spec.pooling} pooling has no new study"])
        if self.spec.rates:
            return self._new_arm, shared[name]
        named = asked_baselines(self.evidence, self.posterior, baseline)[0]
        base = float(logit(named.percent / 100))
        said = f"{label}, treated in a new study at a control risk of {named.percent:g} % ({named.label})"
        return said, MappedMarginal(shared[name], lambda x: base + x, lambda x: x - base)


def _counts_of_rate(rate: Marginal, n: int, rho: float) -> Array:
    """Probability of each count of ``n`` patients, shape (n + 1,), given what is known of their rate."""
    edge = np.finfo(float).tiny

    def chance(count: int) -> float:
        return rate.mean(lambda r: np.exp(log_pmf(count, n, logit(np.clip(r, edge, 1 - np.finfo(float).eps)), rho)))

    return np.array([chance(count) for count in range(n + 1)])


def require_fit(fitted: object) -> None:
    """Refuse what is no fit.

    Raises
    ------
    InvalidInput
        Saying what to write instead.
    """
    if not isinstance(fitted, CheckedFit):
        hint = "; write fit(evidence, endpoint)" if isinstance(fitted, Evidence) else ""
        raise InvalidInput([BadChoice("fitted", f": must be a fit, not {type(fitted).__name__}{hint}")])


def _plots() -> dict[Kind, Callable[[CheckedFit, Axes | None], Axes]]:
    from reanalysis.figures import shown

    return {
        "forest": shown.plot_forest, "beyond": shown.plot_beyond, "prior_posterior": shown.plot_prior_posterior,
        "icons": shown.plot_icons, "leave_one_out": shown.plot_leave_one_out, "sensitivity": shown.plot_sensitivity,
        "prior_sensitivity": shown.plot_prior_sensitivity, "convergence": shown.plot_convergence,
        "ranks": shown.plot_ranks, "energy": shown.plot_energy,
    }  # fmt: skip
