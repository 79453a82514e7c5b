"""What is the PyMC model, and how is it compiled once for every endpoint, setting and prior?

    logit pi_s0 = alpha_s        logit pi_s1 = alpha_s + delta_s        alpha_s ~ Normal(baseline prior)
    delta_s = mu + tau z_s       z_s ~ Normal(0, 1)                     mu ~ Normal,  tau ~ positive prior
    y_sa ~ mixture over candidates of BetaBinomial(n_c, pi_sa, rho_s)

Two switches among the data turn partial pooling into complete (spread = 0: delta_s = mu) or none (share = 0: delta_s
has the prior of mu), so that one compiled model serves all three.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reanalysis.engines.errors import EngineError
from reanalysis.engines.prediction import draw_print

Array = NDArray[np.float64]

_COMPILING = threading.Lock()


@dataclass(frozen=True)
class ProgramKey:
    """What a compiled model depends on; all else is data."""

    model: str
    tau_family: str
    slots: int


@dataclass(frozen=True)
class Program:
    """A compiled model and the shapes its data must have."""

    key: ProgramKey
    compiled: Any
    shapes: dict[str, tuple[int, ...]]

    def with_data(self, arrays: dict[str, Array]) -> Any:
        """The compiled model with other data.

        Raises
        ------
        EngineError
            If an array is missing, has another shape (the candidate axis may vary) or is not float64: the sampler
            itself would fail later and say nothing of it.
        """
        if set(arrays) != set(self.shapes):
            raise EngineError(f"the model needs {sorted(self.shapes)}, not {sorted(arrays)}")
        for name, array in arrays.items():
            expected = self.shapes[name]
            fixed = array.shape[:2] if name in ("events", "n", "log_weight") else array.shape
            if fixed != expected or array.dtype != np.float64:
                raise EngineError(f"{name} must be float64 of shape {expected}, not {array.dtype} of {array.shape}")
        if not arrays["events"].shape == arrays["n"].shape == arrays["log_weight"].shape:
            raise EngineError("events, n and log_weight must have one shape")
        return self.compiled.with_data(**arrays)


def build_model(key: ProgramKey) -> Any:
    """The PyMC model with placeholder data.

    Returns
    -------
    pymc.Model
        Free variables mu, tau, z and, for ``contrast``, alpha_raw.
    """
    import pymc as pm
    import pytensor.tensor as pt

    arms = 1 if key.model == "rates" else 2
    shape = (key.slots, arms, 2)
    with pm.Model() as model:
        events = pm.Data("events", np.zeros(shape))
        n = pm.Data("n", np.zeros(shape))
        log_weight = pm.Data("log_weight", np.zeros(shape))
        rho = pm.Data("rho", np.zeros((key.slots, arms)))
        mu_prior = pm.Data("mu_prior", np.array([0.0, 1.0]))
        tau_prior = pm.Data("tau_prior", np.array([1.0, 1.0]))
        share = pm.Data("share", np.array(1.0))
        spread = pm.Data("spread", np.array(1.0))
        mu = pm.Normal("mu", mu_prior[0], mu_prior[1])
        tau = _tau(pm, key.tau_family, tau_prior)
        z = pm.Normal("z", shape=key.slots)
        effect = share * (mu + spread * tau * z) + (1 - share) * (mu_prior[0] + mu_prior[1] * z)
        if key.model == "contrast":
            baseline_prior = pm.Data("baseline_prior", np.array([0.0, 1.0]))
            ratio = pm.Data("ratio", np.zeros(key.slots))
            ratio_sd = pm.Data("ratio_sd", np.zeros(key.slots))
            alpha_raw = pm.Normal("alpha_raw", shape=key.slots)
            alpha = baseline_prior[0] + baseline_prior[1] * alpha_raw
            logit = pt.stack([alpha, alpha + effect], axis=1)
            pm.CustomDist(
                "adjusted", effect, ratio_sd, logp=_ratio_logp, random=_ratio_random,
                signature="(),()->()", observed=ratio,
            )  # fmt: skip
        else:
            logit = effect[:, None]
        pm.CustomDist(
            "print", n, log_weight, logit, rho, logp=print_logp, random=draw_print,
            signature="(c),(c),(),()->(c)", observed=events,
        )  # fmt: skip
    return model


def _tau(pm: Any, family: str, prior: Any) -> Any:
    if family == "halfnormal":
        return pm.HalfNormal("tau", prior[0])
    if family == "lognormal":
        return pm.LogNormal("tau", prior[0], prior[1])
    if family == "exponential":
        return pm.Exponential("tau", prior[0])
    if family == "uniform":
        return pm.Uniform("tau", prior[0], prior[1])
    raise EngineError(f"no compiled model for a {family} prior of tau")


def print_logp(value: Any, n: Any, log_weight: Any, logit: Any, rho: Any) -> Any:
    """Log probability of a print: logsumexp over the candidates that ``value`` fills.

    A candidate slot holds the count it would have had; a slot below 0 is one the print does not name. So the observed
    print fills all its slots, and a draw fills exactly one.
    """
    import pytensor.tensor as pt

    x = pt.maximum(value, 0.0)
    logit, rho = logit[..., None], rho[..., None]
    log_p, log_q = -pt.softplus(-logit), -pt.softplus(logit)
    coefficient = pt.gammaln(n + 1) - pt.gammaln(x + 1) - pt.gammaln(n - x + 1)
    binomial = x * log_p + (n - x) * log_q
    precision = 1 / pt.switch(rho > 0, rho, 0.5) - 1
    a = pt.maximum(pt.exp(log_p) * precision, 1e-300)
    b = pt.maximum(pt.exp(log_q) * precision, 1e-300)
    overdispersed = (
        (pt.gammaln(x + a) - pt.gammaln(a))
        + (pt.gammaln(n - x + b) - pt.gammaln(b))
        - (pt.gammaln(n + precision) - pt.gammaln(precision))
    )
    terms = coefficient + pt.switch(rho > 0, overdispersed, binomial) + log_weight
    return pt.logsumexp(pt.switch(value >= 0, terms, -np.inf), axis=-1)


def _ratio_logp(value: Any, effect: Any, sd: Any) -> Any:
    import pytensor.tensor as pt

    safe = pt.switch(sd > 0, sd, 1.0)
    density = -0.5 * ((value - effect) / safe) ** 2 - pt.log(safe) - 0.5 * np.log(2 * np.pi)
    return pt.switch(sd > 0, density, 0.0)


def _ratio_random(
    effect: Array, sd: Array, rng: np.random.Generator | None = None, size: tuple[int, ...] | None = None
) -> Array:
    rng = rng or np.random.default_rng()
    batch = size or np.broadcast_shapes(effect.shape, sd.shape)
    return np.where(sd > 0, rng.normal(effect, np.maximum(sd, 1e-12), size=batch), 0.0)


def program(key: ProgramKey) -> Program:
    """The compiled model of a key, compiled at most once in a process."""
    with _COMPILING:
        return _compiled(key)


@lru_cache(maxsize=16)
def _compiled(key: ProgramKey) -> Program:
    import nutpie

    model = build_model(key)
    compiled = nutpie.compile_pymc_model(model)
    shapes = {name: value.get_value().shape for name, value in _data(model).items()}
    for name in ("events", "n", "log_weight"):
        shapes[name] = shapes[name][:2]
    return Program(key, compiled, shapes)


def _data(model: Any) -> dict[str, Any]:
    return {variable.name: variable for variable in model.data_vars}
