"""The commands: one function each, which checks its options before anything heavy is loaded."""

from __future__ import annotations

import os
from math import inf
from pathlib import Path
from typing import Annotated

import typer

from reanalysis.cli.average import average_command
from reanalysis.cli.calibrate import calibrate_command
from reanalysis.cli.decide import decide_command
from reanalysis.cli.design import design_command
from reanalysis.cli.errors import Exit, ending, reports_errors, say
from reanalysis.cli.imports import import_command
from reanalysis.cli.new import new_command
from reanalysis.cli.options import Data, Format, Seed
from reanalysis.cli.predict import predict_command
from reanalysis.cli.sensitivity import sensitivity_command
from reanalysis.model.family import FAMILIES, MODELS, MODERATED, PRIMARY

_SAMPLED = [name for name, family in FAMILIES.items() if "quadrature" not in family.engines]

app = typer.Typer(
    name="reanalysis",
    help="Re-analyse small cohorts that disagree, from what was reported.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"reanalysis {version('reanalysis')}")
        raise typer.Exit


@app.callback()
def _every_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Re-analyse small cohorts that disagree, from what was reported."""


@app.command("audit", epilog="Example: reanalysis audit data/anakinra --format json > ledger.json")
@reports_errors
def audit_command(data: Data, output: Format = "table") -> None:
    """Check every reported figure: the evidence ledger."""
    from reanalysis.cli.option_checks import bad_format, require
    from reanalysis.cli.output import print_json
    from reanalysis.evidence.audit.ledger import audit
    from reanalysis.evidence.reading.folder import read_evidence
    from reanalysis.model.selection import default_spec

    require(bad_format(output))
    evidence = read_evidence(data)
    spec = default_spec(evidence)
    ledger = audit(evidence)
    from reanalysis.alternatives.weighed_ledger import weigh
    from reanalysis.cli.progress import working

    with working("weighing the findings"):
        weighed = weigh(evidence, ledger, spec)
    if output == "json":
        print_json(weighed)
        return
    from reanalysis.cli.tables import print_ledger

    print_ledger(evidence, weighed)


@app.command(
    "fit",
    epilog='Example: reanalysis fit data/anakinra --endpoint icans_any --prior "tau=halfnormal(1)" --anchor control',
)
@reports_errors
def fit_command(
    data: Data,
    endpoint: Annotated[str, typer.Option(help="Endpoint id of arms.csv.")],
    model: Annotated[
        str | None,
        typer.Option(
            help=f"One of {', '.join(MODELS)}; by default {PRIMARY}, or {MODERATED} where a moderator is given."
        ),
    ] = None,
    pooling: Annotated[str, typer.Option(help="partial, none or complete.")] = "partial",
    engine: Annotated[
        str | None,
        typer.Option(
            help="quadrature (milliseconds) or nuts (sampled, and checked against quadrature); by default quadrature, "
            "nuts for a model that has nothing else."
        ),
    ] = None,
    arm: Annotated[
        str | None,
        typer.Option(help="control or treated: whose rates (rates models, control by default; exnex of single arms)."),
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(help="NAME=DIST, repeatable; NAME mu, tau, baseline or moderator, DIST such as normal(0,1)."),
    ] = None,
    anchor: Annotated[
        str | None,
        typer.Option(
            help="midpoint (the prior of the baselines is that of the mean logit), control (of the control logit) or "
            "conditional (no baseline: plain counts, by quadrature); by default the folder's."
        ),
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
    moderator: Annotated[
        list[str] | None,
        typer.Option(help="Covariate that the effect depends on, repeatable: a name of [moderators] or of covariates."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(help="NAME=X, repeatable: the effect at a value of a moderator, beside the folder's values."),
    ] = None,
    words: Annotated[
        bool,
        typer.Option("--words", help="Count what studies without figures of both arms say in words, as likelihood."),
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=X, repeatable: a setting of the model, such as w=0.8 of exnex."),
    ] = None,
    seed: Seed = None,
    out: Annotated[Path | None, typer.Option(help="Save the posterior as NetCDF (.nc).")] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="map: also give risks, averaged over the control rate of a new population (its MAP prior) instead of "
            "at a fixed control risk."
        ),
    ] = None,
    map_prior: Annotated[
        Path | None,
        typer.Option(
            help="rates: save the MAP prior of a future arm as JSON that RBesT's read_mix_json takes (.json)."
        ),
    ] = None,
    robust_map_prior: Annotated[
        Path | None, typer.Option(help="The same with its vague component, of the weight --set robust=W.")
    ] = None,
    output: Format = "table",
) -> None:
    """Fit one endpoint: a posterior, its effects and its checks."""
    from reanalysis.cli.option_checks import bad_file, bad_format, bad_table, require
    from reanalysis.cli.output import print_json
    from reanalysis.evidence.reading.folder import read_evidence
    from reanalysis.model.specification import specification

    mixtures = {"--map-prior": map_prior, "--robust-map-prior": robust_map_prior}
    asked = {option: path for option, path in mixtures.items() if path is not None}
    wrong = "" if baseline in (None, "map") else f"--baseline {baseline!r}: must be map"
    require(
        bad_format(output),
        bad_file(out),
        wrong,
        *(bad_table(path, (".json",), option) for option, path in asked.items()),
    )
    evidence = read_evidence(data)
    spec = specification(
        evidence,
        endpoint,
        engine=engine,
        model=model,
        pooling=pooling,
        arm=arm,
        priors=prior,
        anchor=anchor,
        rho=rho,
        k=k,
        leave_out=leave_out,
        words=words,
        settings=settings,
        moderators=moderator,
        at=at,
        seed=seed,
    )
    if not (spec.family.map_prior and spec.pooling == "partial"):
        has = "rates with partial pooling has a MAP prior"
        require(*(f"{option}: {has}, not {spec.model} with {spec.pooling} pooling" for option in asked))
    from reanalysis.cli.progress import working
    from reanalysis.gates.checked_fit import fit_endpoint

    engine = engine or spec.by_default
    with working(f"fitting {endpoint} by {engine}"):
        fitted = fit_endpoint(evidence, endpoint, spec, engine)  # type: ignore[arg-type]
    if out is not None:
        from reanalysis.engines.tree import save_tree

        save_tree(fitted.posterior.tree(), out)
    if asked:
        from reanalysis.api.estimates import map_prior as map_prior_of
        from reanalysis.estimands.mixture_file import write_mixture

        found = map_prior_of(fitted)
        for option, path in asked.items():
            write_mixture(found.robust if option == "--robust-map-prior" else found.mixture, path)
    at_map = None
    if baseline is not None:
        from reanalysis.estimands.uncertain_control import effects_at_map

        at_map = effects_at_map(evidence, fitted.posterior)
    if output == "json":
        print_json(fitted.as_dict() | ({} if at_map is None else {"at_map": at_map.reset_index()}))
    else:
        from reanalysis.cli.tables import print_fit

        print_fit(evidence, fitted, at_map=at_map)
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
    engine: Annotated[
        str,
        typer.Option(help="nuts (quadrature is published and checked by NUTS) or quadrature (published unchecked)."),
    ] = "nuts",
    all_models: Annotated[
        bool,
        typer.Option(
            "--all-models",
            help=f"Also sample {' and '.join(_SAMPLED)} for each endpoint of the first page: left out by default "
            "because compiling them takes minutes.",
        ),
    ] = False,
    seed: Seed = None,
    copy: Annotated[
        Path | None,
        typer.Option(help="Also keep the report as a plain folder here, for programs that copy no links."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute everything again, whatever was kept.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait while another build holds the folder.")] = False,
    wait_limit: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Wait so long at most, then end with code 4.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
    log: Annotated[
        str | None,
        typer.Option("--log", metavar="FILE", help="Append what happens, a JSON object a line; - is standard error."),
    ] = None,
) -> None:
    """Publish the whole re-analysis: HTML, PDF, DOCX, results and posteriors.

    What was computed before is not computed again; REANALYSIS_CACHE names another folder to keep it in.
    """
    from reanalysis.analysis.request import Request
    from reanalysis.builds.build import build_report
    from reanalysis.builds.log import BuildLog
    from reanalysis.builds.publish import PlainCopy, Store
    from reanalysis.cli.option_checks import require
    from reanalysis.cli.output import print_line
    from reanalysis.cli.progress import Steps
    from reanalysis.stages import as_json

    if wait_limit is not None and not wait_limit > 0:
        require(f"--wait-limit {wait_limit:g}: must be a number of seconds above 0")
    target = out or Path("reports") / Path(os.path.realpath(data)).name
    plain = PlainCopy(copy) if copy else None
    warn = (lambda _: None) if quiet else (lambda text: say(f"warning: {text}"))
    with Steps(silent=quiet) as steps, BuildLog.opened(log, steps.start, warn) as events:
        try:
            built = build_report(
                data,
                target,
                Request(engine, seed, all_models),  # type: ignore[arg-type]
                fresh=fresh,
                wait=wait_limit or (inf if wait else 0.0),
                log=events,
            )
            published = Store(target).published
            if plain and built.passed and published:
                plain.update(published)
        except BaseException as error:
            code, said = ending(error)
            name = "interrupted" if code == Exit.INTERRUPTED else "ended"
            events.event(name, error="; ".join(said) or repr(error), exit_code=int(code))
            raise
        summary = f"{target}: {built.summary}"
        code = Exit.DONE if built.passed else Exit.GATE_FAILED
        events.event("summary", text=summary, passed=built.passed, stages=as_json(built.stages), exit_code=int(code))
    if not built.passed:
        for failure in built.failures:
            say(f"gate failed: {failure}")
        say(f"{target}: {built.summary}")
        raise typer.Exit(Exit.GATE_FAILED)
    if not quiet:
        print_line(f"{target}: {built.summary}")


@app.command("diff", epilog="Example: reanalysis diff reports/.anakinra.builds/previous reports/anakinra")
@reports_errors
def diff_command(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Published report.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Published report.")],
    output: Annotated[str, typer.Option("--format", help="text, json or markdown.")] = "text",
    probability: Annotated[float, typer.Option(help="A conclusion has moved if a probability shifts by more.")] = 0.05,
    ratio: Annotated[
        float, typer.Option(help="A conclusion has moved if a headline odds ratio changes by a larger factor.")
    ] = 1.25,
) -> None:
    """Say what changed between two reports: exit code 5 if a conclusion moved, 0 if none did."""
    from reanalysis.analysis.changes import bad_thresholds
    from reanalysis.analysis.comparison import compare
    from reanalysis.builds.record import read_record
    from reanalysis.cli.option_checks import not_one_of, require
    from reanalysis.cli.output import print_json, print_text
    from reanalysis.reporting.sections.changes import as_markdown, as_text

    require(
        not_one_of("--format", output, ("text", "json", "markdown")),
        *bad_thresholds(probability, ratio),
    )
    changes = compare(read_record(old), read_record(new), probability, ratio)
    if output == "json":
        print_json(changes)
    else:
        print_text(as_markdown(changes) if output == "markdown" else as_text(changes))
    if changes.moved:
        raise typer.Exit(Exit.MOVED)


app.command(
    "sensitivity",
    epilog="Example: reanalysis sensitivity data/anakinra --endpoint icans_any --out multiverse.parquet",
)(reports_errors(sensitivity_command))


app.command(
    "average", epilog='Example: reanalysis average data/anakinra --endpoint icans_any --prior "mu=normal(0,0.5)"'
)(reports_errors(average_command))


app.command("new", epilog="Example: reanalysis new my_evidence")(new_command)
app.command("import", epilog="Example: reanalysis import trials.csv my_evidence --endpoint infection --better lower")(
    import_command
)
app.command("calibrate", epilog="Example: reanalysis calibrate data/anakinra --out calibration --engine quadrature")(
    reports_errors(calibrate_command)
)


app.command("predict", epilog="Example: reanalysis predict data/anakinra --new data/msk_phase2")(
    reports_errors(predict_command)
)


app.command(
    "design",
    epilog="Example: reanalysis design data/anakinra --endpoint icans_any --n 50,100,200 --truth OR=0.5 --baseline 0.3",
)(reports_errors(design_command))


app.command("decide", epilog="Example: reanalysis decide data/anakinra --weights death=1,relapse=0.5,response=-1")(
    reports_errors(decide_command)
)
