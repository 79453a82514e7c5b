"""``reanalysis decide``: certainty of each outcome, net benefit and its trade-offs, what confounding would explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reanalysis.cli.options import Data, Format

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from reanalysis.cli.output import Page
    from reanalysis.decisions.confounding import Confounding, TippingBias
    from reanalysis.decisions.decision import Decision


def decide_command(
    data: Data,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=X,...",
            help="What one event of each endpoint weighs, above 0 where it harms, below 0 where it helps; "
            "by default those of analysis.toml.",
        ),
    ] = None,
    correlation: Annotated[
        str | None,
        typer.Option(
            metavar="R",
            help="Correlation of the log odds ratios of every two endpoints, 0 to 0.99; by default 0; 0.3, 0.6 too.",
        ),
    ] = None,
    any_of: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...", help="Endpoints of a joint outcome, a patient with any of them, whose risk is bounded."
        ),
    ] = None,
    joint: Annotated[
        bool, typer.Option("--joint", help="Also sample the joint model, which learns the correlations (minutes).")
    ] = False,
    questions: Annotated[
        bool,
        typer.Option(
            "--questions", help="Also rank the questions to the authors by what an answer is worth (seconds)."
        ),
    ] = False,
    output: Format = "table",
) -> None:
    """Weigh benefits against harms, and say how certain each is."""
    from reanalysis.cli.errors import Exit, say
    from reanalysis.cli.option_checks import bad_format, require
    from reanalysis.cli.output import Page, print_json
    from reanalysis.cli.progress import working
    from reanalysis.decisions.decision import decide
    from reanalysis.evidence.reading.folder import read_evidence

    require(bad_format(output))
    evidence = read_evidence(data)
    with working("weighing benefits and harms"):
        found = decide(evidence, weights, correlation, any_of, joint)  # type: ignore[arg-type]  # a number as text
        told = found.as_dict()
        if questions:
            told["questions"] = [one.as_dict() for one in found.questions]
    if output == "json":
        print_json(told)
    else:
        _print(Page(), found, questions)
    failed = [] if found.joint_model is None else [gate for gate in found.joint_model.gates if gate.failed]
    for gate in failed:
        say(f"gate failed: joint: {gate.name}: {gate.text}")
    if failed:
        raise typer.Exit(Exit.GATE_FAILED)


def _print(page: Page, found: Decision, questions: bool) -> None:
    from reanalysis.cli.output import until_closed

    with until_closed(page.file):  # type: ignore[arg-type]
        page.lines(found.evidence.title, style="bold")
        _print_findings(page, found)
        _print_new_populations(page, found)
        if found.net_benefits:
            _print_net_benefit(page, found)
            _print_trade_offs(page, found)
        _print_any_of(page, found)
        page.print()
        page.lines("Confounding, not randomised away", style="bold")
        for label, one in zip((c.label for c in found.certainty), found.confounding, strict=True):
            _print_confounding(page, label, one)
        if questions:
            _print_questions(page, found)
        for note in found.notes:
            page.lines(f"note: {note}")


def _table(*columns: str) -> Table:
    from rich.table import Table

    return Table(*columns, box=None, pad_edge=False)


def _print_findings(page: Page, found: Decision) -> None:
    from reanalysis.decisions.grade import RULE
    from reanalysis.estimands.words import percent

    page.print()
    page.lines("Findings per 1,000 patients", style="bold")
    table = _table(
        "outcome", "studies", "patients", "control risk", "without", "with", "difference (95 %)", "side", "P(side)",
        "P(trivial)", "P(beyond)", "certainty",
    )  # fmt: skip
    for one in found.certainty:
        for row in one.findings:
            difference, digits = row.difference, row.decimals
            beyond = "; ".join(f"{m.margin:g}: {percent(m.fewer)} fewer, {percent(m.more)} more" for m in row.beyond)
            table.add_row(
                _text(one.label), str(one.patients.studies), one.patients.text, _text(row.control.label),
                *(f"{count:.{digits}f}" for count in (row.without, row.treated.median)),
                f"{difference.median:+.{digits}f} "
                f"({difference.lower:+.{digits}f} to {difference.upper:+.{digits}f})", row.side,
                percent(row.on_side), percent(row.trivial), beyond, one.grade.level,
            )  # fmt: skip
    page.print(table)
    page.lines("beyond: margins in points of 100 patients")
    page.print()
    page.lines("Certainty, step by step", style="bold")
    page.lines(RULE)
    general = {}
    for domain in ("indirectness", "reporting"):
        if (judged := getattr(found.evidence.settings.certainty, domain)) is not None:
            general[judged.reason] = "as declared for all outcomes"
            page.lines(f"{domain} as declared for all outcomes: {judged.judgement}: {judged.reason}")
    for one in found.certainty:
        page.lines(f"{one.label}: {one.grade.text}")
        for step in one.grade.steps:
            fallen = f"-{step.down}" if step.down else "0"
            reason = general.get(step.reason, step.reason)
            page.lines(f"{step.domain}: {step.judgement} ({fallen}, now {step.level}): {reason}", indent=2)


def _print_new_populations(page: Page, found: Decision) -> None:
    page.print()
    page.lines("In a new population: risks averaged over the MAP prior of the control rate", style="bold")
    for one in found.certainty:
        if (new := found.new_populations.get(one.endpoint)) is not None:
            page.lines(f"{one.label}: {new.text}")


def _print_net_benefit(page: Page, found: Decision) -> None:
    from reanalysis.decisions.benefit_risk import CONVENTION
    from reanalysis.estimands.words import decimal, percent

    page.print()
    page.lines("Net benefit per 100 patients", style="bold")
    page.lines(CONVENTION)
    for one in found.request.trade_offs:
        page.lines(f"weight of {one.endpoint}: {one.weight:g} ({one.reason})", indent=2)
    table = _table("control risks", "correlation", "median", "95 % interval", "mean", "P(better)")
    for benefit in found.net_benefits:
        for r, told in benefit.as_dict()["by_correlation"].items():
            median, lower, upper, mean = (decimal(100 * told[k], 1) for k in ("median", "lower", "upper", "mean"))
            row = (r, median, f"{lower} to {upper}", mean, percent(told["probability_better"], 1))
            table.add_row(_text(benefit.baseline), *row)
        if found.joint_model is not None and benefit.baseline in found.joint_model.net_benefits:
            learnt = found.joint_model.as_dict()["net_benefit"][benefit.baseline]
            median, lower, upper, mean = (decimal(100 * learnt[k], 1) for k in ("median", "lower", "upper", "mean"))
            row = ("joint model", median, f"{lower} to {upper}", mean, percent(learnt["probability_better"], 1))
            table.add_row(_text(benefit.baseline), *row)
    page.print(table)
    for benefit in found.net_benefits:
        risks = ", ".join(
            f"{e} {100 * one.risk:.1f} %" + ("" if one.label == benefit.baseline else f" ({one.label})")
            for e, one in benefit.control_risks.items()
        )
        page.lines(f"{benefit.baseline}: {risks}", indent=2)


def _print_trade_offs(page: Page, found: Decision) -> None:
    from reanalysis.decisions.benefit_risk import ranges_text
    from reanalysis.estimands.words import percent

    first = found.net_benefits[0].baseline
    page.print()
    page.lines(f"Trade-offs at the control risks of {first}", style="bold")
    for line in found.trade_off_lines:
        if line.baseline == first:
            levels = ", ".join(f"{percent(level)} {ranges_text(ranges)}" for level, ranges in line.levels)
            page.lines(f"{line.wording}: P(better) reaches {levels}; {percent(line.at_any)} at any number")
    for one in found.acceptabilities:
        page.lines(
            f"all weights of these signs, {one.baseline}: treatment is better on average at "
            f"{percent(one.share_better)} of them; P(better) over them {percent(one.probability_better, 1)} "
            f"(numerical error {100 * one.error:.2g} points)"
        )


def _print_any_of(page: Page, found: Decision) -> None:
    from reanalysis.estimands.words import percent, points

    for one in found.any_of:
        low, high = one.difference
        page.lines(
            f"any of {', '.join(one.endpoints)}, {one.baseline}: control risk {percent(one.control[0], 1)} to "
            f"{percent(one.control[1], 1)}; difference per 100 at least {points(low['median'])} "
            f"({points(low['lower'])} to {points(low['upper'])}) and at most {points(high['median'])} "
            f"({points(high['lower'])} to {points(high['upper'])}); fewer whatever the dependence "
            f"{percent(one.certainly_better)}, possibly fewer {percent(one.possibly_better)}"
        )


def _print_questions(page: Page, found: Decision) -> None:
    from reanalysis.estimands.words import decimal, percent

    page.print()
    page.lines("Questions to the authors, by what an answer is worth per 100 patients", style="bold")
    for one in found.questions:
        worth = f"{'at most ' * (one.bound and one.value > 0)}{decimal(100 * one.value)}"
        shift = "" if one.question.shift is None else f"; shift of a chance {percent(one.question.shift, 1)}"
        page.lines(f"{worth}{shift}: {one.question.text}")


def _print_confounding(page: Page, label: str, one: Confounding) -> None:
    from reanalysis.estimands.words import percent, ratio, ratio_interval

    median, lower, upper = one.risk_ratio
    at = f"{100 * one.control.risk:g} % ({one.control.label})"
    tips = "; ".join(f"P({t.side}) is {percent(t.probability)} {_tip(t)}" for t in one.tipping)
    page.lines(
        f"{label}: risk ratio {ratio_interval(median, lower, upper)} at {at}; E-value {ratio(one.e_value)}, of the "
        f"interval's end {ratio(one.e_value_interval)}" + (f"; {tips}" if tips else "")
    )
    shares = ", ".join(f"x{s.odds_ratio:.2g} {percent(s.fewer)}/{percent(s.more)}" for s in one.shares)
    beyond = f"cohorts with {one.margin:g} or more in 100 fewer/more"
    page.lines(f"{beyond} if bias multiplied every study's odds ratio by: {shares}", indent=2)
    if one.note:
        page.lines(one.note, indent=2)


def _tip(one: TippingBias) -> str:
    from reanalysis.estimands.words import ratio

    if one.bias is None:
        return "under no bias searched"
    way = "raised" if one.bias > 0 else "lowered"
    return f"if bias {way} the risk ratio by a factor of {ratio(one.risk_ratio)} (E-value {ratio(one.e_value)})"


def _text(text: str) -> Text:
    """Words of a folder, in which nothing is markup."""
    from rich.text import Text

    from reanalysis.evidence.problems import printable

    return Text(printable(text))
