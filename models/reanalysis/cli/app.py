"""Which commands are there? One function each, which checks its options before anything heavy is loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from reanalysis.cli.errors import Exit, reports_errors, say

app = typer.Typer(
    name="reanalysis",
    help="Re-analyse small cohorts that disagree, from what was printed.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="Evidence folder: arms.csv, and optionally contrasts.csv, analysis.toml, sources.toml.",
    ),
]
Format = Annotated[str, typer.Option("--format", help="table for people, json for programs.")]
Seed = Annotated[int | None, typer.Option(help="Seed of every random step.")]


@app.command("audit", epilog="Example: reanalysis audit data/anakinra --format json > ledger.json")
@reports_errors
def audit_command(data: Data, output: Format = "table") -> None:
    """Check every printed figure: the evidence ledger."""
    from reanalysis.cli.output import print_json
    from reanalysis.cli.specification import bad_format, require
    from reanalysis.evidence.audit.ledger import audit
    from reanalysis.evidence.folder import read_evidence
    from reanalysis.model.selection import default_spec

    require(bad_format(output))
    evidence = read_evidence(data)
    spec = default_spec(evidence)
    ledger = audit(evidence)
    from reanalysis.cli.progress import working
    from reanalysis.sensitivity.weighed_ledger import weigh

    with working("weighing the findings"):
        weighed = weigh(evidence, ledger, spec)
    if output == "json":
        print_json(weighed.as_dict())
        return
    from reanalysis.cli.tables import print_ledger

    print_ledger(evidence, weighed)


@app.command(
    "fit",
    epilog='Example: reanalysis fit data/anakinra --endpoint icans_any --prior "tau=halfnormal(1)" --engine quadrature',
)
@reports_errors
def fit_command(
    data: Data,
    endpoint: Annotated[str, typer.Option(help="Endpoint id of arms.csv.")],
    model: Annotated[str, typer.Option(help="contrast, rates or beta-rates.")] = "contrast",
    pooling: Annotated[str, typer.Option(help="partial, none or complete.")] = "partial",
    engine: Annotated[
        str, typer.Option(help="nuts (published, checked against quadrature) or quadrature (milliseconds).")
    ] = "nuts",
    arm: Annotated[str, typer.Option(help="control or treated: whose rates (rates models).")] = "control",
    prior: Annotated[
        list[str] | None,
        typer.Option(help="NAME=DIST, repeatable; NAME mu, tau or baseline, DIST such as normal(0,1)."),
    ] = None,
    rho: Annotated[
        float | None,
        typer.Option(help="Intra-arm correlation of all studies, instead of that of their design."),
    ] = None,
    k: Annotated[
        float | None,
        typer.Option("--k", help="Effective-size factor of weighted arms, instead of the study's."),
    ] = None,
    leave_out: Annotated[list[str] | None, typer.Option(help="Study to leave out, repeatable.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="NAME=X: a setting of the model.")] = None,
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option(help="Save the posterior as NetCDF (.nc).")] = None,
    output: Format = "table",
) -> None:
    """Fit one endpoint: a posterior, its effects and its checks."""
    from reanalysis.cli.output import print_json
    from reanalysis.cli.specification import bad_engine, bad_file, bad_format, require, specification
    from reanalysis.evidence.folder import read_evidence

    require(bad_format(output), bad_engine(engine), bad_file(out))
    if model == "beta-rates" and engine == "nuts":
        engine = "quadrature"
        say("beta-rates: fitted by quadrature, its only engine")
    evidence = read_evidence(data)
    spec = specification(
        evidence,
        endpoint,
        model=model,
        pooling=pooling,
        arm=arm,
        priors=prior or (),
        rho=rho,
        k=k,
        leave_out=leave_out or (),
        settings=settings or (),
        seed=seed,
    )
    from reanalysis.checks.checked_fit import fit_endpoint
    from reanalysis.cli.progress import working

    with working(f"fitting {endpoint} by {engine}"):
        fitted = fit_endpoint(evidence, endpoint, spec, engine)  # type: ignore[arg-type]
    if out is not None:
        from reanalysis.engines.storage import save_tree

        save_tree(fitted.posterior.tree(), out)
    if output == "json":
        print_json(fitted.as_dict())
    else:
        from reanalysis.cli.tables import print_fit

        print_fit(evidence, fitted)
    if not fitted.passed:
        for gate in fitted.gates:
            if gate.failed:
                say(f"gate failed: {gate.name}: {gate.text}")
        raise typer.Exit(Exit.GATE_FAILED)


@app.command("report", epilog="Example: reanalysis report data/anakinra --out reports/anakinra")
@reports_errors
def report_command(
    data: Data = Path("data/anakinra"),
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to publish to; by default reports/ and the name of the evidence folder."),
    ] = None,
    engine: Annotated[str, typer.Option(help="nuts or quadrature.")] = "nuts",
    seed: Seed = None,
) -> None:
    """Publish the whole re-analysis: HTML, PDF, DOCX, results and posteriors."""
    from reanalysis.cli.specification import bad_engine, bad_seed, require

    require(bad_engine(engine), bad_seed(seed))
    from reanalysis.cli.output import print_line
    from reanalysis.cli.progress import Steps
    from reanalysis.report.build import build_report

    target = out or Path("reports") / Path(os.path.realpath(data)).name
    with Steps() as steps:
        built = build_report(data, target, engine=engine, seed=seed, step=steps.start)  # type: ignore[arg-type]
    if not built.passed:
        for failure in built.failures:
            say(f"gate failed: {failure}")
        say(f"nothing was published; the draft is in {built.draft}")
        raise typer.Exit(Exit.GATE_FAILED)
    print_line(f"{target}: {built.summary}")
