"""How long do thousands of fits take? The multiverse and the calibration, against looping over plain ``pm.sample``.

Run with ``make bench``. Nothing here is a test of time: figures and ratios are printed. What would take hours is
measured on a few fits and multiplied up, and says so.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from benchmarks.bench_engines import milliseconds, plain_pymc
from reanalysis.checks.calibration.replicate import Job
from reanalysis.effects.summary import summarise
from reanalysis.engines.batches import in_batches, local_processes
from reanalysis.engines.fit import fit
from reanalysis.evidence.folder import read_evidence
from reanalysis.evidence.observation import Candidates
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.selection import default_spec, select
from reanalysis.sensitivity.multiverse.multiverse import MOST, _cross
from reanalysis.sensitivity.multiverse.specification import answers

DATA = Path(__file__).parents[2] / "data" / "anakinra"
WORKERS = 2
SPECIFICATIONS = 1000
REPLICATES = 1000
STUDIES = (3, 10, 100, 1000)


def many_studies(count: int) -> ModelData:
    """Trials of 20 to 200 patients an arm, event rates from 5 to 60 per cent."""
    rng = np.random.default_rng(1)
    studies = []
    for i in range(count):
        n = rng.integers(20, 201, size=2)
        x = rng.binomial(n, rng.uniform(0.05, 0.6) * np.array([1.0, rng.uniform(0.6, 1.3)]).clip(0, 1))
        arms = (Candidates.count(int(x[0]), int(n[0])), Candidates.count(int(x[1]), int(n[1])))
        studies.append(StudyData(f"s{i:04d}", *arms, 0.02))
    return ModelData("event", tuple(studies))


@pytest.mark.filterwarnings("ignore")
def test_time_of_a_thousand_specifications(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = read_evidence(DATA)
    spec = default_spec(evidence)
    every = _cross(evidence, "icans_any", spec, False, MOST).specifications
    chosen = [every[i] for i in np.linspace(0, len(every) - 1, SPECIFICATIONS).round().astype(int)]
    start = time.perf_counter()
    with local_processes(WORKERS) as executor:
        in_batches(answers, chosen, size=50, executor=executor)
        cold = time.perf_counter() - start
    start = time.perf_counter()
    in_batches(answers, chosen, size=50)
    alone = time.perf_counter() - start
    data = select(evidence, spec, "icans_any").data
    plain = milliseconds(lambda: plain_pymc(data, 1000), 2) / 1000
    with capsys.disabled():
        print(f"\n{SPECIFICATIONS:,} specifications spread over the {len(every):,} of icans_any, three studies")
        print(f"  quadrature, {WORKERS} workers, their start included   {cold:9.1f} s")
        print(f"  quadrature, one process                        {alone:9.1f} s")
        print(f"  plain pm.sample, 4 x 1,000, looped             {plain * SPECIFICATIONS:9.0f} s", end="")
        print(f"   ({plain:.1f} s each from 2 fits, times {SPECIFICATIONS:,})")
        print(f"  ratio                                          {plain * SPECIFICATIONS / cold:9.0f}")


@pytest.mark.filterwarnings("ignore")
def test_time_of_a_thousand_replicates(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = read_evidence(DATA)
    spec = default_spec(evidence)
    measured = {}
    for engine, count in (("quadrature", 60), ("nuts", 60)):
        job = Job(evidence, spec, engine, 1)  # type: ignore[arg-type]
        for design in ("one study", "three studies"):
            with local_processes(WORKERS) as executor:
                in_batches(job, [(design, i) for i in range(2 * WORKERS)], size=1, executor=executor)  # compiles
                start = time.perf_counter()
                in_batches(job, [(design, 100 + i) for i in range(count)], size=5, executor=executor)
                measured[engine, design] = (time.perf_counter() - start) / count
    data = select(evidence, spec, "icans_any").data
    plain = milliseconds(lambda: plain_pymc(data, 500), 2) / 1000
    with capsys.disabled():
        print(f"\n{REPLICATES:,} calibration replicates, {WORKERS} warm workers, from 60 each")
        for (engine, design), each in measured.items():
            print(f"  {engine:12s} {design:14s} {each * REPLICATES:9.0f} s   ({1000 * each:.0f} ms each)")
        print(f"  plain pm.sample, three studies, looped {plain * REPLICATES:7.0f} s   (from 2 fits)")


def test_time_against_the_number_of_studies(capsys: pytest.CaptureFixture[str]) -> None:
    spec = default_spec(read_evidence(DATA))
    times = []
    with threadpool_limits(1):
        for count in STUDIES:
            data = many_studies(count)
            fit(spec, data)
            times.append(milliseconds(lambda data=data: summarise(fit(spec, data).overall["log_odds_ratio"]), 5))
    slopes = np.diff(np.log(times)) / np.diff(np.log(STUDIES))
    with capsys.disabled():
        print("\naverage effect by quadrature against the number of studies, one core")
        for count, one in zip(STUDIES, times, strict=True):
            print(f"  {count:6,d} studies {one:10.1f} ms   {one / count:8.3f} ms a study")
        print(f"  slope on logarithmic axes between them: {', '.join(f'{s:.2f}' for s in slopes)} (1 is linear)")
