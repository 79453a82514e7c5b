"""Priors that others would defend: Zampieri's nine at an expected odds ratio, and those of other reviews."""

from __future__ import annotations

from dataclasses import replace
from math import log
from pathlib import Path

import pytest
from scipy.stats import norm

import reanalysis as ra
from cli.command import run
from evidence.folders import TWO_STUDIES, folder
from reanalysis.alternatives.choices import INFORMED, MU_PRIOR, declared_choices
from reanalysis.alternatives.one_at_a_time import sensitivity_set
from reanalysis.engines.fit import fit
from reanalysis.estimands.headline import headline
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reasons import reasons
from reanalysis.model.distributions import Distribution
from reanalysis.model.selection import default_spec, select
from reanalysis.model.spec import ModelSpec

EXPECTED = '[endpoints.x]\nbetter = "{better}"\n[endpoints.x.expected]\nodds_ratio = {ratio}\nreason = "a protocol"\n'
CROSSING = {"weak": 0.30, "moderate": 0.15, "strong": 0.05}
INFORM = '[informed.field]\nlabel = "this field"\nmu = "{mu}"\ntau = "{tau}"\nreason = "reviews"\n'


def priors(evidence: Evidence, endpoint: str) -> dict[str, Distribution]:
    (choice,) = (one for one in declared_choices(evidence, default_spec(evidence), endpoint) if one.group == MU_PRIOR)
    return {level.label: level.sets["mu"] for level in choice.levels[1:]}


@pytest.mark.parametrize(("better", "ratio"), [("lower", 0.4), ("higher", 2.5)])
def test_nine_priors_stand_at_the_expected_odds_ratio(tmp_path: Path, better: str, ratio: float) -> None:
    toml = EXPECTED.format(better=better, ratio=ratio)
    found = priors(ra.read_evidence(folder(tmp_path, TWO_STUDIES, toml=toml)), "x")
    nine = {
        name: prior for name, prior in found.items() if name.split(",")[0] in ("neutral", "optimistic", "pessimistic")
    }
    assert len(nine) == 9
    for name, prior in nine.items():
        belief, strength = name.split(", ")[:2]
        mean, sd = prior.parameters
        good = norm(mean, sd).cdf(0.0) if better == "lower" else norm(mean, sd).sf(0.0)
        if belief == "neutral":
            assert mean == 0
            assert sd == {"weak": 5.0, "moderate": 0.355, "strong": 0.205}[strength]
        else:
            assert mean == pytest.approx(log(ratio) if belief == "optimistic" else -log(ratio))
            assert (1 - good if belief == "optimistic" else good) == pytest.approx(CROSSING[strength], abs=1e-9)


def test_an_endpoint_of_which_nothing_was_expected_has_none_of_them(evidence: Evidence) -> None:
    assert not any(name.startswith("neutral") for name in priors(evidence, "icans_any"))
    assert sum(name.startswith(("neutral", "optimistic", "pessimistic")) for name in priors(evidence, "crs_any")) == 9


def test_what_was_expected_of_crs_is_what_the_trial_printed(evidence: Evidence) -> None:
    expected = evidence.endpoint("crs_any").expected
    assert expected is not None
    assert expected.odds_ratio == pytest.approx(0.15 / 0.85 / (0.40 / 0.60), abs=5e-4)


@pytest.mark.parametrize("endpoint", ["icans_any", "crs_any"])
def test_priors_of_other_reviews_change_both_and_nothing_else(
    evidence: Evidence, spec: ModelSpec, endpoint: str
) -> None:
    rows = sensitivity_set(evidence, spec, endpoint, groups=(INFORMED,))[INFORMED]
    haematology = rows[-1]
    assert haematology.label.startswith("Cochrane reviews in haematology")
    both = {"mu": Distribution("student_t", (4.0, 0.0, 0.57)), "tau": Distribution("inverse_gamma", (2.91, 0.66))}
    other = replace(spec, priors=replace(spec.priors, **both))
    expected = headline(fit(other, select(evidence, other, endpoint).data)).log_odds_ratio
    assert haematology.log_odds_ratio is not None
    assert haematology.log_odds_ratio.median == pytest.approx(float(expected.quantile([0.5])[0]), abs=1e-4)
    assert all(one.log_odds_ratio is not None for one in rows)  # whatever the number of studies
    assert any("all topics" in one.label for one in rows) is (len(rows[0].studies) > 1)


def test_each_of_these_priors_has_its_reason(evidence: Evidence) -> None:
    found = {one.setting: one for one in reasons(evidence) if one.kind == "prior"}
    assert found["expected odds ratio, CRS, any grade"].source == "liang2025"
    assert found["other priors, Cochrane reviews in haematology"].reason
    assert all(one.reason for one in found.values())


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (
            EXPECTED.format(better="lower", ratio=1.5),
            "analysis.toml, line 1, endpoints.x: expected: the odds ratio must lie on the better side, which must be",
        ),
        (
            EXPECTED.format(better="lower", ratio=1.001),
            "analysis.toml, line 4, endpoints.x.expected.odds_ratio: must differ from 1, no effect, by 1 % or more",
        ),
        (
            "[endpoints.x.expected]\nodds_ratio = 0.5\n",
            "analysis.toml, line 1, endpoints.x.expected.reason: the key is missing",
        ),
        (
            INFORM.format(mu="student_t(4,0)", tau="halfnormal(1)"),
            "analysis.toml, line 3, informed.field.mu: must be one of normal, logistic, student_t with its numbers",
        ),
        (
            INFORM.format(mu="normal(0,1)", tau="inverse_gamma(2,-1)"),
            "analysis.toml, line 4, informed.field.tau: must be one of halfnormal, halfcauchy, half_student_t",
        ),
        (
            INFORM.format(mu="normal(0,1)", tau="halfnormal(1)") + 'source = "nobody"\n',
            "analysis.toml, line 6, informed.field.source: unknown source",
        ),
    ],
)
def test_what_is_declared_wrongly_is_refused_with_its_place(tmp_path: Path, toml: str, said: str) -> None:
    where = folder(tmp_path, TWO_STUDIES, toml=toml, sources="[known]\nyear = 2020\n")
    ended = run("audit", where)
    assert ended.code == 2
    assert ended.errors[0].startswith(said), ended.errors
