"""How many patients is a prior of a rate worth? Two effective sample sizes of a Beta mixture.

The moment ESS is that of the one Beta distribution with the same mean m and SD s, m (1 - m) / s^2 - 1. The ELIR ESS is
the expected local-information ratio: the prior's own information -d^2/dp^2 log density over that of one patient,
1 / (p (1 - p)), averaged over the prior. Unlike the first it is predictively consistent: updating by n patients raises
it by n on average. For a single Beta(a, b) both are a + b.

Where the density of the rate grows without bound towards 0 or 1, as after an arm without events, the ELIR ESS exists on
the logit scale only: of theta = logit(p) a patient's information is p (1 - p). The two agree where both exist, but for
a density that does not vanish at 0 and 1. It is then that of the predictive distribution itself, since the Beta mixture
closest to it has tails of its own.

Source: Neuenschwander et al. 2020, Biometrics 76:578.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import betaln, log_expit, softmax

from reanalysis.engines.marginal import DrawsMarginal, Marginal
from reanalysis.estimands.beta_mixture import BetaMixture

_END = 1e-4
"""Share at either end of a distribution that its logit ELIR leaves out: so far out the ratio may have no mean."""

_NODES = 2001

_UNBOUNDED = "the density of the rate grows without bound towards 0 or 1"


def moment_size(mixture: BetaMixture) -> float:
    """Moment effective sample size, in patients."""
    mean = mixture.mean()
    return mean * (1 - mean) / mixture.sd() ** 2 - 1


def elir_size(mixture: BetaMixture) -> float | None:
    """Expected local-information-ratio effective sample size, in patients.

    None where it does not exist: the density of a component grows without bound towards 0 or 1.
    """
    if min(*mixture.a, *mixture.b) < 1:
        return None
    rate, mass = mixture.nodes()
    w, a, b = (np.asarray(v) for v in (mixture.weights, mixture.a, mixture.b))
    p = rate[:, None]
    with np.errstate(divide="ignore"):
        log_terms = np.log(w) + (a - 1) * np.log(p) + (b - 1) * np.log1p(-p) - betaln(a, b)
    share = softmax(log_terms, axis=1)
    slope = (a - 1) / p - (b - 1) / (1 - p)
    curvature = -(a - 1) / p**2 - (b - 1) / (1 - p) ** 2
    information = -(share * (curvature + slope**2)).sum(axis=1) + (share * slope).sum(axis=1) ** 2
    return float(mass @ (information * rate * (1 - rate)))


def logit_elir_size(logit: Marginal, vague: float = 0.0) -> float:
    """Expected local-information-ratio effective sample size on the logit scale, in patients; it may be negative.

    Parameters
    ----------
    logit : Marginal
        Distribution of a logit rate, its density known.
    vague : float
        Weight of a uniform rate, a logistic logit, beside it.
    """
    low, high = (float(logit.quantile(share)) for share in (_END, 1 - _END))
    if vague > 0:
        reach = float(np.log((1 - _END) / _END))
        low, high = min(low, -reach), max(high, reach)
    theta = np.linspace(low, high, _NODES)
    step = theta[1] - theta[0]
    patient = np.exp(log_expit(theta) + log_expit(-theta))
    density = (1 - vague) * logit.density(theta) + vague * patient
    log_density = np.log(np.maximum(density, np.finfo(float).tiny))
    information = -(log_density[2:] - 2 * log_density[1:-1] + log_density[:-2]) / step**2
    return float((density[1:-1] * information / patient[1:-1]).sum() / density[1:-1].sum())


@dataclass(frozen=True)
class EffectiveSize:
    """What a prior of a rate is worth, in patients.

    Parameters
    ----------
    elir : float or None
        None only with a note that says why.
    moment : float
        That of the one Beta distribution of the same mean and SD.
    note : str
        On which scale the first is where it is not that of the rate, or why there is none; empty otherwise.
    """

    elir: float | None
    moment: float
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        sizes = {"elir": self.elir, "moment": self.moment}
        return {"effective_sample_size": sizes, "effective_sample_size_note": self.note}


def effective_size(
    mixture: BetaMixture, logit: Marginal, vague: float = 0.0, patients: float = np.inf
) -> EffectiveSize:
    """Both effective sample sizes, each a number or a reason.

    Parameters
    ----------
    mixture : BetaMixture
        Closed form of the prior, its vague component included.
    logit : Marginal
        The distribution it was fitted to, without that component.
    vague : float
        Weight of the vague component.
    patients : float
        Patients that were counted: where a size is larger, the note says so.
    """
    elir, moment, notes = elir_size(mixture), moment_size(mixture), []
    if elir is None and isinstance(logit, DrawsMarginal):
        notes.append(f"no ELIR: {_UNBOUNDED}, and draws do not give the density of its logit; fit by quadrature")
    elif elir is None:
        elir = logit_elir_size(logit, vague)
        notes.append(f"ELIR on the logit scale, as {_UNBOUNDED}; without the last {_END:.2%} at either end")
    if elir is not None and elir <= 0:
        elir, notes = (
            None,
            ["no ELIR: on average the prior is less informative than one that is flat on the logit scale"],
        )
    for name, size in (("ELIR", elir), ("moment", moment)):
        if size is not None and size > patients:
            notes.append(
                f"{name} above the {patients:g} patients that were counted: the priors of the model say the rest"
            )
    return EffectiveSize(elir, moment, "; ".join(notes))
