"""How long do a thousand specifications take? By quadrature, against looping over ``pm.sample`` and over bambi.

Run with ``make bench``. Nothing here is a test of time: figures and ratios are printed. What would take hours is
measured on a few fits and multiplied up, and says so.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from benchmarks.looped import seconds_each, single_counts
from benchmarks.timing import DATA, WORKERS, milliseconds, three_studies, watch
from reanalysis.alternatives.multiverse.multiverse import MOST, _cross, multiverse
from reanalysis.alternatives.multiverse.specification import Specifications, answers
from reanalysis.engines.batches import in_batches, local_processes
from reanalysis.engines.fit import fit
from reanalysis.engines.nuts.engine import Sampler
from reanalysis.estimands.summary import summarise
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.selection import default_spec

ENDPOINT, ANOTHER = "icans_any", "crs_any"
SPECIFICATIONS = 1000
LOOPED = 3
STUDIES = (3, 10, 100, 1000)


def evenly(every: list[Specifications], count: int) -> list[Specifications]:
    """Data sets of some specifications, evenly among all."""
    at = np.linspace(0, len(every) - 1, max(1, round(count / len(every[0].specs)))).round().astype(int)
    return [every[i] for i in at]


def looped_too(one: Specifications) -> bool:
    """Whether plain PyMC and bambi have the model: the hierarchical one of three studies with both arms."""
    whole = all(s.control and s.treated and s.rho and not s.adjusted and not s.bias for s in one.data.studies)
    return len(one.data.studies) == 3 and whole


@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
def test_time_of_a_thousand_specifications(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = read_evidence(DATA)
    spec = default_spec(evidence)
    every = _cross(evidence, ENDPOINT, spec, False, MOST).specifications
    others = _cross(evidence, ANOTHER, spec, False, MOST).specifications
    chosen = evenly(every, SPECIFICATIONS)
    count = sum(len(one.specs) for one in chosen)
    with watch() as cold, local_processes(WORKERS) as executor:
        in_batches(answers, chosen, size=1, executor=executor)
    with local_processes(WORKERS) as executor:
        in_batches(answers, evenly(others, SPECIFICATIONS), size=1, executor=executor)  # start, imports
        start = time.perf_counter()
        in_batches(answers, chosen, size=1, executor=executor)
        warm = time.perf_counter() - start
    with watch() as alone, threadpool_limits(1):
        in_batches(answers, chosen, size=1)
    with threadpool_limits(1):
        unit = milliseconds(three_studies(evidence), 30, time.process_time).median
    each = 1000 * alone.processor / count
    with watch() as whole, local_processes(WORKERS) as executor:
        found = multiverse(evidence, ENDPOINT, spec, executor=executor)
    few = [one for one in every if looped_too(one)][:LOOPED]
    looped = seconds_each([single_counts(one.data) for one in few], Sampler(draws=1000))
    with capsys.disabled():
        print(
            f"\n{count:,} specifications of {len(chosen)} of the {len(every):,} data sets of {ENDPOINT}, three studies"
        )
        print(f"  quadrature, {WORKERS} workers, their start included   {cold}")
        print(f"  quadrature, {WORKERS} workers already running         {warm:9.1f} s")
        print(f"  quadrature, one process                        {alone}")
        print(f"  {'':46s} {each:.2f} ms each, {each / unit:.3f} x every quantity of three studies ({unit:.1f} ms)")
        for name, seconds in looped.items():
            total = seconds * count
            said = f"{seconds:.1f} s each, from {LOOPED} of them; {total / cold.wall:.0f} x the first line"
            print(f"  {f'{name}, 4 x 1,000, looped':46s} {total:9.0f} s   ({said})")
        print(f"  the whole multiverse, {len(found.table):,} of {found.combinations:,} combinations, {WORKERS} workers")
        print(f"  {'':46s} {whole}")


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


def test_time_against_the_number_of_studies(capsys: pytest.CaptureFixture[str]) -> None:
    spec = default_spec(read_evidence(DATA))
    times = []
    with threadpool_limits(1):
        for count in STUDIES:
            data = many_studies(count)

            def average(data: ModelData = data) -> object:
                return summarise(fit(spec, data).overall["log_odds_ratio"])

            average()
            times.append(milliseconds(average, 5, time.process_time).least)
    slopes = np.diff(np.log(times)) / np.diff(np.log(STUDIES))
    with capsys.disabled():
        print("\naverage effect by quadrature against the number of studies, processor time of one core")
        for count, one in zip(STUDIES, times, strict=True):
            ratio = one / times[0] / (count / STUDIES[0])
            print(f"  {count:6,d} studies {one:10.1f} ms   {one / count:8.3f} ms a study   {ratio:6.2f} x linear")
        print(f"  slope on logarithmic axes between them: {', '.join(f'{s:.2f}' for s in slopes)} (1 is linear)")
