"""How long does one posterior take? Quadrature, warm NUTS and plain ``pm.sample``, in one run and as ratios.

Run with ``make bench``. Nothing here is a test of time: the figures and their ratios are printed. Quadrature is
timed in processor time of one thread, which other work on the machine disturbs least; the samplers, which use all
cores, in wall time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from reanalysis.effects.estimates import estimates, probabilities
from reanalysis.engines.fit import fit
from reanalysis.engines.nuts.engine import Sampler
from reanalysis.evidence.folder import read_evidence
from reanalysis.model.selection import default_spec, select

DATA = Path(__file__).parents[2] / "data" / "anakinra"


@dataclass(frozen=True)
class Timing:
    """Milliseconds of a call."""

    least: float
    median: float


def milliseconds(work: Callable[[], object], runs: int, clock: Callable[[], float] = time.perf_counter) -> Timing:
    times = []
    for _ in range(runs):
        start = clock()
        work()
        times.append(1e3 * (clock() - start))
    return Timing(min(times), statistics.median(times))


def plain_pymc(data: object, draws: int) -> object:
    """The same three-study model as a PyMC user would write it, single counts in place of candidates."""
    import pymc as pm

    def first(arm: object) -> tuple[float, float]:
        return float(np.rint(arm.events[0])), float(np.rint(arm.n[0]))

    control = np.array([first(s.control) for s in data.studies])
    treated = np.array([first(s.treated) for s in data.studies])
    rho = np.array([s.rho for s in data.studies])
    precision = 1 / rho - 1
    with pm.Model():
        mu, tau = pm.Normal("mu", 0, 1), pm.HalfNormal("tau", 0.5)
        z, alpha = pm.Normal("z", shape=len(rho)), pm.Normal("alpha", 0, 1.5, shape=len(rho))
        for name, counts, logit in (("c", control, alpha), ("t", treated, alpha + mu + tau * z)):
            p = pm.math.invlogit(logit)
            pm.BetaBinomial(name, p * precision, (1 - p) * precision, n=counts[:, 1], observed=counts[:, 0])
        return pm.sample(draws, tune=1000, chains=4, cores=2, target_accept=0.95, progressbar=False, random_seed=1)


@pytest.mark.filterwarnings("ignore")
def test_time_of_one_posterior(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = read_evidence(DATA)
    spec = default_spec(evidence)
    data = select(evidence, spec, "icans_any").data

    def reported() -> object:
        posterior = fit(spec, data)
        return estimates(posterior), probabilities(posterior)

    def headline() -> object:
        return fit(spec, data).overall["log_odds_ratio"].quantile([0.025, 0.5, 0.975])

    with threadpool_limits(1):
        reported()
        average = milliseconds(headline, 100, time.process_time)
        everything = milliseconds(reported, 100, time.process_time)
    fit(spec, data, "nuts", Sampler(draws=1000))
    warm = milliseconds(lambda: fit(spec, data, "nuts", Sampler(draws=1000)), 5)
    published = milliseconds(lambda: fit(spec, data, "nuts"), 3)
    plain = milliseconds(lambda: plain_pymc(data, 1000), 2)
    rows = [
        ("quadrature, average effect", average),
        ("quadrature, every reported quantity", everything),
        ("warm NUTS, 4 x 1,000", warm),
        ("warm NUTS, 4 x 4,000 (published)", published),
        ("plain pm.sample, 4 x 1,000", plain),
    ]
    with capsys.disabled():
        print("\nthree-study ICANS posterior (16 + 2 candidates); quadrature on one core")
        print(f"  {'':40s} {'least':>10s}    {'median':>10s}")
        for name, found in rows:
            ratio = found.median / everything.median
            print(f"  {name:40s} {found.least:10.1f} ms {found.median:10.1f} ms   {ratio:8.1f} x quadrature")
        print(f"  plain pm.sample / warm NUTS: {plain.median / warm.median:.1f}")
