"""``reanalysis sensitivity``: one endpoint under every combination of choices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reanalysis.cli.options import Data, Format, Workers

if TYPE_CHECKING:
    from reanalysis.alternatives.multiverse.multiverse import Multiverse
    from reanalysis.alternatives.outcome import Outcome
    from reanalysis.cli.output import Page
    from reanalysis.gates.result import CheckResult
    from reanalysis.model.data import ModelData
    from reanalysis.model.spec import ModelSpec
    from reanalysis.reporting.table import Table

_TABLES = (".csv", ".parquet")
_CHECKS = ("predictive_checks", "left_out_prediction", "power_scaling")


def sensitivity_command(
    data: Data,
    endpoint: Annotated[str, typer.Option(help="Endpoint id of arms.csv.")],
    all_models: Annotated[
        bool, typer.Option("--all-models", help="Also fit every model once, those sampled by NUTS too (minutes).")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Save every specification: a .csv or .parquet file.")] = None,
    words: Annotated[
        bool, typer.Option("--words", help="Alternatives to the analysis that counts what is told in words alone.")
    ] = False,
    workers: Workers = None,
    output: Format = "table",
) -> None:
    """Cross every choice of one endpoint: the multiverse, what moves it, and its tipping points."""
    from reanalysis.cli.errors import Exit, say
    from reanalysis.cli.option_checks import bad_format, bad_table, bad_workers, require
    from reanalysis.cli.output import print_json
    from reanalysis.cli.progress import counting, working
    from reanalysis.evidence.extras import need
    from reanalysis.evidence.reading.folder import read_evidence
    from reanalysis.model.specification import specification

    require(bad_format(output), bad_table(out, _TABLES), bad_workers(workers))
    if all_models:
        need("every model", "nuts")
    if out is not None and out.suffix == ".parquet":
        need("a Parquet file", "report")
    evidence = read_evidence(data)
    spec = specification(evidence, endpoint, words=words)
    from reanalysis.alternatives.alarms import PRIOR_OF, alarms
    from reanalysis.alternatives.all_models import all_models as fit_all_models
    from reanalysis.alternatives.choices import WORDS
    from reanalysis.alternatives.multiverse.multiverse import multiverse
    from reanalysis.alternatives.multiverse.summary import summary
    from reanalysis.alternatives.one_at_a_time import sensitivity_set
    from reanalysis.alternatives.tipping import tipping_points
    from reanalysis.engines.batches import local_processes
    from reanalysis.estimands.headline import headline_study
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
    with working("other priors, and words"):
        outcomes = sensitivity_set(evidence, spec, endpoint, groups=(*PRIOR_OF, WORDS))
        deciding = alarms(outcomes, checks["power_scaling"].table, headline_study(chosen))
    models: list[Outcome] = []
    if all_models:
        with working("every model once"):
            models = fit_all_models(evidence, endpoint, spec)
    if out is not None:
        _save(found, out, sizes)
    if output == "json":
        whole: dict[str, Any] = summary(found) | {"denominators": assumed_sizes(selection.observations)}
        whole |= {"tipping_points": points, "alarms": deciding}
        told = outcomes.get(WORDS, [])
        whole[WORDS] = [{"choice": o.label, "primary": o.primary, "study": o.study} | o.as_dict() for o in told]
        whole |= {name: {"text": check.text, "table": check.table} for name, check in checks.items()}
        if all_models:
            whole["models"] = models
        print_json(whole)
    else:
        from reanalysis.cli.output import Page, until_closed
        from reanalysis.reporting.sections.choices import group_title
        from reanalysis.reporting.sections.models import model_table
        from reanalysis.reporting.sections.scrutiny import power_table, predictive_table, tipping_table
        from reanalysis.reporting.sentences import alarm_sentence

        page, label = Page(), evidence.endpoint_label(endpoint)
        with until_closed(page.file):  # type: ignore[arg-type]
            _print_multiverse(page, label, summary(found))
            what = "fewer events" if evidence.endpoint(endpoint).better is None else "benefit"
            for alarm in deciding:
                page.lines(alarm_sentence(alarm, what), style="bold")
            for line in sizes:
                page.lines(line)
            if WORDS in outcomes:
                page.heading(group_title(WORDS))
                page.table(_words_table(outcomes[WORDS], what))
            page.heading("Tipping points")
            page.table(tipping_table(label, endpoint, points))
            predictive, left_out, power = (checks[name] for name in _CHECKS)
            for check, table in (
                (predictive, predictive_table(evidence, endpoint, predictive)),
                (left_out, _check_table(left_out)),
                (power, power_table(evidence, endpoint, power)),
            ):
                page.heading(check.name)
                page.lines(check.text)
                page.table(table)
            if all_models:
                page.heading("Every model once")
                page.table(model_table(evidence, endpoint, models, chosen.names, spec.model))
    failed = [f"{model.model}: {gate.name}: {gate.text}" for model in models for gate in model.failed]
    for failure in failed:
        say(f"gate failed: {failure}")
    if failed:
        raise typer.Exit(Exit.GATE_FAILED)


def _checks(spec: ModelSpec, data: ModelData) -> dict[str, CheckResult]:
    """What is reported of the primary analysis and judged by nobody."""
    from reanalysis.alternatives.power_scaling import power_scaling
    from reanalysis.alternatives.prediction import left_out_prediction, predictive_checks
    from reanalysis.engines.fit import fit

    found = (predictive_checks(spec, data), left_out_prediction(spec, data), power_scaling(fit(spec, data)))
    return dict(zip(_CHECKS, found, strict=True))


def _save(found: Multiverse, out: Path, sizes: list[str]) -> None:
    from reanalysis.reporting.results import table_text

    table = found.table.assign(assumed="; ".join(sizes))
    if out.suffix == ".csv":
        out.write_text(table_text(table), encoding="utf-8", newline="")
    else:
        table.to_parquet(out, index=False)


def _print_multiverse(page: Page, label: str, found: dict[str, Any]) -> None:
    from reanalysis.reporting.table import Column, Table

    page.lines(f"{label}: {found['specifications']:,} specifications", style="bold")
    page.lines(f"of {found['combinations']:,} combinations, many of which are the same specification")
    for reason, count in ((one["reason"], one["combinations"]) for one in found["infeasible"]):
        page.lines(f"{count:,} combinations define no effect: {reason}", indent=2)
    if found["held"]:
        page.lines(f"not varied, for their number: {', '.join(found['held'])}")
    ratios, probability, below = found["odds_ratio"], found["probability"], found["odds_ratio_below_1"]
    page.lines(
        f"median odds ratio from {ratios['lowest']:.2f} to {ratios['highest']:.2f}, half of them within "
        f"{ratios['lower_quartile']:.2f} to {ratios['upper_quartile']:.2f}; below 1 in {below:.1%}"
    )
    for name, share in found["shares"].items():
        page.lines(f"{probability} above {name.removeprefix('above_')} in {share:.1%} of specifications")
    page.heading("Which choice moves the result (share of the variance over all combinations)")
    heads = ("choice", "levels", "mean", "with interactions", "probit", "from", "to")
    rows = [
        [
            row["choice"],
            row["levels"],
            *(f"{row[name]:.1%}" for name in ("mean_main", "mean_total", "probit_main")),
            f"{row['low']:+.2f} ({row['from']})",
            f"{row['high']:+.2f} ({row['to']})",
        ]
        for row in found["variance"]
    ]
    page.table(Table([Column(head) for head in heads], rows))
    page.lines("from, to: mean log odds ratio at the levels where it is lowest and highest")
    for row in found["variance"]:
        if row["dropped"]:
            page.lines(f"not in this table, because not every combination has them: {row['choice']} {row['dropped']}")


def _words_table(outcomes: list[Outcome], what: str) -> Table:
    """The effects with figures alone, then with what studies without them say in words."""
    from reanalysis.estimands.words import percent, ratio_interval
    from reanalysis.reporting.table import Table, columns

    rows = []
    for one in outcomes:
        shown, chance = one.note, ""
        if one.odds_ratio is not None and one.chance is not None:
            shown = ratio_interval(one.odds_ratio.median, one.odds_ratio.lower, one.odds_ratio.upper)
            chance = percent(one.chance)
        rows.append([one.label, str(len(one.studies)), shown, chance, one.note if chance else ""])
    heads = f"Choice 2 | Studies >0.6 | Odds ratio (95 % interval) 1.6 | P({what}) >0.8 | Whose effect 2"
    return Table(columns(heads), rows)


def _check_table(check: CheckResult) -> Table:
    """A check that the report has no table of: its rows as they are."""
    from reanalysis.reporting.table import Column, Table

    return Table(
        [Column(str(name).replace("_", " ")) for name in check.table],
        [
            [f"{value:.3f}" if isinstance(value, float) else value for value in row]
            for row in check.table.itertuples(index=False)
        ],
    )
