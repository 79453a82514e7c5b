"""How long does a posterior take in which studies are told in words? At most 20 ms of one processor, beside the counts.

Run with ``make bench``. A table of what is said is kept once made; the first posterior of a folder makes it.
"""

from __future__ import annotations

import time

import pytest
from threadpoolctl import threadpool_limits

from benchmarks.timing import DATA, load, milliseconds, three_studies
from reanalysis.engines.fit import fit
from reanalysis.engines.quadrature import told
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import ModelData
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec
from reanalysis.model.specification import specification

MOST = 20.0
"""Milliseconds of a posterior."""


def test_time_of_a_posterior_with_words(capsys: pytest.CaptureFixture[str]) -> None:
    evidence = read_evidence(DATA)
    rows = []
    for words in (False, True):
        spec = specification(evidence, "crs_any", words=words)
        data = select(evidence, spec, "crs_any").data

        def headline(spec: ModelSpec = spec, data: ModelData = data) -> object:
            return fit(spec, data).overall["log_odds_ratio"].quantile([0.025, 0.5, 0.975])

        with threadpool_limits(1):
            told._table.cache_clear()
            first = milliseconds(headline, 1, time.process_time)
            rows.append(
                ("with words" if words else "figures alone", first, milliseconds(headline, 50, time.process_time))
            )
    with capsys.disabled():
        with threadpool_limits(1):
            unit = milliseconds(three_studies(evidence), 30, time.process_time).median
        print(f"\nCRS of any grade, average effect, by quadrature on one core; {load()}")
        print(f"  every quantity of three studies {unit:.1f} ms")
        for name, first, found in rows:
            ratio = found.median / unit
            print(f"  {name:15s} {found.median:8.1f} ms, {ratio:4.2f} x that, the first {first.median:8.1f} ms")
    assert rows[1][2].least < MOST
