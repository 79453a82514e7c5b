"""How long does a meta-regression of 13 trials on one moderator take? Printed, in processor time of one thread, and as
multiples of a posterior of three studies measured in the same run.
"""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from threadpoolctl import threadpool_limits

from benchmarks.timing import DATA, load, milliseconds, three_studies
from reanalysis.engines.fit import fit
from reanalysis.estimands.table import estimates
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import DEFAULT_PRIORS


def test_time_of_one_meta_regression(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = read_evidence(DATA.parent / "validation" / "bcg")
    flat = default_spec(evidence, "moderated")
    usual = replace(flat, priors=DEFAULT_PRIORS["moderated"], anchor="midpoint")
    with threadpool_limits(1), capsys.disabled():
        unit = milliseconds(three_studies(read_evidence(DATA)), 30, time.process_time).median
        print(f"\n13 trials, one moderator; a posterior of three studies {unit:.1f} ms; {load()}")
        for name, spec in (("default priors", usual), ("flat priors", flat)):
            data = select(evidence, spec, "tuberculosis").data
            shared = milliseconds(
                lambda s=spec, d=data: fit(s, d).overall["moderator[latitude]"].mean(), 10, time.process_time
            )
            every = milliseconds(lambda s=spec, d=data: estimates(fit(s, d)), 3, time.process_time)
            for what, found in (("slope", shared.median), ("every reported quantity", every.median)):
                print(f"  {name:16s} {what:24s} {found:8.0f} ms {found / unit:8.1f} x")
