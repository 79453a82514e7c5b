"""Choices that an analyst could have made otherwise, each declared once.

A choice is one function marked ``@declared``. One at a time varies one of them, the multiverse crosses them, and the
influence of a finding is that of the choices which findings of its kind raise.

Priors of the heterogeneity: half-normal 0.25 and 1, and the log-normal predictive distributions of Turner et al. 2015
(Stat Med 34:984) for adverse events and for infection, given for tau^2 and here on tau. Of the average effect: vague,
sceptical, and centred on halving or doubling the odds; or, where an odds ratio was expected, the nine of Zampieri et
al. 2021 (Am J Respir Crit Care Med 203:543). Of both: what the Cochrane reviews of all topics have (Bartos et al. 2023,
as in BayesTools), and what a folder declares. Baselines: see :mod:`reanalysis.model.baselines`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from math import exp, log
from typing import Any, Final

from scipy.special import ndtri

from reanalysis.alternatives.averaging import averaged_outcomes
from reanalysis.alternatives.choice import DECLARED, Choice, Crossed, Group, Level, Primary, declared
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.model.baselines import baseline_alternatives
from reanalysis.model.claims import claims_of, words_benchmark
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import EFFECT_MODELS, FAMILIES, PRIMARY
from reanalysis.model.spec import ModelSpec

MU_PRIOR: Final = "mu prior"
TAU_PRIOR: Final = "tau prior"
BASELINES: Final = "baselines"
INFORMED: Final = "informed priors"
AVERAGING: Final = "averaging"
WORDS: Final = "words"

_MOST_LEFT_OUT = 30
"""Studies of which each is left out in turn when choices are crossed; one among many moves little."""

_POOLINGS = {
    "partial": "partial pooling",
    "complete": "complete pooling (one common effect)",
    "none": "no pooling",
}
_TAU = {
    "half-normal 0.25": "halfnormal(0.25)",
    "half-normal 1": "halfnormal(1)",
    "Turner 2015, adverse events": "lognormal(-0.935,0.76)",
    "Turner 2015, infection": "lognormal(-1.245,0.76)",
}
_AROUND_NONE = {"vague": 2.82, "sceptical": 0.355}
_NEUTRAL = {
    "neutral, weak, normal(0, 5)": 5.0,
    "neutral, moderate, normal(0, 0.355)": 0.355,
    "neutral, strong, normal(0, 0.205)": 0.205,
}
"""Odds ratios of 0.5 to 2 hold 95 % of the moderate one, of 0.67 to 1.5 of the strong one."""

_STRENGTHS = {"weak": 0.30, "moderate": 0.15, "strong": 0.05}
"""Probability that a prior centred on the expected odds ratio, or on its inverse, gives the other side of no effect."""

_COCHRANE = ("Cochrane reviews of all topics", "student_t(4,0,0.58)", "inverse_gamma(1.77,0.55)")

_RHO_SCALES: dict[float, Crossed] = {0.0: "always", 0.5: "fine", 1.5: "fine", 2.0: "always"}


def declared_choices(evidence: Evidence, spec: ModelSpec, endpoint: str) -> list[Choice]:
    """Every choice that the primary analysis of an endpoint leaves open.

    Raises
    ------
    InvalidInput
        As :meth:`Primary.of`.
    """
    primary = Primary.of(evidence, spec, endpoint)
    return [choice for declaration in DECLARED for choice in declaration(primary) if len(choice.levels) > 1]


@declared
def _left_out(primary: Primary) -> Iterator[Choice]:
    names = primary.selection.data.names
    crossed: Crossed = "always" if 1 < len(names) <= _MOST_LEFT_OUT else "never"
    levels = [Level("all studies", short="none")]
    for name in names:
        label, out = primary.evidence.study_label(name), tuple(sorted({*primary.spec.leave_out, name}))
        levels.append(Level(f"without {label}", {"leave_out": out}, short=label, crossed=crossed))
    yield Choice("left out", "leave one out", tuple(levels))


@declared
def _rho_scale(primary: Primary) -> Iterator[Choice]:
    """Rho of every study times a factor; it stays below 1."""
    one, rho = primary.spec.rho, primary.evidence.settings.rho
    levels = [Level("1")]
    for scale, crossed in _RHO_SCALES.items():
        if one is not None:
            levels.append(Level(f"{scale:g}", {"rho": min(scale * one, 0.99)}, crossed=crossed))
        else:
            scaled = rho.model_copy(update={name: min(scale * value, 0.99) for name, value in rho})
            levels.append(Level(f"{scale:g}", evidence=partial(_with_settings, rho=scaled), crossed=crossed))
    yield Choice("rho scale", "rho scale", tuple(levels), alone=False)


def _with_settings(evidence: Evidence, **settings: Any) -> Evidence:
    return replace(evidence, settings=evidence.settings.model_copy(update=settings))


@declared
def _discounts(primary: Primary) -> Iterator[Choice]:
    """Neither discount, k alone, rho alone, both; without a weighted study, rho off and on. Rho and k are crossed."""
    levels = [Level("rho by design", place=1), Level("no discount (rho = 0)", {"rho": 0.0})]
    if primary.weighted:
        levels = [
            Level("both", place=3),
            Level("neither (rho = 0, k = 1)", {"rho": 0.0, "k": 1.0}),
            Level("k alone (rho = 0)", {"rho": 0.0}, place=1),
            Level("rho alone (k = 1)", {"k": 1.0}, place=2),
        ]
    yield Choice("discounts", "discounts", tuple(replace(level, crossed="never") for level in levels))


@declared
def _effective_size(primary: Primary) -> Iterator[Choice]:
    """The effective-size factor over the grid of analysis.toml."""
    used = next(iter(primary.k)) if len(primary.k) == 1 else None
    levels = [Level("k by study", short="by study")]
    if used is not None:
        levels = [Level(f"k = {used:g}", short=f"{used:g}", place=used)]
    others = sorted({k for study in primary.weighted for k in primary.evidence.study(study).k_grid} - {used})
    for k in others:
        crossed: Crossed = "always" if k in (others[0], others[-1]) else "fine"
        levels.append(Level(f"k = {k:g}", {"k": k}, short=f"{k:g}", crossed=crossed, place=k))
    kinds = "effective-size", "imbalance", "weighted-rate"
    yield Choice("k", "effective size", tuple(levels), raised_by=kinds, studies=primary.weighted)


@declared
def _reports(primary: Primary) -> Iterator[Choice]:
    """Each declared reading of a contradictory report alone, and each size of an arm that is not reported."""
    for (study, arm), found in primary.selection.observations.items():
        name, where = f"{primary.evidence.study_label(study)}, {arm}", f"{study}/{arm}"
        about: dict[str, Any] = {"studies": (study,), "arm": arm}
        if len(found.rows) > 1:
            levels = [Level("all readings, by weight", short="by weight")]
            for reading in (row.reading for row in found.rows):
                levels.append(Level(f"{name}: {reading}", {"readings": (where, reading)}, short=reading))
            yield Choice(f"reading: {name}", "readings", tuple(levels), raised_by=("readings",), **about)
        weight = dict(zip(found.candidates.n, found.candidates.weight, strict=True)) if found.latent else {}
        if len(weight) > 1:
            sizes = sorted(int(n) for n in weight)
            likeliest = int(max(weight, key=lambda n: (weight[n], -n)))
            few = {likeliest, sizes[-1]} if likeliest == sizes[0] else {sizes[0], sizes[-1]}
            levels = [Level("all feasible sizes, by weight", short="by prior")]
            for n in sizes:
                crossed: Crossed = "never" if len(found.rows) > 1 else "always" if n in few else "fine"
                level = Level(f"{name}: n = {n}", {"denominators": (where, n)}, short=str(n), crossed=crossed)
                levels.append(level)
            yield Choice(f"n: {name}", "denominators", tuple(levels), raised_by=("denominator",), **about)


@declared
def _route(primary: Primary) -> Iterator[Choice]:
    """Weighted rates against adjusted ratios: different estimands, so one or the other and never both."""
    evidence, endpoint = primary.evidence, primary.endpoint
    rows = [row for row in evidence.contrasts if row.endpoint == endpoint and row.use == "sensitivity"]
    adjusted = ", ".join(f"{evidence.study_label(row.study)} {row.printed}" for row in rows if row.has_interval)
    if adjusted:
        labels = {"rates": "rates", "adjusted": f"adjusted ratio ({adjusted})"}
        kinds = "adjustment", "measure", "interval", "p-value", "events-per-parameter"
        studies = tuple(row.study for row in rows)
        levels = _fields("route", primary.spec.route, labels)
        yield Choice("route", "route", levels, raised_by=kinds, studies=studies)


@declared
def _model(primary: Primary) -> Iterator[Choice]:
    """The primary model and the others of the effect between two arms that quadrature fits."""
    own = primary.spec.model
    levels = [Level(own)]
    for name in EFFECT_MODELS:
        if name != own and "quadrature" in FAMILIES[name].engines and (FAMILIES[name].words or not primary.spec.words):
            levels.append(Level(name, {"model": name, "settings": ()}))
            for w in (0.25, 0.75) if FAMILIES[name].mixture else ():
                sets = {"model": name, "settings": (("w", w),)}
                levels.append(Level(f"{name}, w = {w:g}", sets, crossed="fine"))
    yield Choice("model", "model", tuple(levels), "model", alone=False)


@declared
def _pooling(primary: Primary) -> Iterator[Choice]:
    yield Choice("pooling", "pooling", _fields("pooling", primary.spec.pooling, _POOLINGS), "analysis")


def _fields(name: str, own: str, labels: dict[str, str]) -> tuple[Level, ...]:
    """A level for each value of a field of the specification, its own first."""
    levels = {
        value: Level(label, {} if value == own else {name: value}, short=value, place=place)
        for place, (value, label) in enumerate(labels.items())
    }
    return (levels.pop(own), *levels.values())


@declared
def _baselines(primary: Primary) -> Iterator[Choice]:
    """Other priors of the baselines; of few the one that is uniform on the rate, and the narrow one on one arm."""
    (first, _), *others = baseline_alternatives(primary.spec, primary.selection.data).items()
    last = next((label for label, other in reversed(others) if other.anchor != "conditional"), "")
    levels = [Level(first)]
    for label, other in others:
        # the conditional likelihood is not of every model and discount that it would be crossed with
        few: Crossed = "always" if label == last or "logistic" in label else "fine"
        sets = {"anchor": other.anchor, "baseline": other.priors.baseline}
        levels.append(Level(label, sets, crossed="never" if other.anchor == "conditional" else few))
    yield Choice(BASELINES, BASELINES, tuple(levels), "analysis")


@declared
def _mu_prior(primary: Primary) -> Iterator[Choice]:
    """Vague and sceptical; where a side is good, also centred on better and on worse odds.

    Better odds are those expected where the endpoint says what was expected, in three strengths, and twofold otherwise.
    """
    endpoint = primary.evidence.endpoint(primary.endpoint)
    others = {f"{label}, normal(0, {sd:g})": _normal(0.0, sd) for label, sd in _AROUND_NONE.items()}
    shown: set[str] = set()  # and not crossed
    if endpoint.expected is not None:
        expected = log(endpoint.expected.odds_ratio)
        for label, sd in _NEUTRAL.items():
            shown.add(label)
            others[label] = _normal(0.0, sd)
        for belief, centre in (("optimistic", expected), ("pessimistic", -expected)):
            for strength, crossing in _STRENGTHS.items():
                label = f"{belief}, {strength}, centred on odds ratio {exp(centre):.3g}"
                others[label] = _normal(centre, abs(expected) / float(ndtri(1 - crossing)))
                shown |= {label} if strength != "moderate" else set()
    elif endpoint.better is not None:
        good = -log(2) if endpoint.better == "lower" else log(2)
        others["optimistic, centred on twofold better odds"] = _normal(good, 0.355)
        others["pessimistic, centred on twofold worse odds"] = _normal(-good, 0.355)
    choice = _priors(MU_PRIOR, "mu", primary.spec.priors.mu, others)
    levels = tuple(replace(one, crossed="never") if one.label in shown else one for one in choice.levels)
    yield replace(choice, levels=levels)


def _normal(mean: float, sd: float) -> Distribution:
    return Distribution("normal", (mean, sd))


@declared
def _informed(primary: Primary) -> Iterator[Choice]:
    """Priors of the average effect and of the heterogeneity together, from other reviews.

    That of all topics is of several studies: of one it makes the heterogeneity reach so far that no grid has room.
    """
    texts = [_COCHRANE] if len(primary.selection.data.studies) > 1 else []
    texts += [(one.label, one.mu, one.tau) for one in primary.evidence.settings.informed.values()]
    own = primary.spec.priors
    levels = [Level(f"primary, {own.mu} and {own.tau}")]
    for label, mu, tau in texts:
        sets = {"mu": Distribution.parse(mu), "tau": Distribution.parse(tau)}
        levels.append(Level(f"{label}: {mu} and {tau}", sets, crossed="never"))
    yield Choice(INFORMED, INFORMED, tuple(levels), "analysis")


@declared
def _tau_prior(primary: Primary) -> Iterator[Choice]:
    others = {label: Distribution.parse(text) for label, text in _TAU.items()}
    yield _priors(TAU_PRIOR, "tau", primary.spec.priors.tau, others)


def _priors(group: Group, name: str, own: Distribution, others: dict[str, Distribution]) -> Choice:
    levels = [Level(f"primary, {own}")]
    for label, prior in others.items():  # one that is the primary again is shown and not crossed
        levels.append(Level(label, {name: prior}, crossed="never" if prior == own else "always"))
    return Choice(group, group, tuple(levels), "analysis")


@declared
def _averaging(primary: Primary) -> Iterator[Choice]:
    """Four models instead of one: with and without an effect, with and without heterogeneity."""
    if primary.spec.model == PRIMARY and primary.spec.pooling == "partial" and not primary.spec.words:
        averaged = Level("average of four models", crossed="never", outcomes=averaged_outcomes)
        yield Choice(AVERAGING, AVERAGING, (Level("an effect and heterogeneity"), averaged))


@declared
def _words(primary: Primary) -> Iterator[Choice]:
    """What studies without figures of both arms say in words, under each baseline that is declared for them."""
    evidence, spec, data = primary.evidence, primary.spec, primary.selection.data
    if not spec.family.words:
        return
    words, figures = evidence.settings.words, [one.study for one in (*data.studies, *data.silent) if one.told is None]
    told = [one.study for one in claims_of(evidence, spec, primary.endpoint, figures).counted]
    ways = {(False, False): "figures alone"}
    if told:
        baseline = Distribution.parse(words.baseline)
        uniform = baseline == Distribution("logistic", (0.0, 1.0))
        ways[True, False] = "words, uniform rates" if uniform else f"words, baseline {baseline}"
    if any(words_benchmark(evidence, study, primary.endpoint) for study in told):
        ways[True, True] = "words, benchmarks of the products"
    own = (bool(told) and spec.words, spec.words and words.benchmarks and (True, True) in ways)
    levels = [Level(ways[own], place=list(ways).index(own))]
    for place, ((said, benchmarks), label) in enumerate(ways.items()):
        if (said, benchmarks) != own:
            changed = partial(_with_settings, words=words.model_copy(update={"benchmarks": benchmarks}))
            levels.append(Level(label, {"words": said}, evidence=changed, crossed="never", place=place))
    yield Choice(WORDS, WORDS, tuple(levels))


@declared
def _excluded_rows(primary: Primary) -> Iterator[Choice]:
    """Each excluded whole-arm row in the place of the rows it contradicts; an alternative where a finding asks."""
    evidence = primary.evidence
    for row in evidence.arms:
        if row.use != "excluded" or row.endpoint != primary.endpoint or row.subgroup or None in (row.events, row.n):
            continue
        arm = row.study, row.arm, row.endpoint
        rivals = tuple(r for r in evidence.arms if (r.study, r.arm, r.endpoint) == arm and r.modelled)
        if rivals:
            label = f"{evidence.study_label(row.study)}, {row.arm}: {row.printed} instead"
            instead = Level(label, evidence=partial(_with_row, row=row, rivals=rivals), crossed="never")
            about: dict[str, Any] = {"raised_by": ("excluded",), "studies": (row.study,), "arm": row.arm}
            yield Choice("excluded row", "excluded row", (Level("as analysed"), instead), alone=False, **about)


def _with_row(evidence: Evidence, row: ArmRow, rivals: tuple[ArmRow, ...]) -> Evidence:
    """The excluded row used, and those it contradicts excluded."""

    def exchanged(one: ArmRow) -> ArmRow:
        if one is row:
            return replace(one, use=rivals[0].use, reading="")
        return replace(one, use="excluded") if one in rivals else one

    return replace(evidence, arms=tuple(exchanged(one) for one in evidence.arms))
