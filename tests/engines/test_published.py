"""Published problems, read from their folders by the same code as any other evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from reanalysis.effects.rates import rate
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior
from reanalysis.evidence.folder import read_evidence
from reanalysis.model.selection import default_spec, select

FOLDERS = Path(__file__).parents[2] / "data" / "validation"


def posterior(folder: str, model: str) -> Posterior:
    evidence = read_evidence(FOLDERS / folder)
    (endpoint,) = evidence.endpoints
    spec = default_spec(evidence, model)  # type: ignore[arg-type]
    return fit(spec, select(evidence, spec, endpoint).data)


def five(marginal: Marginal) -> list[float]:
    return [marginal.mean(), marginal.sd(), *(float(q) for q in marginal.quantile([0.025, 0.5, 0.975]))]


def test_response_in_ankylosing_spondylitis_controls_agrees_with_quadrature_and_print() -> None:
    found = posterior("as", "rates").overall
    tau, new = five(found["tau"]), five(rate(found["logit_rate_new"]))
    assert tau == pytest.approx([0.3795, 0.2107, 0.0439, 0.3529, 0.8748], abs=1e-3)
    assert new == pytest.approx([0.2583, 0.0874, 0.1108, 0.2486, 0.4715], abs=1e-3)
    assert new[:2] == pytest.approx([0.255, 0.0864], abs=0.01)
    assert new[2:] == pytest.approx([0.106, 0.247, 0.461], abs=0.03)


def test_rat_tumours_agree_with_the_textbook() -> None:
    found = posterior("rats", "beta-rates")
    mode = found.diagnostics["mode"]  # the second printed from a grid: the maximum itself is at 2.7415
    assert mode["log_alpha_over_beta"] == pytest.approx(-1.785, abs=1e-3)
    assert mode["log_alpha_plus_beta"] == pytest.approx(2.740, abs=2e-3)
    assert five(found.overall["alpha"])[:2] == pytest.approx([2.403, 0.911], abs=5e-3)
    assert five(found.overall["beta"])[:2] == pytest.approx([14.320, 5.417], abs=3e-2)
    assert found.overall["mean_rate"].mean() == pytest.approx(0.14430, abs=1e-4)
    last = next(s.study for s in found.data.studies if s.control and (s.control.events, s.control.n) == ((4,), (14,)))
    assert found.study[last]["rate"].mean() == pytest.approx(0.21086, abs=1e-3)
