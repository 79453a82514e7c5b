"""``reanalysis design``: what the next randomised trial would show, by enumeration of all its outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reanalysis.cli.options import Data, Format, Workers

if TYPE_CHECKING:
    from rich.table import Table

    from reanalysis.decisions.designs import Designs
    from reanalysis.decisions.next_trial import Operating
    from reanalysis.evidence.evidence import Evidence

_LISTED = 60
"""Control counts up to which a boundary is listed whole on a terminal; JSON has all of it."""


def design_command(
    data: Data,
    endpoint: Annotated[str, typer.Option(help="Endpoint id of arms.csv.")],
    n: Annotated[
        str | None,
        typer.Option("--n", help="Patients of the control arm, one design each: 50,100,200. Optional beside --target."),
    ] = None,
    ratio: Annotated[str, typer.Option(help="Treated patients per control; several as 1,2.")] = "1",
    analysis: Annotated[
        str,
        typer.Option(
            help="contrast (a vague baseline and a prior of the effect) or arms (independent rates of the arms)."
        ),
    ] = "contrast",
    prior: Annotated[
        list[str] | None,
        typer.Option(
            help="Prior of the analysis, NAME=DIST, repeatable. contrast: mu (log odds ratio), baseline; arms: "
            "control, treated. DIST normal(0,1) or beta(1,1); today (the folder's posterior) or robust (the same "
            "with a vague component of weight 0.2); a mixture, 0.8*beta(33.9,103)+0.2*beta(1,1); or of a rate "
            "FILE.json, as fit --map-prior or RBesT's write_mix_json writes it."
        ),
    ] = None,
    threshold: Annotated[
        str, typer.Option(help="The trial succeeds where P(effect beyond the margin) exceeds it; several as 0.9,0.95.")
    ] = "0.95",
    margin: Annotated[
        float | None,
        typer.Option(help="Risk difference or odds ratio (--scale), treated against control; by default no effect."),
    ] = None,
    scale: Annotated[
        str, typer.Option(help="Of the margin and the interval: rd (risk difference) or or (odds ratio).")
    ] = "rd",
    side: Annotated[
        str | None,
        typer.Option(
            help="Where an effect counts: lower or higher than the margin, or both (two-sided; between them lies the "
            "grey zone). By default the better side of the endpoint."
        ),
    ] = None,
    no_go: Annotated[
        float | None,
        typer.Option(
            "--no-go", help="One-sided: a no where P(effect beyond the margin) is below it; a grey zone between."
        ),
    ] = None,
    truth: Annotated[
        list[str] | None, typer.Option(help="Effect at which to give the power: OR=0.5 or RD=-0.1, repeatable.")
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="Control risk as a proportion, or the label of a baseline of the endpoint: of the truths, the type I "
            "error and then also of the assurance. By default the endpoint's first, else the mean of the MAP prior."
        ),
    ] = None,
    design_prior: Annotated[
        list[str] | None,
        typer.Option(
            help="What the power is averaged over for the assurance, NAME=DIST, repeatable: mu and control, or control "
            "and treated. By default the effect of a new study today and the control rate's MAP prior."
        ),
    ] = None,
    worthwhile: Annotated[
        float, typer.Option(help="Smallest risk difference worth the treatment, for the value of information.")
    ] = 0.0,
    target: Annotated[
        float | None, typer.Option(help="Probability of success for which the smallest trials are sought.")
    ] = None,
    no_width: Annotated[
        bool, typer.Option("--no-width", help="Leave out the expected width of the interval: half the time.")
    ] = False,
    workers: Workers = 1,
    batches: Annotated[
        Path | None, typer.Option(help="Folder of finished batches, from which an interrupted grid goes on.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Scheduler of a running Dask cluster, tcp://host:8786, whose workers do it (extra: cluster)."
        ),
    ] = None,
    output: Format = "table",
) -> None:
    """Operating characteristics of a randomised two-arm trial: boundary, errors, power, assurance, information value.

    Exact: every outcome of both arms is enumerated.
    """
    from reanalysis.cli.option_checks import bad_format, bad_workers, require
    from reanalysis.cli.output import print_json
    from reanalysis.cli.progress import counting, working
    from reanalysis.decisions.design_request import trial_request
    from reanalysis.decisions.designs import answer
    from reanalysis.engines.batches import local_processes
    from reanalysis.engines.cluster import bad_cluster
    from reanalysis.engines.cluster import cluster as on_cluster
    from reanalysis.evidence.reading.folder import read_evidence

    require(bad_format(output), bad_workers(workers), *bad_cluster(cluster))
    evidence = read_evidence(data)
    with working(f"what is known of {endpoint}"):
        request = trial_request(
            evidence, endpoint, n=n, ratio=ratio, analysis=analysis, priors=prior, threshold=threshold, margin=margin,
            scale=scale, side=side, no_go=no_go, truth=truth, baseline=baseline, design_prior=design_prior,
            worthwhile=worthwhile, target=target, width=not no_width,
        )  # fmt: skip
    where = local_processes(workers) if cluster is None else on_cluster(cluster)
    with where as executor, counting("designs") as progress:
        found = answer(request, executor, batches, progress)
    if output == "json":
        print_json(found.as_dict())
    else:
        _print(evidence, found)


def _print(evidence: Evidence, found: Designs) -> None:
    from reanalysis.cli.output import Page, until_closed

    page, spec = Page(), found.spec
    with until_closed(page.file):  # type: ignore[arg-type]
        page.lines(f"{evidence.endpoint_label(found.endpoint)}: a randomised trial of two arms", style="bold")
        page.lines(f"success: {spec['rule']}")
        page.lines(f"analysis {spec['analysis']}: {_named(spec['priors'])}")
        page.lines(f"design prior: {_named(spec['design_prior'])}")
        chances = ", ".join(f"{side} {chance:.3f}" for side, chance in found.today.items())
        page.lines(f"probability today of an effect beyond the margin: {chances}")
        page.lines(f"control risk of truths and type I error: {spec['baseline']:.4g} ({spec['baseline_source']})")
        for truth, risks in spec["truths"].items():
            page.lines(f"{truth}: treated risk {risks['treated_risk']:.3f}")
        if spec["defaults"]:
            page.lines(f"not stated, so: {'; '.join(f'{name} {value}' for name, value in spec['defaults'].items())}")
        if found.evpi is not None:
            page.lines(f"expected value of perfect information: {found.evpi:.5f} events per patient")
        page.print()
        if found.designs:
            page.print(_table(found))
        for trial in found.smallest:
            size = (
                f"not reached with up to {trial.searched:,} in the control arm ({trial.reached:.3f})"
                if trial.n_control is None
                else f"{trial.n_control} + {trial.n_treated} patients ({trial.reached:.3f})"
            )
            page.lines(f"smallest trial with {trial.of} of {trial.target:g}, threshold {trial.threshold:g}: {size}")
        for one in found.designs:
            for line in _boundary(one, spec["side"]):
                page.lines(line)


def _named(parts: dict[str, str]) -> str:
    return ", ".join(f"{name} ~ {value}" for name, value in parts.items())


def _table(found: Designs) -> Table:
    from rich.table import Table

    from reanalysis.evidence.problems import printable

    truths = [printable(f"power {truth}") for truth in found.spec["truths"]]
    many = len(found.spec["threshold"]) > 1
    table = Table(
        "control", "treated", *(["threshold"] if many else []), "assurance", "type I error", *truths,
        f"width ({found.spec['interval_of']})", "EVSI", "P beyond margin, median and 90 %", box=None, pad_edge=False,
    )  # fmt: skip
    for one in found.designs:
        low, middle, high = (one.predictive["quantiles"][q] for q in ("0.05", "0.5", "0.95"))
        table.add_row(
            f"{one.n_control}",
            f"{one.n_treated}",
            *([f"{one.threshold:g}"] if many else []),
            f"{one.assurance:.3f}",
            f"{one.type_1_error:.4f}",
            *(f"{chance:.3f}" for chance in one.power.values()),
            "" if one.expected_width is None else f"{one.expected_width:.3f}",
            "" if one.evsi is None else f"{one.evsi:.5f}",
            f"{middle:.3f} ({low:.3f} to {high:.3f})",
        )
    return table


def _boundary(one: Operating, side: str) -> Iterator[str]:
    """The decision boundary in a line."""
    counts = one.boundary[: _LISTED + 1]
    more = ", ..." if len(one.boundary) > len(counts) else ""
    how = {
        "lower": "most treated events with which it succeeds (-1: none)",
        "higher": f"fewest treated events with which it succeeds ({one.n_treated + 1}: none)",
        "both": "treated events up to and from which it succeeds",
    }[side]
    shown = ", ".join(f"{c[0]}|{c[1]}" if isinstance(c, list) else str(c) for c in counts)
    yield f"{one.n_control} + {one.n_treated}: {how}, by control events 0, 1, ...: {shown}{more}"
