"""Results on a terminal: the ledger and a fit as blocks and tables, plain where the output is no screen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import isnan
from typing import TYPE_CHECKING, Any, get_args

from reanalysis.alternatives.weighed_ledger import WeighedLedger
from reanalysis.cli.output import Page, until_closed
from reanalysis.estimands.table import flat
from reanalysis.estimands.words import decimals_of_two_figures
from reanalysis.evidence.audit.finding import SEVERITIES, Finding
from reanalysis.evidence.candidates.observation import sizes_told
from reanalysis.evidence.coverage import Cell
from reanalysis.evidence.evidence import Evidence
from reanalysis.gates.checked_fit import CheckedFit
from reanalysis.reporting.table import Column, Table

if TYPE_CHECKING:
    from pandas import DataFrame

_NOTHING = 1e-9
_STYLES = {"error": "bold red", "warning": "yellow", "info": "dim"}
_REPORTED = [cell for cell in get_args(Cell) if cell != "missing"]


def print_ledger(evidence: Evidence, weighed: WeighedLedger, page: Page | None = None) -> None:
    """A block for each finding, most severe first, then who reports what, what matters and what to ask."""
    page, ledger = page or Page(), weighed.ledger
    with until_closed(page.file):  # type: ignore[arg-type]
        page.lines(evidence.title, style="bold")
        for finding in ledger.findings:
            _print_finding(page, finding, weighed.shift(finding))
        page.print()
        counts = {s: sum(f.severity == s for f in ledger.findings) for s in SEVERITIES}
        page.lines(f"{counts['error']} errors, {counts['warning']} warnings, {counts['info']} notes")
        for endpoint in ledger.coverage.columns:
            studies: dict[str, list[str]] = defaultdict(list)
            for study, cell in ledger.coverage[endpoint].items():
                studies[str(cell)].append(str(study))
            reported = [f"{cell} in {', '.join(studies[cell])}" for cell in _REPORTED if studies[cell]]
            page.lines(f"{endpoint}: {'; '.join(reported)}")
        _print_influences(page, weighed)
        _print_questions(page, weighed)


def _print_influences(page: Page, weighed: WeighedLedger) -> None:
    """How far the alternatives of each finding move the probability of an odds ratio below 1."""
    if weighed.influences:
        page.heading("What the findings do to P(odds ratio < 1), largest shift first")
    for i in weighed.influences:
        if not i.alternatives:
            page.lines(f"{i.endpoint}: {i.kind}: {i.left} alternatives not weighed, to bound the time")
            continue
        medians, chances = ((f"{low:.2f}", f"{high:.2f}") for low, high in (i.odds_ratios, i.below))
        page.lines(
            f"{i.endpoint}: {i.kind}: {_span(chances)} instead of {i.primary.below:.2f}, odds ratio {_span(medians)}",
        )
    for endpoint, reason in weighed.not_weighed.items():
        page.lines(f"{endpoint}: not weighed: {reason.splitlines()[0]}")


def _span(ends: tuple[str, str]) -> str:
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _print_questions(page: Page, weighed: WeighedLedger) -> None:
    if weighed.questions:
        page.heading("Questions to the authors, by how far the answer could move that probability")
    for question in weighed.questions:
        size = "not known" if question.shift is None else f"{100 * question.shift:.1f} points"
        page.lines(f"{question.study or 'all'}: {question.text} [{size}]")


def _print_finding(page: Page, finding: Finding, shift: float | None) -> None:
    page.heading(" ".join(part for part in (finding.severity, finding.where) if part), _STYLES[finding.severity])
    page.lines(finding.message, indent=2)
    if finding.feasible:
        page.lines(f"allowed: {'; '.join(finding.feasible)}", indent=2)
    if finding.used_as:
        page.lines(f"used as: {finding.used_as}", indent=2)
    if shift is not None:
        page.lines(f"moves P(odds ratio < 1) by up to {100 * shift:.1f} points", indent=2)


def print_fit(
    evidence: Evidence, fitted: CheckedFit, page: Page | None = None, at_map: DataFrame | None = None
) -> None:
    """Estimates, probabilities and gates of one fit, and risks averaged over the control rate where they are asked."""
    page = page or Page()
    spec, found = fitted.spec, fitted.as_dict()
    name = evidence.endpoint_label(fitted.endpoint)
    priors = ", ".join(f"{parameter} ~ {prior}" for parameter, prior in spec.prior_texts.items())
    used = found["spec"]["defaults"]
    with until_closed(page.file):  # type: ignore[arg-type]
        page.lines(f"{name}: {spec.model}, {spec.pooling} pooling, by {fitted.posterior.engine}", style="bold")
        page.lines(f"prior proportional to {spec.family.own_prior}" if spec.family.own_prior else f"priors: {priors}")
        page.lines(f"rho: {_pairs(used['rho'])}" + (f"; k: {_pairs(used['k'])}" if used["k"] else ""))
        for study, told in found["claims"].items():
            page.lines(f"{study}: told in words, {' and '.join(told['claims'])}; baseline {told['baseline']}")
        for study, reason in found["claims_not_counted"].items():
            page.lines(f"{study}: told in words, not counted: {reason}")
        if spec.words and not (found["claims"] or found["claims_not_counted"]):
            page.lines("words: no study without figures of both arms is told in words")
        for study, bias in used["bias"].items():
            page.lines(f"{study}: bias of mean {bias['mean']:.2f} and SD {bias['sd']:.2f} log odds")
        for study, reason in found["uninformative_studies"].items():
            page.lines(f"{study}: {reason}: says nothing of a ratio, and contributes nothing")
        for name, moderator in found.get("moderators", {}).items():
            page.lines(f"{name}: {moderator['label']}, centred at {moderator['centre']:g}")
            reach = found["moderator_prior"][name]
            page.lines(f"{name}: {reach['text']}", style="bold" if reach["alarming"] else "")
        for study, reason in found.get("studies_left_out", {}).items():
            page.lines(f"{study} is left out: it {reason}")
        for line in (*sizes_told(fitted.selection.observations), *_particulars(found)):
            page.lines(line)
        page.table(estimates_table(found["estimates"]))
        if at_map is not None:
            rows = at_map.reset_index().to_dict("records")
            page.lines(f"averaged over the control risk of a {rows[0]['control risk']}", style="bold")
            page.table(estimates_table({f"{row['of']}: {row['quantity']}": row for row in rows}))
        for event, probability in _probabilities(found["probabilities"]):
            page.lines(f"P({event} < 0) = {probability:.3f}")
        for other, estimates in found["estimates"].get("endpoints", {}).items():
            page.lines(evidence.endpoint_label(other), style="bold")
            page.table(estimates_table(estimates))
        for source, one in (found.get("moderator_information") or {}).items():
            page.lines(f"slope from {source} alone: {_slope(one)}")
        if fitted.baseline_choice is not None:
            page.lines(f"baselines {spec.baseline_text}: {fitted.baseline_choice.text}")
        for gate in fitted.gates:
            page.lines(f"{'passed' if gate.passed else 'FAILED'}: {gate.name}: {gate.text}")


def _slope(found: dict[str, Any]) -> str:
    """A slope with the studies that inform it."""
    slope = found["slope"]
    if slope is None:
        return "nothing informs it" if not found["studies"] else "not computed"
    interval = f"{_number(slope['lower'])} to {_number(slope['upper'])}"
    return f"{_number(slope['median'])} ({interval}), from {', '.join(found['studies'])}"


def _particulars(found: dict[str, Any]) -> Iterator[str]:
    """What only some models have: settings, benchmarks, who is exchangeable, and the MAP prior."""
    settings = {name: value for name, value in found["spec"]["settings"].items() if value is not None}
    if settings:
        yield f"settings: {_pairs(settings)}"
    for study, benchmark in found["spec"]["defaults"]["benchmarks"].items():
        window = benchmark["timepoint"] or "time not given"
        own = benchmark["study_timepoint"] or "not given"
        yield (
            f"{study}: control filled by {benchmark['label']} ({benchmark['product']}, {benchmark['printed']}; "
            f"{window}; the study's own: {own}), weight {benchmark['weight']:g}, rho {benchmark['rho']:g}"
        )
    if exchangeable := found["diagnostics"].get("exchangeable"):
        yield "probability of being exchangeable: " + ", ".join(f"{s} {p:.3f}" for s, p in exchangeable.items())
    if prior := found["estimates"].get("map_prior"):
        for name, mixture in (("MAP prior", prior["mixture"]), ("robust MAP prior", prior["robust"])):
            shapes = zip(mixture["weights"], mixture["a"], mixture["b"], strict=True)
            written = " + ".join(f"{w:.3f} Beta({a:.2f}, {b:.2f})" for w, a, b in shapes)
            size = mixture["effective_sample_size"]
            sizes = f"{size['elir']:.1f} (ELIR), {size['elir_logit']:.1f} (on logits), {size['moment']:.1f} (moment)"
            note = mixture["effective_sample_size_note"]
            yield f"{name}: {written}; effective sample size {sizes}{note and f'; {note}'}"


def estimates_table(estimates: dict[str, Any]) -> Table:
    """Every estimate of ``estimates`` in the JSON of a fit, a row each."""
    names = ("quantity", "median", "95 % interval", "mean", "SD")
    return Table(
        [Column(name) for name in names],
        [
            [
                f"{study}: {name}" if study else name,
                _number(value["median"]),
                f"{_number(value['lower'])} to {_number(value['upper'])}",
                _number(value["mean"]),
                _number(value["sd"]),
            ]
            for (study, name), value in flat(estimates).items()
        ],
    )


def _probabilities(found: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """What lies below 0 and how probably: the average and new effects, then each study's."""
    for name, value in found.items():
        if name == "endpoints":
            continue
        effect = name.removesuffix("_below_0")
        if isinstance(value, dict):
            for study, probability in value.items():
                yield f"{study}: {effect.removeprefix('study_')}", probability
        elif value is not None:
            yield effect, value


def _number(value: float | None) -> str:
    """Three decimals, and two figures of what they would round away."""
    if value is None or isnan(value):
        return "not defined"
    size = abs(value)
    if size < _NOTHING:
        return "0.000"
    return f"{value:.{3 if size >= 0.01 else decimals_of_two_figures(size)}f}"


def _pairs(values: dict[str, float]) -> str:
    return ", ".join(f"{study} {value:g}" for study, value in values.items())
