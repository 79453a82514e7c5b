"""The three-study model as a user of PyMC or of bambi writes it, compiled and sampled anew for every data set.

Both take certain counts: neither has candidates. bambi's is binomial, because its beta-binomial family has one
dispersion for all arms, so its posterior is that of rho = 0.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pandas as pd

from reanalysis.engines.nuts.engine import Sampler
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData


def single_counts(data: ModelData) -> ModelData:
    """The first candidate of every arm, as a whole number."""

    def first(arm: Candidates | None) -> Candidates:
        assert arm is not None, "every study has both arms"
        return Candidates.count(float(np.rint(arm.events[0])), float(np.rint(arm.n[0])))

    return replace(
        data, studies=tuple(replace(s, control=first(s.control), treated=first(s.treated)) for s in data.studies)
    )


def without_rho(data: ModelData) -> ModelData:
    """Binomial arms."""
    return replace(data, studies=tuple(replace(s, rho=0.0) for s in data.studies))


def plain_pymc(data: ModelData, sampler: Sampler) -> float:
    """Mean of mu by ``pm.sample``."""
    import pymc as pm

    counts = _counts(data)
    rho = np.array([s.rho for s in data.studies])
    with pm.Model():
        mu, tau = pm.Normal("mu", 0, 1), pm.HalfNormal("tau", 0.5)
        z, middle = pm.Normal("z", shape=len(rho)), pm.Normal("middle", 0, 10, shape=len(rho))
        half = (mu + tau * z) / 2
        for arm, logit in (("control", middle - half), ("treated", middle + half)):
            x, n = (counts.loc[counts["arm"] == arm, name].to_numpy() for name in ("x", "n"))
            p = pm.math.invlogit(logit)
            if rho.all():
                pm.BetaBinomial(arm, p * (1 / rho - 1), (1 - p) * (1 / rho - 1), n=n, observed=x)
            else:
                assert not rho.any(), "all arms binomial or none"
                pm.Binomial(arm, n=n, p=p, observed=x)
        trace = pm.sample(**_settings(sampler))
    return float(trace.posterior["mu"].mean())


def bambi(data: ModelData, sampler: Sampler) -> float:
    """Mean of mu by bambi: a treatment effect that varies by study."""
    import bambi as bmb

    counts = _counts(data).assign(treated=lambda rows: (rows["arm"] == "treated") - 0.5)
    spread = bmb.Prior("HalfNormal", sigma=0.5)
    priors = {
        "study": bmb.Prior("Normal", mu=0, sigma=10),
        "treated": bmb.Prior("Normal", mu=0, sigma=1),
        "treated|study": bmb.Prior("Normal", mu=0, sigma=spread),
    }
    formula = "p(x, n) ~ 0 + study + treated + (0 + treated | study)"
    trace = bmb.Model(formula, counts, family="binomial", priors=priors).fit(**_settings(sampler))
    return float(trace.posterior["treated"].mean())


LOOPED = (("pm.sample", plain_pymc), ("bambi", bambi))


def seconds_each(data_sets: list[ModelData], sampler: Sampler) -> dict[str, float]:
    """Wall seconds of one fit by each, after a first that imports."""
    found = {}
    for name, method in LOOPED:
        method(data_sets[0], sampler)
        start = time.perf_counter()
        for data in data_sets:
            method(data, sampler)
        found[name] = (time.perf_counter() - start) / len(data_sets)
    return found


def _counts(data: ModelData) -> pd.DataFrame:
    """One row an arm."""
    rows = []
    for study in data.studies:
        for name, arm in (("control", study.control), ("treated", study.treated)):
            assert arm is not None, "every study has both arms"
            rows.append((study.study, name, int(arm.events[0]), int(arm.n[0])))
    return pd.DataFrame(rows, columns=["study", "arm", "x", "n"])


def _settings(sampler: Sampler) -> dict[str, object]:
    return {
        "draws": sampler.draws,
        "tune": sampler.tune,
        "chains": sampler.chains,
        "cores": min(2, sampler.chains),
        "target_accept": sampler.target_accept,
        "progressbar": False,
        "random_seed": 1,
    }
