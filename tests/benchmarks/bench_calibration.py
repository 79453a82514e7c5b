"""How long do a thousand replicates of the calibration take? Both engines, against looping over PyMC and bambi.

Run with ``make bench``. Nothing here is a test of time: figures and ratios are printed. One design is run in full;
the others are measured on some replicates and multiplied up, and say so.
"""

from __future__ import annotations

import time

import pytest

from benchmarks.looped import seconds_each, single_counts
from benchmarks.timing import DATA, WORKERS, Metered, watch
from reanalysis.engines.batches import in_batches, local_processes
from reanalysis.engines.nuts.engine import Sampler
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.selection import default_spec
from reanalysis.validation.calibration.designs import DESIGNS
from reanalysis.validation.calibration.replicate import SAMPLER, Job
from reanalysis.validation.calibration.simulate import simulate

REPLICATES = 1000
SOME = 60
LOOPED = 3
IN_FULL = "three studies"


@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
def test_time_of_a_thousand_replicates(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = read_evidence(DATA)
    spec = default_spec(evidence)
    lines = []
    for engine in ("quadrature", "nuts"):
        job = Metered(Job(evidence, spec, engine, 1))
        for design in DESIGNS:
            count = REPLICATES if engine == "nuts" and design == IN_FULL else SOME
            with local_processes(WORKERS) as executor:
                start = time.perf_counter()
                in_batches(job, [(design, i) for i in range(4 * WORKERS)], size=1, executor=executor)
                ready = time.perf_counter() - start
                with watch() as took:
                    found = in_batches(job, [(design, 100 + i) for i in range(count)], size=5, executor=executor)
            each, processor = took.wall / count, sum(share for _, share in found) / count
            failed = sum("error" in ranks for ranks, _ in found)
            said = "measured" if count == REPLICATES else f"from {count}"
            lines.append(
                f"{of(engine, design, each)}, {1000 * processor:5.0f} ms of processor ({said}; {took.load}; "
                f"{failed} without a posterior; before them {ready:.0f} s of start, imports and compilation)"
            )
    counts = [single_counts(simulate(evidence, spec, IN_FULL, i, 1)[1]) for i in range(LOOPED)]
    for name, each in seconds_each(counts, Sampler(*SAMPLER)).items():
        lines.append(f"{of(name, IN_FULL, each)} (looped, from {LOOPED})")
    with capsys.disabled():
        print(f"\n{REPLICATES:,} calibration replicates, {WORKERS} workers; samplers one chain of {SAMPLER[2]} draws")
        print("\n".join(lines))


def of(engine: str, design: str, each: float) -> str:
    return f"  {engine:12s} {design:14s} {each * REPLICATES:8.0f} s   {1000 * each:7.0f} ms each"
