"""What is the PyMC model, and how is it compiled once for every endpoint, setting and prior?

    logit pi_s0 = m_s - below delta_s      logit pi_s1 = logit pi_s0 + delta_s      m_s ~ the prior of the baselines
    delta_s = mu + tau z_s       z_s ~ Normal(0, 1)                     mu ~ Normal,  tau ~ positive prior
    y_sa ~ mixture over candidates of BetaBinomial(n_c, pi_sa, rho_s)

``below`` is 1/2 where that prior is of the mean logit and 0 where it is of the control logit. Two more switches among
the data turn partial pooling into complete (spread = 0: delta_s = mu) or none (share = 0: delta_s has the prior of mu),
so that one compiled model serves all three. What the other models change is said in :mod:`reanalysis.model.family`;
where an effect or a baseline is a mixture, its components are integrated out: the likelihood of a study is the weighted
sum of those under either effect.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from reanalysis.engines.errors import EngineError
from reanalysis.engines.prediction import draw_mark, draw_mixed_print, draw_print
from reanalysis.model.spec import ModelSpec
from reanalysis.stages import stage
from reanalysis.typing import Array

_COMPILING = threading.Lock()


@dataclass(frozen=True)
class ProgramKey:
    """What a compiled model depends on; all else is data."""

    model: str
    tau_family: str
    slots: int
    rates: bool = False
    endpoints: int = 1
    baseline_family: str = "normal"

    @property
    def arms(self) -> int:
        """Arms of a study."""
        return 1 if self.rates else 2

    @classmethod
    def of(cls, spec: ModelSpec, slots: int, endpoints: int = 1) -> ProgramKey:
        """The key of a specification."""
        family = "" if spec.model in ("arm-beta-binomial", "beta-rates") else spec.priors.tau.family
        baseline = "" if spec.rates else spec.priors.baseline.family
        return cls(spec.model, family, slots, spec.rates, endpoints, baseline)


_LOOSE = {
    f"{prefix}{name}": axes
    for prefix, axes in (("", 1), ("mark_", 1), ("slot_", 2))
    for name in ("events", "n", "log_weight")
} | {"size_log_weight": 1}
"""How many axes at the end of an array may have any length: candidates, or denominators and their candidates."""


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
            If an array is missing, has another shape (axes of candidates may vary) or is not float64: the sampler
            itself would fail later and say nothing of it.
        """
        if set(arrays) != set(self.shapes):
            raise EngineError(f"the model needs {sorted(self.shapes)}, not {sorted(arrays)}")
        for name, array in arrays.items():
            expected = self.shapes[name]
            fixed = array.shape[: array.ndim - _LOOSE.get(name, 0)]
            if fixed != expected or array.dtype != np.float64:
                raise EngineError(f"{name} must be float64 of shape {expected}, not {array.dtype} of {array.shape}")
        for prefix in ("", "mark_", "slot_"):
            alike = [
                arrays[name].shape
                for name in (f"{prefix}events", f"{prefix}n", f"{prefix}log_weight")
                if name in arrays
            ]
            if len(set(alike)) > 1:
                raise EngineError(f"{prefix}events, {prefix}n and {prefix}log_weight must have one shape")
        return self.compiled.with_data(**arrays)


def build_model(key: ProgramKey) -> Any:
    """The PyMC model with placeholder data.

    Returns
    -------
    pymc.Model
        Free variables mu, tau, z and, for models of contrasts, alpha_raw; ``exnex`` adds apart_raw, ``bias`` bias_raw.
    """
    if key.model == "arm-beta-binomial":
        return _arm_beta_binomial(key)
    if key.model == "beta-rates":
        return _beta_rates(key)
    if key.model == "joint":
        from reanalysis.engines.nuts.joint_program import build_joint_model

        return build_joint_model(key)
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        events, n, log_weight = _print_data(pm, key)
        rho = pm.Data("rho", np.zeros((key.slots, key.arms)))
        mu_prior = pm.Data("mu_prior", np.array([0.0, 1.0]))
        tau_prior = pm.Data("tau_prior", np.array([1.0, 1.0]))
        share = pm.Data("share", np.array(1.0))
        spread = pm.Data("spread", np.array(1.0))
        mu = pm.Normal("mu", mu_prior[0], mu_prior[1])
        tau = tau_of(pm, key.tau_family, tau_prior)
        z = pm.Normal("z", shape=key.slots)
        effect = share * (mu + spread * tau * z) + (1 - share) * (mu_prior[0] + mu_prior[1] * z)
        bias: Any = 0.0
        if key.model == "bias":
            bias = pm.Data("bias_sd", np.zeros(key.slots)) * pm.Normal("bias_raw", shape=key.slots)
        if not key.rates:
            baseline, below = baseline_of(pm, key.baseline_family, shape=key.slots), pm.Data("below", np.array(0.5))
        apart = log_mix = None
        if key.model == "exnex":
            apart_prior = pm.Data("apart_prior", np.array([0.0, 1.0]))
            log_mix = pm.Data("log_mix", np.log([0.5, 0.5]))
            apart = apart_prior[0] + apart_prior[1] * pm.Normal("apart_raw", shape=key.slots)

        def logits(effect: Any) -> Any:
            if key.rates:
                return effect[:, None]
            control = baseline - below * effect
            return pt.stack([control, control + effect + bias], axis=1)

        if key.model == "all-cohort":
            _observe_benchmarks(pm, key, baseline - below * effect)
        if apart is None:
            _observe_prints(pm, (events, n, log_weight, rho), logits(effect))
        else:
            pm.CustomDist(
                "print", n, log_weight, logits(effect), logits(apart), rho, log_mix, logp=mixed_print_logp,
                random=draw_mixed_print, signature="(a,c),(a,c),(a),(a),(a),(m)->(a,c)", observed=events,
            )  # fmt: skip
        if not key.rates:
            _observe_ratios(pm, key, effect + bias, apart, log_mix)
    return model


def _print_data(pm: Any, key: ProgramKey) -> tuple[Any, Any, Any]:
    """Placeholders of events, n and log_weight."""
    events, n, log_weight = (
        pm.Data(name, np.zeros((key.slots, key.arms, 2))) for name in ("events", "n", "log_weight")
    )
    return events, n, log_weight


def _observe_prints(pm: Any, prints: tuple[Any, Any, Any, Any], logit: Any) -> None:
    events, n, log_weight, rho = prints
    pm.CustomDist(
        "print", n, log_weight, logit, rho, logp=print_logp, random=draw_print,
        signature="(c),(c),(),()->(c)", observed=events,
    )  # fmt: skip


def baseline_of(pm: Any, family: str, **shape: Any) -> Any:
    """Baselines with a prior of the family, from a free variable alpha_raw of its standard distribution."""
    prior = pm.Data("baseline_prior", np.array([0.0, 1.0]))
    standard = {"normal": pm.Normal, "logistic": pm.Logistic}[family]
    return prior[0] + prior[1] * standard("alpha_raw", 0.0, 1.0, **shape)


def _observe_benchmarks(pm: Any, key: ProgramKey, control: Any) -> None:
    """Benchmarks, which speak of the control logits that studies lack (``all-cohort``)."""
    events, n, log_weight = (
        pm.Data(f"mark_{name}", np.zeros((key.slots, 2))) for name in ("events", "n", "log_weight")
    )
    rho, evidence = (pm.Data(f"mark_{name}", np.zeros(key.slots)) for name in ("rho", "log_evidence"))
    log_share = pm.Data("mark_log_share", np.zeros((key.slots, 2)))
    prior = pm.modelcontext(None)["baseline_prior"]
    pm.CustomDist(
        "mark", n, log_weight, control, rho, log_share, evidence, prior, logp=mark_logp,
        random=partial(draw_mark, family=key.baseline_family), signature="(c),(c),(),(),(m),(),(p)->(c)",
        observed=events,
    )  # fmt: skip


def _observe_ratios(pm: Any, key: ProgramKey, effect: Any, apart: Any, log_mix: Any) -> None:
    """Adjusted ratios, of studies that enter by them."""
    ratio = pm.Data("ratio", np.zeros(key.slots))
    sd = pm.Data("ratio_sd", np.zeros(key.slots))
    if apart is None:
        pm.CustomDist(
            "adjusted", effect, sd, logp=_ratio_logp, random=_ratio_random, signature="(),()->()", observed=ratio,
        )  # fmt: skip
    else:
        pm.CustomDist(
            "adjusted", effect, apart, sd, log_mix, logp=_mixed_ratio_logp, random=_mixed_ratio_random,
            signature="(),(),(),(m)->()", observed=ratio,
        )  # fmt: skip


def _arm_beta_binomial(key: ProgramKey) -> Any:
    """One Beta distribution an arm: free variables alpha_raw, mu and rho."""
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        events, n, log_weight = _print_data(pm, key)
        mu_prior = pm.Data("mu_prior", np.array([0.0, 1.0]))
        below = pm.Data("below", np.array(0.5))
        mu = pm.Normal("mu", mu_prior[0], mu_prior[1])
        control = baseline_of(pm, key.baseline_family) - below * mu
        rho = pm.Beta("rho", 1.0, pm.Data("spread_prior", np.array(1.0)))
        every = pt.zeros((key.slots, 1))
        _observe_prints(
            pm, (events, n, log_weight, every + pt.stack([rho, rho])), every + pt.stack([control, control + mu])
        )
    return model


def _beta_rates(key: ProgramKey) -> Any:
    """One Beta distribution of all rates: free variables v = log(alpha / beta) and t = log(alpha + beta).

    On (v, t) the prior (alpha + beta)^(-5/2) has the density alpha beta (alpha + beta)^(-5/2), a standard logistic of v
    and exp(-t / 2). The second is improper and so no distribution to draw from: a potential within bounds.
    """
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        events, n, log_weight = _print_data(pm, key)
        bounds = pm.Data("total_bounds", np.array([-1.0, 1.0]))
        v = pm.Logistic("v", 0.0, 1.0)
        t = pm.Uniform("t", bounds[0], bounds[1])
        pm.Potential("total_prior", -t / 2)
        every = pt.zeros((key.slots, 1))
        _observe_prints(pm, (events, n, log_weight, every + pt.sigmoid(-t)), every + v)  # rho = 1 / (1 + alpha + beta)
    return model


def tau_of(pm: Any, family: str, prior: Any, **shape: Any) -> Any:
    """Heterogeneity with a prior of the family."""
    if family == "halfnormal":
        return pm.HalfNormal("tau", prior[0], **shape)
    if family == "lognormal":
        return pm.LogNormal("tau", prior[0], prior[1], **shape)
    if family == "exponential":
        return pm.Exponential("tau", prior[0], **shape)
    if family == "uniform":
        return pm.Uniform("tau", prior[0], prior[1], **shape)
    raise EngineError(f"no compiled model for a {family} prior of tau")


def print_logp(value: Any, n: Any, log_weight: Any, logit: Any, rho: Any) -> Any:
    """Log probability of a print: logsumexp over the candidates that ``value`` fills.

    A candidate slot holds the count it would have had; a slot below 0 is one the print does not name. So the observed
    print fills all its slots, and a draw fills exactly one.
    """
    import pytensor.tensor as pt

    terms = log_pmf_of(pt.maximum(value, 0.0), n, logit[..., None], rho[..., None]) + log_weight
    return pt.logsumexp(pt.switch(value >= 0, terms, -np.inf), axis=-1)


def log_pmf_of(x: Any, n: Any, logit: Any, rho: Any) -> Any:
    """As :func:`reanalysis.model.likelihood.log_pmf`, in PyTensor."""
    import pytensor.tensor as pt

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
    return coefficient + pt.switch(rho > 0, overdispersed, binomial)


def mixed_print_logp(value: Any, n: Any, log_weight: Any, logit: Any, logit_apart: Any, rho: Any, log_mix: Any) -> Any:
    """Log probability of the prints of a study's arms, whichever of two effects it has."""
    import pytensor.tensor as pt

    either = (print_logp(value, n, log_weight, one, rho).sum(axis=-1) for one in (logit, logit_apart))
    exchangeable, alone = either
    return pt.logaddexp(log_mix[..., 0] + exchangeable, log_mix[..., 1] + alone)


def mark_logp(
    value: Any, n: Any, log_weight: Any, baseline: Any, rho: Any, log_share: Any, log_evidence: Any, vague: Any
) -> Any:
    """Log probability of a benchmark that shares a study's baseline, or has one of its own from the vague prior."""
    import pytensor.tensor as pt

    shared = print_logp(value, n, log_weight, baseline, rho)
    return pt.logaddexp(log_share[..., 0] + shared, log_share[..., 1] + log_evidence)


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


def _mixed_ratio_logp(value: Any, effect: Any, apart: Any, sd: Any, log_mix: Any) -> Any:
    import pytensor.tensor as pt

    return pt.logaddexp(
        log_mix[..., 0] + _ratio_logp(value, effect, sd), log_mix[..., 1] + _ratio_logp(value, apart, sd)
    )


def _mixed_ratio_random(
    effect: Array,
    apart: Array,
    sd: Array,
    log_mix: Array,
    rng: np.random.Generator | None = None,
    size: tuple[int, ...] | None = None,
) -> Array:
    rng = rng or np.random.default_rng()
    batch = size or np.broadcast_shapes(effect.shape, apart.shape, sd.shape)
    alone = np.log(rng.uniform(size=batch)) >= log_mix[..., 0]
    return _ratio_random(np.where(alone, apart, effect), sd, rng, batch)


def program(key: ProgramKey) -> Program:
    """The compiled model of a key, compiled at most once in a process."""
    with _COMPILING:
        return _compiled(key)


@lru_cache(maxsize=16)
@stage("compile")
def _compiled(key: ProgramKey) -> Program:
    import nutpie
    import pytensor

    model = build_model(key)
    # fast-math lets the compiler reorder sums, differently from a cold and from a warm cache: draws would differ
    with pytensor.config.change_flags(numba__fastmath=False):
        compiled = nutpie.compile_pymc_model(model)
    shapes = {name: value.get_value().shape for name, value in _data(model).items()}
    shapes = {name: shape[: len(shape) - _LOOSE.get(name, 0)] for name, shape in shapes.items()}
    return Program(key, compiled, shapes)


def _data(model: Any) -> dict[str, Any]:
    return {variable.name: variable for variable in model.data_vars}
