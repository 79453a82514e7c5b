"""The agreement gate notices a wrong prior: an SD half as large again, or baselines that are not vague."""

from __future__ import annotations

import pytest

from reanalysis.evidence.evidence import Evidence
from reanalysis.gates.agreement import check_agreement
from reanalysis.gates.checked_fit import CheckedFit, fit_endpoint
from reanalysis.model.specification import specification

pytestmark = pytest.mark.xdist_group("nuts")


@pytest.fixture(scope="module")
def sampled(evidence: Evidence) -> CheckedFit:
    return fit_endpoint(evidence, "crs_any", engine="nuts")


def test_the_right_prior_passes(sampled: CheckedFit) -> None:
    assert check_agreement(sampled.posterior, sampled.quadrature).passed


@pytest.mark.parametrize(
    ("name", "prior"), [("mu", "normal(0,1.5)"), ("baseline", "normal(0,1)"), ("tau", "halfnormal(0.75)")]
)
def test_each_wrong_prior_fails(evidence: Evidence, sampled: CheckedFit, name: str, prior: str) -> None:
    wrong = fit_endpoint(evidence, "crs_any", specification(evidence, priors={name: prior}), "quadrature")
    found = check_agreement(sampled.posterior, wrong.posterior)
    assert not found.passed
    assert "largest difference" in found.text
