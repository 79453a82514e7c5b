"""What the defaults say of small and rare-event evidence: the digits that are known, and the independent sums'."""

from __future__ import annotations

import numpy as np
import pytest

from engines.brute_force import PROBABILITIES, BruteForce, errors
from engines.builders import spec, two_arms
from evidence.folders import ANAKINRA
from reanalysis.engines.fit import fit
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import ModelData
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import ModelSpec

TAU = (0.0, 0.05, 0.15, 0.4, 0.8, 1.6, 3.3)


def odds_ratio(model: ModelSpec, on: ModelData) -> list[float]:
    """Median and 95 % interval of the average odds ratio, which the independent sums confirm."""
    found = fit(model, on).overall["log_odds_ratio"]
    truth = BruteForce(model, on, (-20.0, 20.0, 0.08), (-6.4, 6.4, 0.08), TAU, order=10, baseline=(-90.0, 90.0))
    assert max(errors(found, truth.average()).values()) < 1e-5
    lower, median, upper = np.exp(found.quantile(PROBABILITIES))
    return [round(float(median), 2), round(float(lower), 2), round(float(upper), 2)]


@pytest.mark.parametrize(
    ("rows", "known"),
    [
        ([(0, 15, 2, 13), (2, 13, 0, 15)], [1.0, 0.22, 4.47]),
        ([(1, 50, 1, 50)] * 10, [1.0, 0.43, 2.33]),
        ([(0, 39, 5, 35), (0, 40, 2, 40)], [4.19, 1.03, 18.65]),
    ],
    ids=["a pair and its mirror image", "ten of one against one", "no control had an event"],
)
def test_small_and_rare_evidence(rows: list[tuple[int, int, int, int]], known: list[float]) -> None:
    assert odds_ratio(spec(), two_arms(rows)) == known


@pytest.mark.parametrize(
    ("endpoint", "known", "below"),
    [
        ("icans_any", [1.10, 0.47, 2.42], 0.410),
        ("infection_g3", [2.10, 0.57, 7.27], 0.124),
        ("cr", [1.12, 0.44, 2.81], 0.400),
        ("infection_any", [1.72, 0.52, 5.20], 0.172),
    ],
)
def test_the_anakinra_endpoints(endpoint: str, known: list[float], below: float) -> None:
    evidence = read_evidence(ANAKINRA)
    model = default_spec(evidence)
    on = select(evidence, model, endpoint).data
    assert odds_ratio(model, on) == known
    assert fit(model, on).overall["log_odds_ratio"].cdf(0.0) == pytest.approx(below, abs=5e-4)
