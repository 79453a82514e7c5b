"""A choice is one declaration: everything that varies choices knows it by that, and its primary level is no change."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reanalysis.alternatives import choice as register
from reanalysis.alternatives import outcome as module
from reanalysis.alternatives.choice import GROUPS, Choice, Level, Primary
from reanalysis.alternatives.choices import declared_choices
from reanalysis.alternatives.influence import influences
from reanalysis.alternatives.multiverse.choices import choices
from reanalysis.alternatives.multiverse.multiverse import multiverse
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.alternatives.outcome import effects, headlines
from reanalysis.alternatives.weighed_ledger import weigh
from reanalysis.engines.errors import EngineError, QuadratureError
from reanalysis.engines.fit import fit
from reanalysis.engines.marginal import Marginal
from reanalysis.estimands.headline import headline
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.coverage import modelled_endpoints
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.folder import read_evidence
from reanalysis.model.data import ModelData
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

TRIALS = """study,arm,endpoint,events,n
A,control,x,4,20
A,treated,x,7,20
B,control,x,3,30
B,treated,x,2,31
"""
SHARP = Distribution("normal", (2.0, 0.05))


def _certain(primary: Primary) -> Iterator[Choice]:
    """Somebody's choice of a prior that leaves nothing open, asked for by a finding about study A."""
    levels = Level("as it was"), Level("certain of harm", {"mu": SHARP})
    yield Choice("certainty", "certainty", levels, raised_by=("doubt",), studies=("A",))  # type: ignore[arg-type]


@pytest.fixture
def trials(tmp_path: Path) -> Evidence:
    (tmp_path / "arms.csv").write_text(TRIALS, encoding="utf-8")
    return read_evidence(tmp_path)


@pytest.fixture
def certain() -> Iterator[None]:
    register.declared(_certain)
    yield
    register.DECLARED.remove(_certain)


@pytest.mark.usefixtures("certain")
def test_one_declaration_is_varied_alone_crossed_and_weighed(trials: Evidence) -> None:
    spec = ModelSpec()
    *_, (group, rows) = sensitivity_set(trials, spec, "x").items()
    assert group == "certainty"
    assert [(one.label, one.primary) for one in rows] == [("as it was", True), ("certain of harm", False)]
    sharp = replace(spec, priors=replace(spec.priors, mu=SHARP))
    expected = float(headline(fit(sharp, select(trials, sharp, "x").data)).log_odds_ratio.cdf(0.0))
    assert rows[1].below == pytest.approx(expected, abs=1e-6)

    crossed = choices(trials, spec, "x", fine=False, most=100)
    assert "certainty" in {one.name for one in crossed[0]}

    (influence,) = influences(trials, spec, "x")
    assert influence.kind == "certainty"
    assert influence.shift == pytest.approx(abs(expected - (rows[0].below or 0.0)), abs=1e-9)
    finding = Finding("doubt", "warning", "A", "", "x", "Somebody doubts it.")
    ledger = audit(trials)
    weighed = weigh(trials, replace(ledger, findings=(*ledger.findings, finding)), spec)
    assert weighed.shift(finding) == influence.shift
    assert weighed.shift(replace(finding, study="B")) is None
    assert weighed.shift(replace(finding, kind="belief")) is None


@pytest.mark.usefixtures("certain")
def test_a_declared_choice_is_a_column_of_the_multiverse(trials: Evidence) -> None:
    found = multiverse(trials, "x", ModelSpec(), at_least=1, most=2)
    assert "certainty" in found.held or "certainty" in found.table


def test_what_is_not_declared_is_varied_by_nobody(trials: Evidence) -> None:
    assert "certainty" not in sensitivity_set(trials, ModelSpec(), "x")
    assert influences(trials, ModelSpec(), "x") == []


@pytest.mark.parametrize("endpoint", ["icans_any", "crs_any", "cr", "infection_g3"])
def test_a_primary_level_changes_nothing_and_every_other_does(
    evidence: Evidence, spec: ModelSpec, endpoint: str
) -> None:
    for choice in declared_choices(evidence, spec, endpoint):
        first, *others = choice.levels
        assert first.apply(evidence, spec) == (evidence, spec), choice.name
        ((primary,),) = headlines([(evidence, spec)], endpoint)
        for level in others:
            if level.outcomes is None:
                assert level.apply(evidence, spec) != (evidence, spec), (choice.name, level.label)
            else:
                assert level.crossed == "never"
                found = {one.study: one.log_odds_ratio for one in level.outcomes(evidence, spec, endpoint)}
                assert found[primary.study] != primary.log_odds_ratio


def test_levels_of_one_choice_have_names_of_their_own(evidence: Evidence, spec: ModelSpec) -> None:
    for endpoint in modelled_endpoints(evidence):
        every = declared_choices(evidence, spec, endpoint)
        for choice in every:
            assert choice.group in GROUPS
            assert len(set(choice.labels)) == len(choice.labels)
            assert len({level.label for level in choice.levels}) == len(choice.levels)
        crossed = [choice.name for choice in every if any(level.crossed != "never" for level in choice.levels[1:])]
        assert len(set(crossed)) == len(crossed)


def test_a_factor_off_the_grid_is_weighed_against_the_grid(evidence: Evidence, spec: ModelSpec) -> None:
    found = {i.kind: i for i in influences(evidence, replace(spec, k=0.7), "infection_g3")}
    assert found["effective size"].primary.label == "k = 0.7"
    assert [o.label for o in found["effective size"].alternatives] == [f"k = {k:g}" for k in (0.5, 0.65, 0.75, 0.8, 1)]


def test_outcomes_pickle(evidence: Evidence, spec: ModelSpec) -> None:
    for outcomes in sensitivity_set(evidence, spec, "crs_any").values():
        assert pickle.loads(pickle.dumps(outcomes)) == outcomes


# ---------------------------------------------------------------- fits handed over together


def _settings(spec: ModelSpec) -> list[ModelSpec]:
    """Priors of two kinds, pooling, a discount, studies left out: some alike in their data, some not."""
    sharp = replace(spec, priors=replace(spec.priors, mu=SHARP))
    wide = replace(spec, priors=replace(spec.priors, tau=Distribution("halfnormal", (1.0,))))
    left = [replace(spec, leave_out=out) for out in (("iptw",), ("iptw", "phase1"))]
    return [spec, sharp, wide, replace(wide, pooling="complete"), replace(sharp, rho=0.0), *left, spec]


def test_specifications_handed_over_together_have_the_headlines_they_have_alone(
    evidence: Evidence, spec: ModelSpec
) -> None:
    every = [(one, select(evidence, one, "icans_any").data) for one in _settings(spec)]
    for (one, data), found in zip(every, effects(every), strict=True):
        expected = headline(fit(one, data))
        assert isinstance(found, dict)
        assert list(found) == [expected.study]
        assert found[expected.study].mean() == pytest.approx(expected.log_odds_ratio.mean(), abs=1e-6)
        assert found[expected.study].cdf(0.0) == pytest.approx(expected.log_odds_ratio.cdf(0.0), abs=1e-6)


def test_priors_of_the_same_data_share_one_fit(
    evidence: Evidence, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared: list[int] = []
    together = module.engine_effects

    def counted(specs: list[ModelSpec], data: ModelData, study: str | None) -> list[Marginal | EngineError]:
        shared.append(len(specs))
        return together(specs, data, study)

    monkeypatch.setattr(module, "engine_effects", counted)
    headlines([(evidence, one) for one in _settings(spec)], "icans_any")
    assert sorted(shared) == [1, 1, 1, 5]


def test_a_fit_that_fails_takes_no_other_with_it(
    evidence: Evidence, spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = module.engine_effects

    def some(specs: list[ModelSpec], data: ModelData, study: str | None) -> list[Marginal | EngineError]:
        found = together(specs, data, study)
        return [
            QuadratureError("too sharp") if spec.priors.mu == SHARP else one
            for spec, one in zip(specs, found, strict=True)
        ]

    monkeypatch.setattr(module, "engine_effects", some)
    good, bad, *_ = _settings(spec)
    (first,), (second,) = headlines([(evidence, good), (evidence, bad)], "icans_any")
    assert first.below is not None
    assert (second.log_odds_ratio, second.note, second.broken) == (None, "not computed: too sharp", True)
