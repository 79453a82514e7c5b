"""``reanalysis calibrate``: simulation-based calibration of the engines."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reanalysis.cli.options import Data, Format, Seed, Workers

if TYPE_CHECKING:
    from reanalysis.cli.output import Page
    from reanalysis.validation.calibration.run import Calibration


def calibrate_command(
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder to save the calibration to.")],
    batches: Annotated[
        Path | None,
        typer.Option(help="Folder of finished batches, from which a stopped run goes on; by default in --out."),
    ] = None,
    replicates: Annotated[int, typer.Option(help="Simulated data sets of each design.")] = 1000,
    engine: Annotated[str, typer.Option(help="both, quadrature or nuts.")] = "both",
    workers: Workers = None,
    seed: Seed = None,
    output: Format = "table",
) -> None:
    """Simulation-based calibration of the engines under the priors of a folder."""
    from reanalysis.cli.errors import Exit, say
    from reanalysis.cli.option_checks import bad_format, bad_workers, require
    from reanalysis.cli.output import Page, print_json, until_closed
    from reanalysis.cli.progress import counting
    from reanalysis.model.choices import bad_calibration, bad_seed

    require(
        bad_format(output),
        *bad_calibration(engine, replicates),
        bad_workers(workers),
        *bad_seed(seed),
        *(f"{o} {p}: is not a folder" for o, p in (("--out", out), ("--batches", batches)) if _is_no_folder(p)),
    )
    from contextlib import ExitStack

    from reanalysis.evidence.extras import need

    need("a calibration", "report", *(() if engine == "quadrature" else ("nuts",)))
    from reanalysis.engines.batches import local_processes
    from reanalysis.evidence.reading.folder import read_evidence
    from reanalysis.model.family import ENGINES
    from reanalysis.validation.calibration.artefact import save
    from reanalysis.validation.calibration.run import calibrate

    evidence = read_evidence(data)
    out.mkdir(parents=True, exist_ok=True)
    with local_processes(workers) as executor, ExitStack() as bars:

        def watch(what: str) -> Callable[[int, int], None]:
            bars.close()
            return bars.enter_context(counting(what))

        found = calibrate(
            evidence,
            engines=ENGINES if engine == "both" else (engine,),  # type: ignore[arg-type]
            replicates=replicates,
            seed=seed,
            executor=executor,
            store=batches or out / "batches",
            watch=watch,
        )
    save(found, out)
    if output == "json":
        from reanalysis.validation.calibration.artefact import as_dict

        print_json(as_dict(found))
    else:
        page = Page()
        with until_closed(page.file):  # type: ignore[arg-type]
            print_calibration(page, found)
    if not found.passed:
        say("gate failed: ranks or intervals outside their bands, also when rerun; or a replicate without a posterior")
        raise typer.Exit(Exit.GATE_FAILED)


def _is_no_folder(path: Path | None) -> bool:
    return path is not None and path.exists() and not path.is_dir()


def print_calibration(page: Page, found: Calibration) -> None:
    """Every check of ranks and intervals, then what is reported and not judged."""
    from reanalysis.reporting.table import Column, Table
    from reanalysis.validation.calibration.verdict import INTERVALS, LEVEL

    def covered(row: dict[Hashable, Any]) -> list[str]:
        return [f"{row[f'covered_{100 * interval:g}']:.1%}" for interval in INTERVALS]

    page.lines("Simulation-based calibration", style="bold")
    page.lines(f"bands hold all {found.settings['checks']} checks at once with probability {LEVEL:g}")
    names = [f"{100 * interval:g} %" for interval in INTERVALS]
    heads = ("engine", "design", "quantity", "replicates", "ranks (1 = band)", *names, "")
    for title, rows in (("", found.verdict), ("Rerun with other seeds: what was outside", found.reruns)):
        if not len(rows):
            continue
        page.heading(title) if title else page.print()
        cells = [
            [
                *(str(row[name]) for name in ("engine", "design", "quantity")),
                f"{row['replicates']:,}",
                f"{row['largest']:.2f}",
                *covered(row),
                "" if row["inside"] else "OUTSIDE",
            ]
            for row in rows.to_dict("records")
        ]
        page.table(Table([Column(head) for head in heads], cells))
    failures = found.verdict.drop_duplicates(["engine", "design"])
    for row in failures[failures["failures"] > 0].to_dict("records"):
        page.lines(f"{row['failures']} replicates without a posterior: {row['engine']}, {row['design']}")
