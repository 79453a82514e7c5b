"""Which choices could an analyst have made otherwise, and what else could each have been?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from reanalysis.alternatives.discounts import weighted_studies
from reanalysis.alternatives.evidence_choices import route
from reanalysis.alternatives.priors import TAU, mu_alternatives
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.baselines import baseline_alternatives
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import EFFECT_MODELS, FAMILIES
from reanalysis.model.selection import select
from reanalysis.model.spec import Anchor, ModelSpec

Setting = tuple[Evidence, ModelSpec]

_MOST_LEFT_OUT = 30
"""Studies of which each is left out in turn; of more, none is, because one among many moves little."""


@dataclass(frozen=True)
class Level:
    """One value of a choice.

    Parameters
    ----------
    label : str
        For readers.
    apply : callable
        Changes the evidence or the specification.
    """

    label: str
    apply: Callable[[Evidence, ModelSpec], Setting]


@dataclass(frozen=True)
class Choice:
    """A choice and its levels, that of the primary analysis first.

    Parameters
    ----------
    name : str
        Column of the tables: ``mu prior``, ``rho scale`` ...
    levels : tuple of Level
        Two or more.
    """

    name: str
    levels: tuple[Level, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """What its levels are called."""
        return tuple(level.label for level in self.levels)


def _changed(evidence: Evidence, spec: ModelSpec, **settings: object) -> Setting:
    return evidence, replace(spec, **settings)  # type: ignore[arg-type]


def _setting(label: str, **settings: object) -> Level:
    return Level(label, partial(_changed, **settings))  # type: ignore[arg-type]


def prior_choices(evidence: Evidence, spec: ModelSpec, endpoint: str, fine: bool) -> list[Choice]:
    """Pooling, and the priors of the baselines, the average effect and the heterogeneity."""
    poolings = dict.fromkeys((spec.pooling, "partial", "complete", "none"))
    mu = {f"primary, {spec.priors.mu}": spec.priors.mu} | mu_alternatives(evidence.endpoint(endpoint).better)
    tau = {f"primary, {spec.priors.tau}": spec.priors.tau}
    tau |= {label: Distribution.parse(text) for label, text in TAU.items()}
    data = select(evidence, spec, endpoint).data
    baselines = [
        Level(label, partial(_with_baseline, anchor=other.anchor, prior=other.priors.baseline))
        for label, other in baseline_alternatives(spec, data).items()
        if other.anchor != "conditional"  # not of every model and discount that it would be crossed with
    ]
    if not fine:  # the one that is uniform on the rate, and the last, which is narrow and on one arm
        baselines = [one for one in baselines if one is baselines[0] or one is baselines[-1] or "logistic" in one.label]
    return [
        Choice("pooling", tuple(_setting(name, pooling=name) for name in poolings)),
        Choice("baselines", tuple(baselines)),
        Choice("mu prior", tuple(Level(label, partial(_with_mu, prior=p)) for label, p in _distinct(mu))),
        Choice("tau prior", tuple(Level(label, partial(_with_tau, prior=p)) for label, p in _distinct(tau))),
    ]


def _distinct(priors: dict[str, Distribution]) -> list[tuple[str, Distribution]]:
    """Each prior under its first name."""
    first: dict[Distribution, str] = {}
    for label, prior in priors.items():
        first.setdefault(prior, label)
    return [(label, prior) for prior, label in first.items()]


def _with_mu(evidence: Evidence, spec: ModelSpec, prior: Distribution) -> Setting:
    return evidence, replace(spec, priors=replace(spec.priors, mu=prior))


def _with_tau(evidence: Evidence, spec: ModelSpec, prior: Distribution) -> Setting:
    return evidence, replace(spec, priors=replace(spec.priors, tau=prior))


def _with_baseline(evidence: Evidence, spec: ModelSpec, anchor: Anchor, prior: Distribution) -> Setting:
    return evidence, replace(spec, anchor=anchor, priors=replace(spec.priors, baseline=prior))


def evidence_choices(evidence: Evidence, spec: ModelSpec, endpoint: str, fine: bool) -> list[Choice]:
    """Discounts, readings, denominators, route, and studies left out; those that do not apply are absent.

    Parameters
    ----------
    fine : bool
        Whether the grids of rho, k and the denominators have all their levels, or three each.
    """
    names = select(evidence, spec, endpoint).data.names
    choices = [
        _left_out(evidence, spec, names),
        _rho(spec, fine),
        _k(evidence, spec, endpoint, fine),
        *_prints(evidence, spec, endpoint, fine),
    ]
    if len(route(evidence, spec, endpoint)) > 1:
        choices.append(Choice("route", (_setting("rates", route="rates"), _setting("adjusted", route="adjusted"))))
    return [choice for choice in choices if len(choice.levels) > 1]


def _left_out(evidence: Evidence, spec: ModelSpec, names: Sequence[str]) -> Choice:
    levels = [_setting("none", leave_out=spec.leave_out)]
    for name in names if 1 < len(names) <= _MOST_LEFT_OUT else ():
        without = tuple(sorted({*spec.leave_out, name}))
        levels.append(_setting(evidence.study_label(name), leave_out=without))
    return Choice("left out", tuple(levels))


def _rho(spec: ModelSpec, fine: bool) -> Choice:
    scales = (1.0, 0.0, 0.5, 1.5, 2.0) if fine else (1.0, 0.0, 2.0)
    return Choice("rho scale", tuple(Level(f"{s:g}", partial(_with_rho_scale, scale=s)) for s in scales))


def _with_rho_scale(evidence: Evidence, spec: ModelSpec, scale: float) -> Setting:
    """Rho of every study times a factor; it stays below 1."""
    if spec.rho is not None:
        return evidence, replace(spec, rho=min(scale * spec.rho, 0.99))
    rho = evidence.settings.rho
    scaled = rho.model_copy(update={name: min(scale * value, 0.99) for name, value in rho})
    return replace(evidence, settings=evidence.settings.model_copy(update={"rho": scaled})), spec


def _k(evidence: Evidence, spec: ModelSpec, endpoint: str, fine: bool) -> Choice:
    studies = weighted_studies(evidence, spec, endpoint)
    used = {spec.k if spec.k is not None else evidence.study(study).k for study in studies}
    grid = sorted({k for study in studies for k in evidence.study(study).k_grid})
    if len(used) != 1 or not grid:
        levels = [_setting("by study", k=spec.k)] if studies else []
    else:
        (primary,) = used
        levels = [_setting(f"{primary:g}", k=primary)]
        grid = [k for k in grid if k != primary]
    kept = grid if fine else sorted({*grid[:1], *grid[-1:]})
    return Choice("k", (*levels, *(_setting(f"{k:g}", k=k) for k in kept)))


def _prints(evidence: Evidence, spec: ModelSpec, endpoint: str, fine: bool) -> Iterable[Choice]:
    """One choice an arm: each declared reading alone, or some of the denominators that the print allows."""
    for (study, arm), found in select(evidence, spec, endpoint).observations.items():
        where, name = f"{study}/{arm}", f"{evidence.study_label(study)}, {arm}"
        if len(found.rows) > 1:
            levels = [_setting("by weight", readings=spec.readings)]
            for row in found.rows:
                levels.append(Level(row.reading, partial(_with_reading, where=where, reading=row.reading)))
            yield Choice(f"reading: {name}", tuple(levels))
        elif found.latent:
            weight = dict(zip(found.candidates.n, found.candidates.weight, strict=True))
            sizes = sorted(int(n) for n in weight)
            likeliest = int(max(weight, key=lambda n: (weight[n], -n)))
            few = {likeliest, sizes[-1]} if likeliest == sizes[0] else {sizes[0], sizes[-1]}
            levels = [_setting("by prior", denominators=spec.denominators)]
            for n in sizes if fine else sorted(few):
                levels.append(Level(str(n), partial(_with_denominator, where=where, n=n)))
            if len(sizes) > 1:
                yield Choice(f"n: {name}", tuple(levels))


def _with_reading(evidence: Evidence, spec: ModelSpec, where: str, reading: str) -> Setting:
    return evidence, replace(spec, readings=(*spec.readings, (where, reading)))


def _with_denominator(evidence: Evidence, spec: ModelSpec, where: str, n: int) -> Setting:
    return evidence, replace(spec, denominators=(*spec.denominators, (where, n)))


def model_choice(spec: ModelSpec, fine: bool = False) -> Choice:
    """The primary model and the others of the effect between two arms that quadrature fits.

    Parameters
    ----------
    fine : bool
        Whether the weight of exchangeability takes three values, or its default alone.
    """
    names = [name for name in EFFECT_MODELS if "quadrature" in FAMILIES[name].engines]
    levels = []
    for name in dict.fromkeys((spec.model, *names)):
        settings = spec.settings if name == spec.model else ()
        levels.append(_setting(name, model=name, settings=settings))
        if fine and name == "exnex" and name != spec.model:
            levels += [_setting(f"exnex, w = {w:g}", model=name, settings=(("w", w),)) for w in (0.25, 0.75)]
    return Choice("model", tuple(levels))


def choices(
    evidence: Evidence, spec: ModelSpec, endpoint: str, fine: bool, most: int
) -> tuple[list[Choice], Choice, list[Choice], list[str]]:
    """All choices.

    Parameters
    ----------
    fine : bool
        Whether grids have all their levels.
    most : int
        Combinations of choices about the evidence; a choice that would make more is held.

    Returns
    -------
    evidence, model, priors : list of Choice, Choice, list of Choice
        What enters, the model, and pooling with the priors.
    held : list of str
        Names of choices held at their primary level.
    """
    kept: list[Choice] = []
    held: list[str] = []
    combinations = 1
    for choice in evidence_choices(evidence, spec, endpoint, fine):
        if combinations * len(choice.levels) > most:
            held.append(choice.name)
            continue
        combinations *= len(choice.levels)
        kept.append(choice)
    return kept, model_choice(spec, fine), prior_choices(evidence, spec, endpoint, fine), held
