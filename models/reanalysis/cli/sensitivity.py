"""``reanalysis sensitivity``: does the answer depend on the choices?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reanalysis.cli.options import Data, Format, Workers

if TYPE_CHECKING:
    from reanalysis.alternatives.all_models import ModelAnswer
    from reanalysis.alternatives.multiverse.multiverse import Multiverse
    from reanalysis.alternatives.scenario import Outcome
    from reanalysis.alternatives.tipping.search import TippingPoint
    from reanalysis.cli.output import Page
    from reanalysis.gates.result import CheckResult
    from reanalysis.model.data import ModelData
    from reanalysis.model.spec import ModelSpec

_TABLES = (".csv", ".parquet")


def sensitivity_command(
    data: Data,
    endpoint: Annotated[str, typer.Option(help="Endpoint id of arms.csv.")],
    all_models: Annotated[
        bool, typer.Option("--all-models", help="Also fit every model once, those sampled by NUTS too (minutes).")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Save every specification: a .csv or .parquet file.")] = None,
    workers: Workers = None,
    output: Format = "table",
) -> None:
    """Cross every choice of one endpoint: the multiverse, what moves it, and its tipping points."""
    from reanalysis.cli.errors import Exit, say
    from reanalysis.cli.option_checks import bad_format, bad_table, bad_workers, require
    from reanalysis.cli.output import print_json
    from reanalysis.cli.progress import counting, working
    from reanalysis.evidence.reading.folder import read_evidence
    from reanalysis.model.specification import specification

    require(bad_format(output), bad_table(out, _TABLES), bad_workers(workers))
    evidence = read_evidence(data)
    spec = specification(evidence, endpoint)
    from reanalysis.alternatives.alarms import alarms
    from reanalysis.alternatives.all_models import all_models as fit_all_models
    from reanalysis.alternatives.multiverse.multiverse import multiverse
    from reanalysis.alternatives.multiverse.summary import plain_rows, summary
    from reanalysis.alternatives.priors import priors
    from reanalysis.alternatives.scenario import run
    from reanalysis.alternatives.tipping.points import tipping_points
    from reanalysis.engines.batches import local_processes
    from reanalysis.evidence.audit.ledger import require_consistent
    from reanalysis.evidence.candidates.observation import assumed_sizes, sizes_told
    from reanalysis.model.selection import select

    selection = select(evidence, spec, endpoint)
    chosen, sizes = selection.data, sizes_told(selection.observations)
    require_consistent(evidence, (endpoint,))
    with local_processes(workers) as executor, counting(f"{endpoint}: specifications") as progress:
        found = multiverse(evidence, endpoint, spec, executor=executor, progress=progress)
    with working("tipping points"):
        points = tipping_points(evidence, endpoint, spec)
    with working("predictive checks and power scaling"):
        checks = _checks(spec, chosen)
    with working("other priors"):
        outcomes: dict[str, list[Outcome]] = {}
        for outcome in run(evidence, endpoint, priors(evidence, spec, endpoint)):
            outcomes.setdefault(outcome.scenario.group, []).append(outcome)
        study = chosen.comparative[0] if len(chosen.comparative) == 1 else None
        deciding = alarms(outcomes, checks["power_scaling"].table, study)
    models: list[ModelAnswer] = []
    if all_models:
        with working("every model once"):
            models = fit_all_models(evidence, endpoint, spec)
    if out is not None:
        _save(found, out, sizes)
    if output == "json":
        whole: dict[str, Any] = summary(found) | {"denominators": assumed_sizes(selection.observations)}
        whole |= {"tipping_points": [point.as_dict() for point in points]}
        whole |= {name: {"text": check.text, "table": plain_rows(check.table)} for name, check in checks.items()}
        whole["alarms"] = [alarm.as_dict() for alarm in deciding]
        if all_models:
            whole["models"] = [model.as_dict() for model in models]
        print_json(whole)
    else:
        from reanalysis.cli.output import Page, until_closed
        from reanalysis.reporting.sentences import alarm_sentence

        page = Page()
        with until_closed(page.file):  # type: ignore[arg-type]
            _print(page, evidence.endpoint_label(endpoint), summary(found))
            what = "fewer events" if evidence.endpoint(endpoint).better is None else "benefit"
            for alarm in deciding:
                page.lines(alarm_sentence(alarm, what), style="bold")
            for line in sizes:
                page.lines(line)
            _print_points(page, points)
            for check in checks.values():
                _print_check(page, check)
            if all_models:
                _print_models(page, models)
    failed = [f"{model.model}: {gate.name}: {gate.text}" for model in models for gate in model.failed]
    for failure in failed:
        say(f"gate failed: {failure}")
    if failed:
        raise typer.Exit(Exit.GATE_FAILED)


def _checks(spec: ModelSpec, data: ModelData) -> dict[str, CheckResult]:
    """What is reported of the primary analysis and judged by nobody."""
    from reanalysis.alternatives.left_out_prediction import left_out_prediction
    from reanalysis.alternatives.power_scaling import power_scaling
    from reanalysis.alternatives.predictive_checks import predictive_checks
    from reanalysis.engines.fit import fit

    return {
        "predictive_checks": predictive_checks(spec, data),
        "left_out_prediction": left_out_prediction(spec, data),
        "power_scaling": power_scaling(fit(spec, data)),
    }


def _save(found: Multiverse, out: Path, sizes: list[str]) -> None:
    from reanalysis.reporting.results import table_text

    table = found.table.assign(assumed="; ".join(sizes))
    if out.suffix == ".csv":
        out.write_text(table_text(table), encoding="utf-8", newline="")
    else:
        table.to_parquet(out, index=False)


def _print(page: Page, label: str, found: dict[str, Any]) -> None:
    from rich.table import Table

    page.lines(f"{label}: {found['specifications']:,} specifications", style="bold")
    page.lines(f"of {found['combinations']:,} combinations, many of which are the same specification")
    for reason, count in found["infeasible"].items():
        page.lines(f"{count:,} combinations define no effect: {reason}", indent=2)
    if found["held"]:
        page.lines(f"not varied, for their number: {', '.join(found['held'])}")
    spread, probability = found["odds_ratio"], found["probability"]
    page.lines(
        f"median odds ratio from {spread['lowest']:.2f} to {spread['highest']:.2f}, half of them within "
        f"{spread['lower_quartile']:.2f} to {spread['upper_quartile']:.2f}; below 1 in {found['below_one']:.1%}"
    )
    for name, share in found["shares"].items():
        page.lines(f"{probability} above {name.removeprefix('above_')} in {share:.1%} of specifications")
    page.print()
    page.lines("Which choice moves the result (share of the variance over all combinations)", style="bold")
    table = Table("choice", "levels", "mean", "with interactions", "probit", "from", "to", box=None, pad_edge=False)
    for row in found["variance"]:
        table.add_row(
            _text(row["choice"]), str(row["levels"]), f"{row['mean_main']:.1%}", f"{row['mean_total']:.1%}",
            f"{row['probit_main']:.1%}", _text(f"{row['low']:+.2f} ({row['from']})"),
            _text(f"{row['high']:+.2f} ({row['to']})"),
        )  # fmt: skip
    page.print(table)
    page.lines("from, to: mean log odds ratio at the levels where it is lowest and highest")
    for row in found["variance"]:
        if row["dropped"]:
            page.lines(f"not in this table, because not every combination has them: {row['choice']} {row['dropped']}")


def _print_points(page: Page, points: list[TippingPoint]) -> None:
    from rich.table import Table

    page.print()
    page.lines("Tipping points", style="bold")
    table = Table("assumption", "now", "probability", "reached at", box=None, pad_edge=False)
    for point in points:
        now = "" if point.now is None else f"{point.now:g}"
        table.add_row(_text(point.knob), now, f"P({point.event}) = {point.threshold:g}", _text(point.text))
    page.print(table)
    for knob, meaning in {point.knob: point.meaning for point in points}.items():
        page.lines(f"{knob}: {meaning}", indent=2)


def _print_check(page: Page, check: CheckResult) -> None:
    from rich.table import Table

    page.print()
    page.lines(check.name, style="bold")
    page.lines(check.text)
    table = Table(*(str(name).replace("_", " ") for name in check.table), box=None, pad_edge=False)
    for row in check.table.itertuples(index=False):
        table.add_row(*(_text(f"{value:.3f}" if isinstance(value, float) else str(value)) for value in row))
    page.print(table)


def _print_models(page: Page, models: list[ModelAnswer]) -> None:
    from math import exp

    from rich.table import Table

    page.print()
    page.lines("Every model once", style="bold")
    table = Table("model", "engine", "odds ratio", "95 % interval", "P(OR < 1)", "gates", box=None, pad_edge=False)
    for one in models:
        found = one.log_odds_ratio
        if found is None or one.direction is None:
            table.add_row(one.model, one.engine, _text(one.note))
            continue
        odds_ratio, interval = f"{exp(found.median):.2f}", f"{exp(found.lower):.2f} to {exp(found.upper):.2f}"
        table.add_row(one.model, one.engine, odds_ratio, interval, f"{one.direction.below:.3f}", _gates(one))
    page.print(table)


def _gates(one: ModelAnswer) -> str:
    if one.failed:
        return f"failed: {', '.join(gate.name for gate in one.failed)}"
    return "passed" if one.gates else ""


def _text(text: str) -> Any:
    """Words of a folder, in which nothing is markup."""
    from rich.text import Text

    from reanalysis.evidence.problems import printable

    return Text(printable(text))
