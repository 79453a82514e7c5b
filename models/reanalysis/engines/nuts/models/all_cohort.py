"""The hierarchical model in which a benchmark speaks of the control logit that a study lacks."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from reanalysis.engines.arrays import log_shares, padded_candidates
from reanalysis.engines.benchmark import log_benchmark_evidence
from reanalysis.engines.nuts.kernel import (
    NutsModel,
    ProgramKey,
    benchmark_logp,
    observe_reports,
    of_one_endpoint,
    with_extras,
)
from reanalysis.engines.nuts.models import hierarchy
from reanalysis.engines.nuts.words import observe_words
from reanalysis.engines.prediction import draw_benchmark
from reanalysis.model.data import ModelData
from reanalysis.model.spec import ModelSpec
from reanalysis.typing import Array


def _build(key: ProgramKey) -> Any:
    import pymc as pm

    with pm.Model() as model:
        found = hierarchy.Hierarchy.of(key)
        _observe_benchmarks(key, found.control(found.effect))
        observe_reports(pm, found.reports, found.logits(found.effect))
        hierarchy.observe_ratios(key, found.effect)
        observe_words(key, found.effect)
    return model


def _observe_benchmarks(key: ProgramKey, control: Any) -> None:
    import pymc as pm

    events, n, log_weight = (
        pm.Data(f"benchmark_{name}", np.zeros((key.slots, 2))) for name in ("events", "n", "log_weight")
    )
    rho, evidence = (pm.Data(f"benchmark_{name}", np.zeros(key.slots)) for name in ("rho", "log_evidence"))
    log_share = pm.Data("benchmark_log_share", np.zeros((key.slots, 2)))
    prior = pm.modelcontext(None)["baseline_prior"]
    pm.CustomDist(
        "benchmark", n, log_weight, control, rho, log_share, evidence, prior, logp=benchmark_logp,
        random=partial(draw_benchmark, family=key.baseline_family), signature="(c),(c),(),(),(m),(),(p)->(c)",
        observed=events,
    )  # fmt: skip


def _extras(spec: ModelSpec, data: ModelData, slots: int) -> dict[str, Array]:
    """Counts (slots, C), rho (slots,), the logs of w and 1 - w (slots, 2) and the log evidence of the benchmarks."""
    benchmarks = [one.benchmark for one in data.studies]
    events, n, log_weight = padded_candidates([[b.candidates if b else None] for b in benchmarks], slots, 1)
    rho, evidence, share = np.zeros(slots), np.zeros(slots), np.tile(log_shares(0.0), (slots, 1))
    for s, benchmark in enumerate(benchmarks):
        if benchmark is not None:
            rho[s], share[s] = benchmark.rho, log_shares(benchmark.share)
            evidence[s] = log_benchmark_evidence(benchmark, spec.priors.baseline)
    return {
        "benchmark_events": events[:, 0],
        "benchmark_n": n[:, 0],
        "benchmark_log_weight": log_weight[:, 0],
        "benchmark_rho": rho,
        "benchmark_log_share": share,
        "benchmark_log_evidence": evidence,
    }


MODELS = {"all-cohort": NutsModel(_build, with_extras(_extras), of_one_endpoint(hierarchy.assembled))}
