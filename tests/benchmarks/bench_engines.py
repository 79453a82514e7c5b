"""How long does one posterior take? Quadrature, warm NUTS, plain ``pm.sample`` and bambi, in one run and as ratios.

Run with ``make bench``. Nothing here is a test of time: the figures and their ratios are printed. Quadrature is
timed in processor time of one thread, which other work on the machine disturbs least; the samplers, which use all
cores, in wall time.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from benchmarks.bench_multiverse import many_studies
from benchmarks.looped import bambi, plain_pymc, single_counts, without_rho
from benchmarks.timing import DATA, load, milliseconds, three_studies
from figures.folders import write_folder
from reanalysis.alternatives.averaging import averaged
from reanalysis.engines.fit import fit
from reanalysis.engines.nuts.engine import Sampler
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import ModelData, StudyData
from reanalysis.model.selection import default_spec, select

SHORT = Sampler(draws=1000)


def counts(study: StudyData) -> tuple[int, int, int, int]:
    """Events and sizes of both arms."""
    control, treated = study.control, study.treated
    assert control is not None
    assert treated is not None
    return int(control.events[0]), int(control.n[0]), int(treated.events[0]), int(treated.n[0])


@pytest.mark.filterwarnings("ignore")
def test_time_of_one_posterior(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evidence = read_evidence(DATA)
    spec = default_spec(evidence)
    data = select(evidence, spec, "icans_any").data
    single = single_counts(data)

    def headline() -> object:
        return fit(spec, data).overall["log_odds_ratio"].quantile([0.025, 0.5, 0.975])

    def exact(data: ModelData) -> float:
        return fit(spec, data).overall["log_odds_ratio"].mean()

    rows = [(f"t{i:03d}", counts(study)) for i, study in enumerate(many_studies(200).studies)]
    many = read_evidence(write_folder(tmp_path / "many", {"event": rows}))
    with threadpool_limits(1):
        everything = milliseconds(three_studies(evidence), 100, time.process_time)
        average = milliseconds(headline, 100, time.process_time)
        four = milliseconds(lambda: averaged(evidence, spec, "icans_any").as_dict(), 30, time.process_time)
        of_many = milliseconds(lambda: averaged(many, default_spec(many), "event").as_dict(), 3, time.process_time)
    fit(spec, data, "nuts", SHORT)
    means = {"plain pm.sample": plain_pymc(single, SHORT), "bambi": bambi(single, SHORT)}  # and their imports
    warm = milliseconds(lambda: fit(spec, data, "nuts", SHORT), 5)
    published = milliseconds(lambda: fit(spec, data, "nuts"), 3)
    plain = milliseconds(lambda: plain_pymc(single, SHORT), 3)
    by_bambi = milliseconds(lambda: bambi(single, SHORT), 3)
    timed = [
        ("quadrature, average effect", average),
        ("quadrature, every reported quantity", everything),
        ("quadrature, four models averaged", four),
        ("quadrature, the same of 200 studies", of_many),
        ("warm NUTS, 4 x 1,000", warm),
        ("warm NUTS, 4 x 4,000 (published)", published),
        ("plain pm.sample, 4 x 1,000", plain),
        ("bambi, 4 x 1,000", by_bambi),
    ]
    with capsys.disabled():
        print(f"\nthree-study ICANS posterior (16 + 2 candidates); quadrature on one core; {load()}")
        print(f"  {'':40s} {'least':>10s}    {'median':>10s}")
        for name, found in timed:
            ratio = found.median / everything.median
            print(f"  {name:40s} {found.least:10.1f} ms {found.median:10.1f} ms   {ratio:8.1f} x quadrature")
        print(f"  plain pm.sample / warm NUTS: {plain.median / warm.median:.1f}")
        print(f"  bambi / warm NUTS: {by_bambi.median / warm.median:.1f}")
        print("  mean of mu on single counts, by it (give or take 0.01) and by quadrature of the same model:")
        for (name, mean), same in zip(means.items(), (single, without_rho(single)), strict=True):
            print(f"    {name:20s} {mean:7.3f} {exact(same):7.3f}")
