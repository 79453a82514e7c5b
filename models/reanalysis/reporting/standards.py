"""Which reporting standards does this build meet? Each item is ticked by the artefact that earns it, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reanalysis.analysis.analysis import Analysis
from reanalysis.analysis.endpoint import EndpointAnalysis
from reanalysis.gates.result import CheckResult
from reanalysis.reporting.markdown import Markdown
from reanalysis.reporting.slug import anchor, slug
from reanalysis.validation.calibration.artefact import check_calibration
from reanalysis.validation.published import check_published


@dataclass(frozen=True)
class Artefacts:
    """What a build has made.

    Parameters
    ----------
    analysis : Analysis
        What was computed.
    figures : mapping of str to Markdown
        What was drawn, by name.
    calibration : CheckResult
        Of the code that computed it.
    validation : CheckResult
        Of the same code against published figures.
    """

    analysis: Analysis
    figures: Mapping[str, Markdown]
    calibration: CheckResult
    validation: CheckResult


@dataclass(frozen=True)
class Tick:
    """One item of a standard.

    Parameters
    ----------
    standard, item : str
        Its name, and what it asks for.
    met : bool
        Whether the artefact exists.
    artefact : str
        What earns it.
    place : str
        Anchor within the report, or a file beside it.
    missing : str
        Why it is not met; empty where it is.
    """

    standard: str
    item: str
    met: bool
    artefact: str
    place: str
    missing: str


def standards(made: Artefacts) -> list[Tick]:
    """Every item, with what became of it.

    BARG: Kruschke 2021, Nat Hum Behav 5:1282. ROBUST: Sung et al. 2005, J Clin Epidemiol 58:261. Zampieri et al. 2021,
    Am J Respir Crit Care Med 203:543. GRIM: Brown and Heathers 2017, Soc Psychol Personal Sci 8:363, with INSPECT-SR.
    SBC: Talts et al. 2018, bands of Saeilynoja et al. 2022. Power-scaling: Kallioinen et al. 2023.
    """
    ticks = []
    for standard, item, check, artefact, place in _ITEMS:
        missing = check(made)
        ticks.append(Tick(standard, item, not missing, artefact, place(made), missing))
    return ticks


def current_artefacts(
    analysis: Analysis, figures: Mapping[str, Markdown], validation: CheckResult | None = None
) -> Artefacts:
    """What this build has made, the calibration that came with the program, and its validation against print.

    Parameters
    ----------
    analysis : Analysis
        What was computed.
    figures : mapping of str to Markdown
        What was drawn, by name.
    validation : CheckResult, optional
        Made here if it is not known: seconds.
    """
    return Artefacts(analysis, figures, check_calibration(), validation or check_published())


# ---- checks: an empty text where the artefact exists, else why the item is not met ----------------------------------

Check = Callable[[Artefacts], str]
Place = Callable[[Artefacts], str]


def _every(what: str, has: Callable[[EndpointAnalysis], bool], headlines: bool = False) -> Check:
    """Every endpoint, or every one of the first page, has something."""

    def check(made: Artefacts) -> str:
        among = made.analysis.headlines if headlines else made.analysis.endpoints
        without = [e.label for e in among if not has(e)]
        return f"{what} of {', '.join(without[:3])}{' and others' if len(without) > 3 else ''}" if without else ""

    return check


def _stated(text: Callable[[Analysis], object], why: str) -> Check:
    return lambda made: "" if text(made.analysis) else why


def _group(name: str) -> Callable[[EndpointAnalysis], bool]:
    return lambda e: sum(o.log_odds_ratio is not None for o in e.sensitivity.get(name, [])) >= 2


def _prior(*words: str) -> Callable[[EndpointAnalysis], bool]:
    def has(endpoint: EndpointAnalysis) -> bool:
        labels = [
            o.label for g in ("mu prior", "tau prior") for o in endpoint.sensitivity.get(g, []) if o.log_odds_ratio
        ]
        return all(any(word in label for label in labels) for word in words)

    return has


def _drawn(kind: str) -> Check:
    def check(made: Artefacts) -> str:
        without = [e.label for e in made.analysis.headlines if f"{slug(e.id)}-{kind}" not in made.figures]
        return f"not drawn for {', '.join(without)}" if without else ""

    return check


def _sampled(item: str) -> Check:
    def check(made: Artefacts) -> str:
        if made.analysis.engine != "nuts":
            return "computed by quadrature alone: there are no draws to diagnose"
        return _every("no passed gate", lambda e: any(g.passed and item in g.supports for g in e.fit.gates))(made)

    return check


def _scrutinised(part: str) -> Check:
    def has(endpoint: EndpointAnalysis) -> bool:
        found = endpoint.scrutiny
        return found is not None and len(getattr(found, part).table) > 0

    return _every("none", has, headlines=True)


def _calibrated(made: Artefacts) -> str:
    return "" if made.calibration.passed else made.calibration.text


def _validated(made: Artefacts) -> str:
    return "" if made.validation.passed else made.validation.text


def _at(place: str) -> Place:
    return lambda _: place


def _first(_: str = "") -> Place:
    return lambda made: f"#{anchor(made.analysis.headlines[0].id)}"


_BARG, _ROBUST, _ZAMPIERI, _GRIM = "BARG", "ROBUST", "Zampieri", "GRIM, INSPECT-SR"

_ITEMS: tuple[tuple[str, str, Check, str, Place], ...] = (
    (
        _BARG,
        "the question and why the evidence is modelled",
        _stated(lambda a: a.evidence.settings.question, "analysis.toml states no question"),
        "question",
        _at("#answer"),
    ),
    (
        _BARG,
        "the model, its likelihood and every prior",
        _stated(lambda a: a.spec.priors.as_text(), "no priors"),
        "methods",
        _at("#model"),
    ),
    (
        _BARG,
        "predictions of the prior against the print",
        _scrutinised("predictive"),
        "predictive check, each arm given its study's other arm",
        _first(),
    ),
    (_BARG, "chains converged: R-hat", _sampled("BARG: chains converged: R-hat"), "gates", _at("#diagnostics")),
    (
        _BARG,
        "chains long enough: effective sample sizes",
        _sampled("BARG: chains long enough: effective sample sizes"),
        "gates",
        _at("#diagnostics"),
    ),
    (_BARG, "predictions of the posterior against the print", _scrutinised("predictive"), "predictive check", _first()),
    (
        _BARG,
        "the posterior: central value, interval, density",
        _drawn("prior-posterior"),
        "density of each headline",
        _first(),
    ),
    (
        _BARG,
        "decisions: limits of what matters stated before",
        _every("no margins", lambda e: bool(e.baselines and e.baselines[0].beyond)),
        "probabilities at the margins",
        _first(),
    ),
    (
        _BARG,
        "sensitivity to the prior",
        _every("no other priors", _group("mu prior")),
        "other priors",
        _at("#alternatives"),
    ),
    (
        _BARG,
        "reproducible: inputs, seed and versions",
        _stated(lambda a: a.evidence.sha256, "no digests of the inputs"),
        "manifest.json",
        _at("#reproduce"),
    ),
    (
        _ROBUST,
        "the prior is specified",
        _stated(lambda a: a.spec.priors.as_text(), "no priors"),
        "methods",
        _at("#model"),
    ),
    (
        _ROBUST,
        "the prior is tested by others",
        _every("no other priors", _group("mu prior")),
        "other priors",
        _at("#alternatives"),
    ),
    (_ROBUST, "the statistical model", _stated(lambda a: a.spec.model, "no model"), "methods", _at("#model")),
    (
        _ROBUST,
        "the computing technique",
        _validated,
        "validation against print",
        _at("#validation"),
    ),
    (
        _ROBUST,
        "central value, spread and interval",
        _every("no summary", lambda e: e.log_odds_ratio.sd is not None),
        "results.json",
        _first(),
    ),
    (
        _ZAMPIERI,
        "sceptical and vague priors beside the primary one",
        _every("not computed", _prior("sceptical", "vague")),
        "other priors",
        _at("#alternatives"),
    ),
    (
        _ZAMPIERI,
        "optimistic and pessimistic priors",
        _every("no good side is declared", _prior("optimistic", "pessimistic")),
        "other priors",
        _at("#alternatives"),
    ),
    (
        _ZAMPIERI,
        "probabilities of an effect in either direction",
        _every("no probability", lambda e: e.direction.below is not None),
        "the answer",
        _at("#answer"),
    ),
    (_ZAMPIERI, "probabilities of an effect that matters", _drawn("beyond"), "probability of every size", _first()),
    (
        _ZAMPIERI,
        "probability of practical equivalence",
        _every("none", lambda e: e.baselines[0].within_rope is not None),
        "probability table",
        _first(),
    ),
    (
        _GRIM,
        "printed percentages and counts recomputed",
        _stated(lambda a: a.ledger.findings, "the audit found nothing to recompute"),
        "ledger",
        _at("#ledger"),
    ),
    (
        _GRIM,
        "what the findings move",
        _stated(lambda a: a.weighed.influences, "no finding leaves more than one possibility open"),
        "influence",
        _at("#ledger"),
    ),
    (
        _GRIM,
        "every figure with its source and place",
        _stated(
            lambda a: all(r.source and r.locator for r in a.evidence.arms if r.use == "primary"),
            "rows of arms.csv without a source or a locator",
        ),
        "evidence table",
        _at("#evidence"),
    ),
    ("SBC", "ranks of the engines within simultaneous bands", _calibrated, "stored calibration", _at("#calibration")),
    ("Power-scaling", "sensitivity to prior and likelihood", _scrutinised("power"), "power-scaling table", _first()),
)
