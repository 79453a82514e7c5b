"""One joint fit answers for each of its endpoints as a fit of that endpoint would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from alternatives.stand_in import each_alone
from figures.folders import write_folder
from reanalysis.alternatives import all_models as module
from reanalysis.alternatives.all_models import joint_fit
from reanalysis.engines.posterior import Posterior
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.gates.checked_fit import fit_and_judge
from reanalysis.model.data import JointData
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import ModelSpec

COUNTS = {"death": (3, 30, 1, 31), "stroke": (9, 30, 4, 31), "fever": (12, 30, 17, 31)}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """No test may see the fit of another."""
    module._fit.cache_clear()
    yield
    module._fit.cache_clear()


@pytest.fixture
def three(tmp_path: Path) -> Evidence:
    """Three endpoints, each of two trials."""
    trials = {endpoint: [("a", counts), ("b", (5, 41, 4, 40))] for endpoint, counts in COUNTS.items()}
    return read_evidence(write_folder(tmp_path, trials))


def joint_data(evidence: Evidence, spec: ModelSpec, endpoint: str) -> JointData:
    data = select(evidence, spec, endpoint).data
    assert isinstance(data, JointData)
    return data


def test_endpoints_share_one_fit_and_other_data_need_another(three: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[str] = []

    def counted(spec: ModelSpec, data: JointData, engine: str) -> Posterior:
        fitted.append(engine)
        return each_alone(spec, data)

    monkeypatch.setattr(module, "fit", counted)
    spec = default_spec(three, "joint")
    for endpoint in COUNTS:
        data = joint_data(three, spec, endpoint)
        posterior, _ = joint_fit(spec, data)
        direct = each_alone(spec, data)
        assert posterior.data == data
        assert posterior.overall["log_odds_ratio"].mean() == direct.overall["log_odds_ratio"].mean()
        assert list(posterior.parts) == list(direct.parts) == [e for e in COUNTS if e != endpoint]
        for other, part in posterior.parts.items():
            assert part.data == direct.parts[other].data
            assert part.overall["log_odds_ratio"].mean() == direct.parts[other].overall["log_odds_ratio"].mean()
    assert fitted == ["nuts"]
    without = default_spec(three, "joint")
    joint_fit(without, joint_data(three, ModelSpec(model="joint", leave_out=("a",)), "death"))
    assert len(fitted) == 2


@pytest.mark.slow
@pytest.mark.xdist_group("nuts")
def test_the_shared_fit_is_the_direct_one_to_the_last_bit() -> None:
    evidence = read_evidence(Path(__file__).parents[2] / "data" / "anakinra")
    spec = default_spec(evidence, "joint")
    joint_fit(spec, joint_data(evidence, spec, "icans_any"))
    for endpoint in ("icans_any", "cr"):
        data = joint_data(evidence, spec, endpoint)
        shared, judged = joint_fit(spec, data)
        direct, _, gates = fit_and_judge(spec, data)
        assert [(gate.name, gate.passed, gate.text) for gate in judged] == [(g.name, g.passed, g.text) for g in gates]
        assert list(shared.study) == list(direct.study)
        pairs = [(shared, direct), *((shared.parts[e], direct.parts[e]) for e in direct.parts)]
        for one, other in pairs:
            assert one.data == other.data
            for study, marginals in other.study.items():
                for name, marginal in marginals.items():
                    np.testing.assert_array_equal(one.study[study][name].draws, marginal.draws)  # type: ignore[attr-defined]
        for name, marginal in direct.correlations.items():
            np.testing.assert_array_equal(shared.correlations[name].draws, marginal.draws)  # type: ignore[attr-defined]
    assert module._fit.cache_info().misses == 1
