"""Time of a design of the next trial, of a curve of sizes, and of ten thousand designs.

Run with ``make bench``. Nothing here is a test of time: figures are printed, in processor time of one core where no
workers are named.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits

import reanalysis as ra
from benchmarks.timing import DATA, WORKERS, milliseconds, watch
from reanalysis.decisions import next_trial
from reanalysis.decisions.design_grid import evaluate_all
from reanalysis.decisions.design_request import trial_request
from reanalysis.decisions.next_trial import evaluate
from reanalysis.decisions.trial_design import Design, Truth
from reanalysis.decisions.trial_priors import BaselineAndEffect, Effect
from reanalysis.engines.batches import local_processes
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.distributions import Distribution

ENDPOINT = "icans_any"
TRUTHS = ("OR=0.4", "OR=0.5", "OR=0.67", "RD=-0.1", "RD=0")
DESIGNS = 10_000
CURVE = tuple(range(20, 401, 20))


def forget() -> None:
    """Nothing that an earlier design left."""
    for kept in (next_trial._probability_above, next_trial._widths, next_trial._value):
        kept.cache_clear()


def fresh(design: Design) -> object:
    forget()
    return evaluate(design)


def test_time_of_a_design_and_of_a_curve(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = ra.read_evidence(DATA)
    lines = []
    with threadpool_limits(1):
        for analysis in ("contrast", "arms"):
            for scale in ("rd", "or"):
                request = trial_request(
                    evidence, ENDPOINT, n=(200, *CURVE), truth=TRUTHS, analysis=analysis, scale=scale
                )
                one, *curve = request.designs
                evaluate(one)
                parts = [
                    milliseconds(lambda d=d: fresh(d), 5, time.process_time).median
                    for d in (one, replace(one, width=False))
                ]  # type: ignore[misc]
                start = time.process_time()
                for design in curve:
                    fresh(design)
                lines.append((analysis, scale, *parts, time.process_time() - start))
    with capsys.disabled():
        print("\n200 : 200, boundary, five truths, assurance, EVSI; a curve of 20 sizes up to 400 an arm")
        for analysis, scale, whole, without, curve_time in lines:
            print(
                f"  {analysis:9s} {scale}   {whole:7.0f} ms   ({without:5.0f} ms without the width)   "
                f"curve {curve_time:6.1f} s"
            )


def grid(evidence: Evidence, apart: bool) -> list[Design]:
    """Designs of 50 : 50 of 100 priors, 25 thresholds and 4 truths; or of a prior each."""
    base = trial_request(evidence, ENDPOINT, n=50, baseline=0.3, width=False).designs[0]
    rng = np.random.default_rng(1)
    means, sds = rng.uniform(-0.5, 0.5, DESIGNS), rng.uniform(0.3, 2.0, DESIGNS)
    found = []
    for i in range(DESIGNS):
        prior = i if apart else i // 100
        effect = Effect((1.0,), (Distribution("normal", (float(means[prior]), float(sds[prior]))),))
        ratio = (0.4, 0.5, 0.6, 0.7)[i % 4]
        truth = Truth(f"OR={ratio}", 0.3, float(expit(logit(0.3) + np.log(ratio))))
        found.append(
            replace(
                base,
                analysis=BaselineAndEffect(Distribution("normal", (0.0, 10.0)), effect),
                rule=replace(base.rule, threshold=0.8 + 0.0075 * (i // 4 % 25)),
                truths=(truth,),
            )
        )
    return found


@pytest.mark.timeout(3600)
def test_time_of_ten_thousand_designs(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = ra.read_evidence(DATA)
    with capsys.disabled():
        print(f"\n{DESIGNS:,} designs of 50 : 50, {WORKERS} workers, their start included")
        for name, apart in (("100 priors x 25 thresholds x 4 truths", False), ("10,000 priors", True)):
            designs = grid(evidence, apart)
            with watch() as taken, local_processes(WORKERS) as executor:
                found = evaluate_all(designs, executor)
            assert len(found) == DESIGNS
            print(f"  {name:40s} {taken}")
