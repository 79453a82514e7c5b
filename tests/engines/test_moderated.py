"""Meta-regression: limits, invariances and an integral by other means, whichever way a covariate enters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.special import comb, logsumexp

from reanalysis.engines.errors import QuadratureError
from reanalysis.engines.fit import fit
from reanalysis.engines.posterior import Posterior
from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.model.data import ModelData, Moderator, Part, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.spec import ModelSpec, Priors
from reanalysis.typing import Array

Arm = tuple[int, int]
Row = tuple[Arm, Arm | list[tuple[int, int, float]], float]

ROWS: list[Row] = [
    ((12, 20), (17, 25), 0.3),
    ((10, 30), (6, 28), 0.0),
    ((20, 40), (22, 35), 1.0),
    ((5, 40), (9, 35), 0.5),
]
PARTS: list[Row] = [((12, 20), [(8, 15, 0.0), (9, 10, 1.0)], 0.5), ((10, 30), (6, 28), 0.0), ((20, 40), (22, 35), 1.0)]
SHARED = ("log_odds_ratio", "tau", "log_odds_ratio_new")


def evidence(rows: list[Row], centre: float | None = None) -> ModelData:
    """Studies with their covariate less its centre."""
    middle = float(np.mean([x for _, _, x in rows])) if centre is None else centre
    studies = []
    for number, (control, treated, x) in enumerate(rows):
        parts: tuple[Part, ...] = ()
        if isinstance(treated, list):
            parts = tuple(Part(f"g{at:g}", Candidates.count(e, n), (at - middle,)) for e, n, at in treated)
            treated = (sum(e for e, _, _ in treated), sum(n for _, n, _ in treated))
        arms = (Candidates.count(*control), Candidates.count(*treated))
        studies.append(StudyData(f"s{number:02d}", *arms, 0.0, covariates=(x - middle,), parts=parts))
    values = (("low", 0.0), ("high", 1.0))
    return ModelData("event", tuple(studies), moderators=(Moderator("x", "x", middle, values),))


def asked(slope: str = "normal(0,0.5)", **priors: str) -> ModelSpec:
    """A specification of the model."""
    texts = {"mu": "normal(0,1)", "tau": "halfnormal(0.5)", "baseline": "normal(0,10)", "moderator": slope} | priors
    anchor = texts.pop("anchor", "midpoint")
    read = Priors(**{name: Distribution.parse(text) for name, text in texts.items()})
    return ModelSpec("moderated", priors=read, anchor=anchor, moderators=("x",))  # type: ignore[arg-type]


def summaries(posterior: Posterior) -> dict[str, tuple[float, ...]]:
    """Mean, SD and interval of all that is reported."""
    named = dict(posterior.overall)
    for study, own in posterior.study.items():
        named |= {f"{study}: {name}": own[name] for name in ("log_odds_ratio", "control_logit", "treated_logit")}
    return {name: (m.mean(), m.sd(), *m.quantile([0.025, 0.975])) for name, m in named.items()}


def distance(one: Mapping[str, tuple[float, ...]], other: Mapping[str, tuple[float, ...]]) -> float:
    """Largest difference of what both have, in posterior SDs."""
    same = [name for name in one if name in other]
    assert len(same) >= len(SHARED)
    return max(float(np.abs(np.subtract(one[name], other[name])).max()) / other[name][1] for name in same)


def test_a_prior_that_leaves_no_slope_equals_the_model_without_one() -> None:
    data, spec = evidence(ROWS), asked("normal(0,1e-6)")
    without = fit(replace(spec, model="contrast", moderators=()), data)
    found = fit(spec, data)
    assert distance(summaries(found), summaries(without)) < 2e-5
    assert found.log_evidence == pytest.approx(without.log_evidence, abs=1e-8)


def test_a_covariate_equal_in_all_studies_changes_nothing() -> None:
    data = evidence([(control, treated, 3.0) for control, treated, _ in ROWS])
    without = fit(replace(asked(), model="contrast", moderators=()), data)
    found = fit(asked("normal(0.2,0.5)"), data)
    assert distance(summaries(found), summaries(without)) < 2e-5
    slope = found.overall["moderator[x]"]
    assert (slope.mean(), slope.sd()) == pytest.approx((0.2, 0.5), abs=1e-5)


def test_moving_a_covariate_moves_its_centre_alone_and_stretching_it_its_slope() -> None:
    found = summaries(fit(asked(), evidence(ROWS)))
    moved = summaries(fit(asked(), evidence([(c, t, x + 7.0) for c, t, x in ROWS])))
    named = "log_odds_ratio[x = low]", "log_odds_ratio[x = high]"  # told at values that do not move with it
    assert distance({k: v for k, v in moved.items() if k not in named}, found) < 1e-9
    longer = summaries(fit(asked("normal(0,0.05)"), evidence([(c, t, 10 * x) for c, t, x in ROWS])))
    assert np.multiply(longer["moderator[x]"], 10) == pytest.approx(np.array(found["moderator[x]"]), rel=1e-9)
    assert distance({k: longer[k] for k in SHARED}, found) < 1e-9


@pytest.mark.parametrize(
    ("rows", "priors"),
    [
        (ROWS, {}),
        (PARTS, {}),
        (PARTS[:1], {}),
        (ROWS, {"slope": "student_t(4,0,0.5)", "mu": "logistic(0,0.5)", "tau": "uniform(0,2)", "anchor": "control"}),
    ],
    ids=["studies", "parts", "one study with parts", "other priors"],
)
def test_evidence_and_moments_are_those_of_plain_sums_over_a_grid(rows: list[Row], priors: dict[str, str]) -> None:
    data, spec = evidence(rows), asked(**priors)
    found = fit(spec, data)
    mean, sd, slope_mean, log_evidence = plain_sums(data, spec)
    average = found.overall["log_odds_ratio"]
    assert average.mean() == pytest.approx(mean, abs=2e-3 * sd)
    assert average.sd() == pytest.approx(sd, rel=2e-3)
    assert found.overall["moderator[x]"].mean() == pytest.approx(slope_mean, abs=2e-3)
    assert found.log_evidence == pytest.approx(log_evidence, abs=2e-3)


def plain_sums(data: ModelData, spec: ModelSpec) -> tuple[float, float, float, float]:
    """Mean and SD of the average, mean of the slope and log evidence, by sums over every parameter in turn."""
    p = spec.priors
    mu, slope = np.linspace(-5.5, 5.5, 89), np.linspace(-3.5, 3.5, 57)
    node, weight = np.polynomial.legendre.leggauss(24)
    top = p.tau.tail(1e-9)
    tau, by_tau = 0.5 * top * (node + 1), 0.5 * top * weight
    z, by_z = np.polynomial.hermite_e.hermegauss(24)
    base, effect = np.linspace(-16, 16, 257), np.linspace(-30, 30, 601)
    log_mass = p.mu.logpdf(mu)[:, None] + p.moderator.logpdf(slope)[:, None, None] + p.tau.logpdf(tau) + np.log(by_tau)
    located = mu[:, None, None] + tau[:, None] * z  # (mu, tau, z)
    for study in data.studies:
        control, treated = study.control, study.treated
        assert control is not None
        assert treated is not None
        (x,) = study.covariates
        cells = [(c.candidates, c.covariates[0] - x) for c in study.parts] or [(treated, 0.0)]
        for place, one in enumerate(slope):
            log_pair = log_binomial(control, base)[:, None] + p.baseline.logpdf(base[:, None] + spec.below * effect)
            for arm, above in cells:
                log_pair = log_pair + log_binomial(arm, base[:, None] + effect + one * above)
            log_own = logsumexp(log_pair, axis=0) + np.log(base[1] - base[0])
            at = CubicSpline(effect, log_own)(located + one * x)
            log_mass[place] += logsumexp(at, axis=-1, b=by_z / by_z.sum())
    cell = (mu[1] - mu[0]) * (slope[1] - slope[0])
    total = float(logsumexp(log_mass))
    mass = np.exp(log_mass - total)
    by_mu = mass.sum(axis=(0, 2))
    mean = float(by_mu @ mu)
    sd = float(np.sqrt(by_mu @ (mu - mean) ** 2))
    return mean, sd, float(mass.sum(axis=(1, 2)) @ slope), total + float(np.log(cell))


def log_binomial(arm: Candidates, logit: Array) -> Array:
    """Log probability of a count, by its textbook formula."""
    x, n = arm.events[0], arm.n[0]
    return np.asarray(np.log(comb(n, x)) - x * np.logaddexp(0, -logit) - (n - x) * np.logaddexp(0, logit))


def test_parts_that_do_not_differ_equal_the_arm_they_make_up() -> None:
    parts: list[Row] = [((12, 20), [(8, 15, 0.5), (9, 10, 0.5)], 0.5), *PARTS[1:]]
    whole: list[Row] = [((12, 20), (17, 25), 0.5), *PARTS[1:]]
    found, other = (fit(asked(), evidence(rows)) for rows in (parts, whole))
    assert distance(summaries(found), summaries(other)) < 1e-4


def zeros(seed: int) -> list[Row]:
    """Nineteen small trials of a rare event with a covariate of 0 or 1; in many an arm has no event."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    while len(rows) < 19:
        n = int(rng.integers(8, 60))
        control, treated = int(rng.binomial(n, 0.06)), int(rng.binomial(n + 3, 0.04))
        if control + treated:
            rows.append(((control, n), (treated, n + 3), float(len(rows) % 2)))
    return rows


def test_effects_of_two_groups_of_trials_with_empty_arms_stay_apart_under_flat_priors() -> None:
    """With a slope that may be anything, each group's average is that of the group's own trials."""
    rows = zeros(3)
    wide = {"mu": "normal(0,10)", "tau": "halfnormal(1)"}
    both = fit(asked("normal(0,10)", **wide), evidence(rows))
    assert any(treated[0] == 0 for _, treated, _ in rows)
    assert both.overall["moderator[x]"].mean() == pytest.approx(
        both.overall["log_odds_ratio[x = high]"].mean() - both.overall["log_odds_ratio[x = low]"].mean(), abs=1e-4
    )
    small = {"mu": "normal(0,10)", "tau": "halfnormal(0.0001)"}
    none = fit(asked("normal(0,14)", **small), evidence(rows))
    for at, label in ((0.0, "low"), (1.0, "high")):
        own = [row for row in rows if row[2] == at]
        alone = fit(replace(asked(**small), model="contrast", moderators=(), pooling="complete"), evidence(own))
        found, expected = none.overall[f"log_odds_ratio[x = {label}]"], alone.overall["log_odds_ratio"]
        assert found.mean() == pytest.approx(expected.mean(), abs=0.03 * expected.sd())
        assert found.sd() == pytest.approx(expected.sd(), rel=0.03)


def test_eight_trials_with_uniform_baselines_and_a_uniform_heterogeneity() -> None:
    rng = np.random.default_rng(8)
    rows: list[Row] = [
        ((int(rng.binomial(50, 0.3)), 50), (int(rng.binomial(55, 0.25)), 55), float(i)) for i in range(8)
    ]
    flat = {"mu": "normal(0,10)", "baseline": "logistic(0,1)", "anchor": "control"}
    ends = [fit(asked("normal(0,10)", tau=f"uniform(0,{top})", **flat), evidence(rows)) for top in (2, 5)]
    assert ends[0].overall["tau"].quantile([0.9999])[0] < 2
    for name in ("log_odds_ratio", "moderator[x]"):
        one, other = (end.overall[name] for end in ends)
        assert one.mean() == pytest.approx(other.mean(), abs=0.02 * other.sd())


def test_a_group_without_an_event_under_a_flat_prior_is_refused_with_the_widest_that_works() -> None:
    rows: list[Row] = [(c, (0, t[1]) if x else t, x) for c, t, x in zeros(3) if c[0]]  # type: ignore[index]
    flat = {"mu": "normal(0,100)", "tau": "halfnormal(1)", "anchor": "control"}
    with pytest.raises(
        QuadratureError, match=r"prior of moderator, normal\(0,100\), to a scale of (\d+) or less"
    ) as told:
        fit(asked("normal(0,100)", **flat), evidence(rows))
    widest = str(told.value).rsplit("of ", 1)[1].split(" ")[0]
    assert fit(asked(f"normal(0,{widest})", **flat), evidence(rows)).overall["moderator[x]"].mean() < -10


@pytest.mark.slow
@pytest.mark.parametrize("rows", [ROWS, PARTS], ids=["studies", "parts"])
def test_both_engines_agree(rows: list[Row]) -> None:
    data = evidence(rows)
    exact, drawn = (summaries(fit(asked(), data, engine)) for engine in ("quadrature", "nuts"))
    assert set(exact) == set(drawn)
    for name, (mean, sd, low, high) in exact.items():
        limits = np.array([0.1, 0.05, 0.2, 0.2]) * sd
        assert (np.abs(np.subtract(drawn[name], (mean, sd, low, high))) < limits).all(), name
