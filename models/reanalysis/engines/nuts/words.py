"""What a source says in words as an observation of PyMC: the pairs of counts that its claims allow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from scipy.special import gammaln

from reanalysis.engines.arrays import log_shares, padded_candidates
from reanalysis.engines.benchmark import log_benchmark_evidence
from reanalysis.engines.nuts.kernel import ProgramKey, benchmark_logp, located, prior_data, symmetric
from reanalysis.engines.prediction import draw_benchmark
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.claims import allowed
from reanalysis.model.data import ModelData
from reanalysis.model.likelihood import log_binomial_coefficient, log_pmf
from reanalysis.typing import Array

_ARMS = ("control", "treated")
_COUNTS = ("events", "n", "log_weight")
_TABLE = ("x", "y", "x_at", "y_at", "log_ways")
"""Of an arm: the different numbers with and without the event, which of them each candidate has, and the log of its
weight and of all in its probability that depends on neither rate. Candidates share these numbers: a thousand counts of
sixteen sizes have eighty."""


def observe_words(key: ProgramKey, effect: Any, bias: Any = None, mixed: tuple[Any, Any] | None = None) -> None:
    """What the studies of a key are told of in words, each with a baseline of its own, told_raw.

    Parameters
    ----------
    effect : tensor, shape (slots,)
        Effects of the studies.
    bias : tensor, shape (slots,), optional
        Of a model that has it.
    mixed : tuple of tensor, optional
        Effects that stand alone, shape (slots,), and the logs of the weights of both, where a study has either.
    """
    if key.told == 0:
        return
    import pymc as pm
    import pytensor.tensor as pt

    place = pm.Data("told_place", np.zeros((key.told, key.slots)))
    arms = [pm.Data(f"told_{arm}_{name}", np.zeros((key.told, 2))) for arm in _ARMS for name in _TABLE]
    pairs = pm.Data("told_pairs", np.ones((key.told, 2, 2)))
    rho, below = (pm.Data(f"told_{name}", np.zeros(key.told)) for name in ("rho", "below"))
    prior = prior_data(pm, "told_prior", key.told_family)
    baseline = prior[-2] + prior[-1] * symmetric(pm, "told_raw", key.told_family, prior[0], 0.0, 1.0, shape=key.told)
    shift = 0.0 if bias is None else pt.dot(place, bias)
    of_benchmark = [pm.Data(f"told_benchmark_{name}", np.zeros((key.told, 2))) for name in (*_COUNTS, "log_share")]
    benchmark_rho, evidence = (
        pm.Data(f"told_benchmark_{name}", np.zeros(key.told)) for name in ("rho", "log_evidence")
    )
    own = pt.dot(place, effect)
    logits = [_logits(baseline, below, own, shift)]
    log_mix = pt.zeros(1)
    if mixed is not None:
        logits.append(_logits(baseline, below, pt.dot(place, mixed[0]), shift))
        log_mix = mixed[1]
    events, n, log_weight, log_share = of_benchmark
    # beside a benchmark the baseline is the control logit
    pm.CustomDist(
        "told_benchmark", n, log_weight, baseline, benchmark_rho, log_share, evidence, prior, logp=benchmark_logp,
        random=partial(draw_benchmark, family=key.told_family), signature="(c),(c),(),(),(m),(),(p)->(c)",
        observed=events,
    )  # fmt: skip
    pm.CustomDist(
        "told", *arms, pt.stack(logits, axis=-2), rho, log_mix, logp=partial(said_logp, len(logits)), random=draw_said,
        signature="(x),(y),(c),(c),(c),(u),(v),(d),(d),(d),(k,a),(),(k)->(c,d)", observed=pairs,
    )  # fmt: skip


def _logits(baseline: Any, below: Any, effect: Any, bias: Any) -> Any:
    import pytensor.tensor as pt

    control = baseline - below * effect
    return pt.stack([control, control + effect + bias], axis=-1)


def said_logp(effects: int, value: Any, *arguments: Any) -> Any:
    """Log probability of the pairs of counts that ``value`` marks, whichever of the effects a study has.

    Parameters
    ----------
    effects : int
        K.
    value : tensor, shape (T, C, D)
        1 for a pair of a candidate of the control and one of the treated arm that may be so, else 0.
    *arguments : tensor
        The tables of both arms; logits (T, K, 2) of both arms under each of K effects; rho (T,); the logs of the
        weights of the effects, (K,).
    """
    import pytensor.tensor as pt

    control, treated, (logits, rho, log_mix) = arguments[:5], arguments[5:10], arguments[10:]
    said = []
    for effect in range(effects):
        logs = [_log_candidates(arm, logits[:, effect, a], rho) for a, arm in enumerate((control, treated))]
        tops = [pt.max(one, axis=-1, keepdims=True) for one in logs]
        by_control, by_treated = (pt.exp(one - top) for one, top in zip(logs, tops, strict=True))
        share = pt.sum(pt.matmul(by_control[:, None, :], value)[:, 0, :] * by_treated, axis=-1)
        said.append(log_mix[effect] + pt.log(pt.maximum(share, 1e-300)) + tops[0][:, 0] + tops[1][:, 0])
    return pt.logsumexp(pt.stack(said), axis=0)


def _log_candidates(arm: Sequence[Any], logit: Any, rho: Any) -> Any:
    """Log of weight times probability of each candidate of an arm, from its tables, shape (T, C)."""
    import pytensor.tensor as pt

    x, y, x_at, y_at, log_ways = arm
    logit, rho = logit[:, None], rho[:, None]
    precision = 1 / pt.switch(rho > 0, rho, 0.5) - 1
    total = log_ways
    for count, at, log_rate in ((x, x_at, -pt.softplus(-logit)), (y, y_at, -pt.softplus(logit))):
        a = pt.maximum(pt.exp(log_rate) * precision, 1e-300)
        each = pt.switch(rho > 0, pt.gammaln(count + a) - pt.gammaln(a), count * log_rate)
        total = total + pt.take_along_axis(each, pt.cast(at, "int64"), axis=-1)
    return total


def _constant(x: Array, n: Array, rho: Array) -> Array:
    """What the log probability of a count has beside terms of its rate."""
    precision = 1 / np.where(rho > 0, rho, 0.5) - 1
    return log_binomial_coefficient(x, n) - np.where(rho > 0, gammaln(n + precision) - gammaln(precision), 0.0)


def draw_said(*arguments: Array, rng: np.random.Generator | None = None, size: tuple[int, ...] | None = None) -> Array:
    """Draw a candidate of each arm and mark the pair, as of :func:`said_logp`."""
    rng = rng or np.random.default_rng()
    control, treated, (logits, rho, log_mix) = arguments[:5], arguments[5:10], arguments[10:]
    batch = tuple(size or rho.shape)
    which = np.minimum((np.cumsum(np.exp(log_mix)) < rng.uniform(size=(*batch, 1))).sum(axis=-1), len(log_mix) - 1)
    drawn = np.take_along_axis(np.broadcast_to(logits, (*batch, *logits.shape[1:])), which[..., None, None], axis=-2)
    marks = []
    for arm, (x, y, x_at, y_at, log_ways) in enumerate((control, treated)):
        events = np.take_along_axis(x, x_at.astype(int), axis=-1)
        n = events + np.take_along_axis(y, y_at.astype(int), axis=-1)
        rhos = np.broadcast_to(rho[:, None], n.shape)
        logit = drawn[..., 0, arm, None]
        share = np.exp(log_ways - _constant(events, n, rhos) + log_pmf(events, n, logit, rhos))
        share = np.cumsum(np.broadcast_to(share, (*batch, n.shape[-1])), axis=-1)
        slot = (share < rng.uniform(size=(*batch, 1)) * share[..., -1:]).sum(axis=-1)
        marks.append(np.arange(n.shape[-1]) == slot[..., None])
    return (marks[0][..., :, None] & marks[1][..., None, :]).astype(float)


def _table(arm: Candidates, rho: float) -> tuple[Array, ...]:
    """As of :data:`_TABLE`."""
    x, x_at = np.unique(arm.x, return_inverse=True)
    y, y_at = np.unique(arm.size - arm.x, return_inverse=True)
    return x, y, x_at.astype(float), y_at.astype(float), arm.log_weight + _constant(arm.x, arm.size, np.array(rho))


def _padded(rows: Sequence[Array], with_: float) -> Array:
    found = np.full((len(rows), max(map(len, rows))), with_)
    for row, values in zip(found, rows, strict=True):
        row[: len(values)] = values
    return found


def words_arrays(data: ModelData, slots: int) -> dict[str, Array]:
    """Data of :func:`observe_words`, T studies told in words; empty where there is none."""
    told = [(slot, one, one.told) for slot, one in enumerate(data.studies) if one.told is not None]
    if not told:
        return {}
    found: dict[str, Array] = {}
    for arm in _ARMS:
        tables = [_table(getattr(one, arm), one.rho) for _, one, _ in told]
        for name, columns in zip(_TABLE, zip(*tables, strict=True), strict=True):
            found[f"told_{arm}_{name}"] = _padded(columns, -np.inf if name == "log_ways" else 0.0)
    benchmarks = [words.benchmark for _, _, words in told]
    candidates = padded_candidates([[b.candidates if b else None] for b in benchmarks], len(told), 1)
    found |= {f"told_benchmark_{name}": array[:, 0] for name, array in zip(_COUNTS, candidates, strict=True)}
    place = np.zeros((len(told), slots))
    pairs = np.zeros((len(told), *(found[f"told_{arm}_x_at"].shape[1] for arm in _ARMS)))
    for row, (slot, one, _) in enumerate(told):
        keep = allowed(one)
        place[row, slot] = 1.0
        pairs[row, : keep.shape[0], : keep.shape[1]] = keep
    evidence = [
        0.0 if words.benchmark is None else log_benchmark_evidence(words.benchmark, words.baseline)
        for _, _, words in told
    ]
    return found | {
        "told_place": place,
        "told_pairs": pairs,
        "told_rho": np.array([one.rho for _, one, _ in told]),
        "told_below": np.array([words.below for _, _, words in told]),
        "told_prior": np.array(told[0][2].baseline.parameters),
        "told_benchmark_rho": np.array([0.0 if b is None else b.rho for b in benchmarks]),
        "told_benchmark_log_share": np.array([log_shares(0.0 if b is None else b.share) for b in benchmarks]),
        "told_benchmark_log_evidence": np.array(evidence),
    }


def told_controls(data: ModelData, raw: Array | None, control: Array, effect: Array) -> Array:
    """Control logits, those of studies told in words from draws of told_raw (chains, draws, T) in their place."""
    if raw is None:
        return control
    found, row = control.copy(), 0
    for slot, one in enumerate(data.studies):
        if one.told is not None:
            found[..., slot] = located(one.told.baseline, raw[..., row]) - one.told.below * effect[..., slot]
            row += 1
    return found
