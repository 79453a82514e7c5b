"""What each model of the family says of an endpoint, and what each of them is."""

from __future__ import annotations

from collections.abc import Sequence

from reanalysis.alternatives.all_models import NOT_SAMPLED
from reanalysis.alternatives.outcome import Outcome
from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.estimands.words import counted, interval, percent
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.discounts import study_bias
from reanalysis.model.family import FAMILIES, Family
from reanalysis.model.selection import default_priors
from reanalysis.reporting.markdown import Markdown, render_file, slug
from reanalysis.reporting.section import Artefacts, Card, Item, Section, stated
from reanalysis.reporting.standards import BARG, PRISMA, ROBUST
from reanalysis.reporting.table import Column, Table, columns
from reanalysis.reporting.wording import capital, listed

_NOTHING = "\N{EN DASH}"
_MOST_NAMED = 4
_ENGINES = {"quadrature": "quadrature", "nuts": "NUTS"}
_SYMBOLS = {"mu": "μ", "tau": "τ", "baseline": "m", "moderator": "β"}

# ---- on the card of an endpoint -------------------------------------------------------------------------------------


def model_table(
    evidence: Evidence, endpoint: str, models: Sequence[Outcome], primary: tuple[str, ...], model: str = "contrast"
) -> Table:
    """One row a model: what fitted it, the cohorts that enter, the effect, and its gates or why there is none.

    ``primary`` are the studies of the primary model, which ``model`` names.
    """
    declared = evidence.endpoint(endpoint).better is not None

    def row(one: Outcome) -> list[str]:
        name = f"{'* ' if one.model == model else ''}{capital(FAMILIES[one.model].short)} ({one.model})"
        cohorts = _cohorts(evidence, one.studies, primary)
        found, direction = one.odds_ratio, one.direction
        if found is None or direction is None:
            return [name, _ENGINES[one.engine], cohorts, *([_NOTHING] * (3 if declared else 2)), one.note]
        sides = (direction.benefit, direction.harm) if declared else (direction.below,)
        gates = "passed" if one.gates else _NOTHING
        if one.failed:
            gates = f"failed: {', '.join(gate.name for gate in one.failed)}"
        return [name, _ENGINES[one.engine], cohorts, interval(found), *[percent(side) for side in sides], gates]

    probabilities = ("P(benefit)", "P(harm)") if declared else ("P(fewer)",)
    rows = [one for one in models if one.note != NOT_SAMPLED]
    own_rho = [one.model for one in rows if not FAMILIES[one.model].rho]
    unpaired = [one.model for one in rows if not FAMILIES[one.model].paired]
    caption = (
        f"{evidence.endpoint_label(endpoint)}: what each model says of the headline effect, at its default settings."
    )
    caption += " In brackets the name that commands know. The primary model is marked *; its priors and discounts stay"
    if own_rho:
        caption += (
            f", but {listed(own_rho)} {'replaces rho by its' if len(own_rho) == 1 else 'replace rho by their'} own"
        )
    for name in unpaired:
        caption += f"; {name} breaks the pairing: it compares treated arms with the controls of all cohorts"
    caption += ". What quadrature fitted was not sampled here and has no gates."
    return Table(
        [
            *columns("Model 2.3 | Fitted by 1.1 | Cohorts 1.6 | Odds ratio (95 % interval) 2.0"),
            *[Column(name, 1.0, "right") for name in probabilities],
            Column("Gates, or why there is no result", 1.8),
        ],
        [row(one) for one in rows],
        caption + _biases(evidence, endpoint, models),
        f"tbl-models-{slug(endpoint)}",
    )


def _biases(evidence: Evidence, endpoint: str, models: Sequence[Outcome]) -> str:
    """The bias that a model gives each study, a sentence; empty where no model fitted has one."""
    one = next((one for one in models if one.spec.family.bias and one.studies), None)
    if one is None:
        return ""
    found = {study: study_bias(evidence, study, endpoint, one.spec) for study in one.studies}
    if len(found) > _MOST_NAMED:
        sds = [sd for sd, _ in found.values()]
        return f" In {one.model} the bias of a cohort has an SD of {min(sds):.2f} to {max(sds):.2f} log odds."
    told = [f"{evidence.study_label(study)} {mean:.2f} ({sd:.2f})" for study, (sd, mean) in found.items()]
    return f" In {one.model} the mean (SD) of the bias in log odds is: {'; '.join(told)}."


def _cohorts(evidence: Evidence, studies: tuple[str, ...], primary: tuple[str, ...]) -> str:
    """Names of a few, the number of many; those that the primary model does not have are told apart."""
    own, added = ([s for s in studies if (s in primary) is known] for known in (True, False))
    named = _few(evidence, own) or _NOTHING
    return f"{named}; added: {_few(evidence, added)}" if added else named


def _few(evidence: Evidence, studies: list[str]) -> str:
    if len(studies) > _MOST_NAMED:
        return counted(len(studies), "cohort")
    return ", ".join(evidence.study_label(study) for study in studies)


def _models(_: Artefacts, endpoint: EndpointAnalysis) -> Table | None:
    fit, models = endpoint.fit, endpoint.models
    names = fit.posterior.data.names
    return model_table(fit.evidence, endpoint.id, models, names, fit.spec.model) if models else None


MODELS = Card(anchor="models", title="Other models", text=_models, results=lambda e: {"models": e.models})

# ---- the methods ----------------------------------------------------------------------------------------------------


def _methods(_: Artefacts, analysis: Analysis) -> Markdown:
    evidence, settings = analysis.evidence, analysis.evidence.settings
    weighted = {o.study for e in analysis.endpoints for o in e.fit.selection.observations.values() if o.weighted}
    return render_file(
        "methods.md.j2",
        rho={name: f"{value:g}" for name, value in dict(settings.rho).items()},
        factors=[(evidence.study_label(s), f"{evidence.study(s).k:g}") for s in sorted(weighted)],
        anchor=analysis.spec.anchor,
        priors=analysis.spec.priors.as_text(),
        engine=analysis.engine,
    )


def _described(evidence: Evidence, family: Family) -> dict[str, object]:
    """A model as the methods show it: its formulas, the priors it has for this evidence, its settings."""
    defaults = default_priors(evidence, family.name)
    priors = {name: str(getattr(defaults, name)) for name in family.used_priors()}
    settings = [
        f"{one.name} = {'not set' if one.default is None else f'{one.default:g}'}, {one.meaning}"
        + (f" ({one.basket:g} for single arms)" if one.basket is not None else "")
        for one in family.settings
    ]
    return {
        "name": family.name,
        "title": family.title,
        "equations": [Markdown(f"$$ {formula}. $$") for formula in family.equations],
        "note": family.note,
        "priors": ", ".join(f"{_SYMBOLS[name]} ~ {priors[name]}" for name in family.used_priors()),
        "settings": "; ".join(settings),
        "engines": "sampled, and by quadrature" if "quadrature" in family.engines else "sampled",
        "source": family.source,
    }


_PRIORS = stated(lambda a: a.spec.priors.as_text(), "no priors")
_MODEL = stated(lambda a: a.spec.model, "no model")

METHODS = Section(
    anchor="methods",
    text=_methods,
    items=(
        Item(BARG, 3, "the model, its likelihood and every prior", "methods", _PRIORS, place="#model"),
        Item(ROBUST, 1, "the prior is specified", "methods", _PRIORS, place="#model"),
        Item(ROBUST, 4, "the statistical model", "methods", _MODEL, place="#model"),
        Item(
            BARG, 13, "Bayes factors with the prior probabilities of models, where models are compared", "none",
            lambda _: "models are fitted beside each other; no Bayes factor is computed",
        ),
        Item(
            PRISMA, 2, "13b: preparation of the data, such as figures that are not published", "methods",
            _MODEL, place="#candidates",
        ),
        Item(
            PRISMA, 5, "13e: causes of heterogeneity explored", "declared moderators, on the cards",
            stated(lambda a: a.evidence.settings.moderators, "no moderator is declared"), place="#endpoints",
        ),
    ),
)  # fmt: skip

FAMILY: Section[Analysis] = Section(
    anchor="family",
    place="folded",
    title="The other models",
    text=lambda _, analysis: render_file(
        "family.md.j2",
        family=[_described(analysis.evidence, one) for one in FAMILIES.values() if one.name != "contrast"],
    ),
)
