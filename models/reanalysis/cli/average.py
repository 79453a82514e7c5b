"""``reanalysis average``: models with and without an effect and heterogeneity, weighed by their evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from reanalysis.cli.options import Data, Format
from reanalysis.model.family import PRIMARY

if TYPE_CHECKING:
    from reanalysis.alternatives.averaging import Averaging


def average_command(
    data: Data,
    endpoint: Annotated[str, typer.Option(help="Endpoint id of arms.csv.")],
    model: Annotated[str, typer.Option(help="contrast, all-cohort or bias.")] = PRIMARY,
    prior: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=DIST, repeatable; NAME mu (of the models with an effect), tau (of those with heterogeneity) or "
            "baseline, DIST such as normal(0,1)."
        ),
    ] = None,
    anchor: Annotated[
        str | None, typer.Option(help="midpoint, control or conditional, as of fit; by default the folder's.")
    ] = None,
    rho: Annotated[
        float | None, typer.Option(help="Intra-arm correlation of all studies, instead of that of their design.")
    ] = None,
    k: Annotated[
        float | None, typer.Option("--k", help="Effective-size factor of weighted arms, instead of the study's.")
    ] = None,
    leave_out: Annotated[list[str] | None, typer.Option(help="Study to leave out, repeatable.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=X, repeatable: a setting of the model.")
    ] = None,
    output: Format = "table",
) -> None:
    """Average over four equally probable models: {effect, none} x {heterogeneity, none}, with inclusion Bayes factors.

    The log evidence is that of normalised priors and of the whole probability of what was reported.
    """
    from reanalysis.api import average
    from reanalysis.cli.option_checks import bad_format, require
    from reanalysis.cli.output import print_json
    from reanalysis.cli.progress import working
    from reanalysis.evidence.reading.folder import read_evidence

    require(bad_format(output))
    evidence = read_evidence(data)
    choices: dict[str, Any] = {
        "model": model, "priors": prior, "anchor": anchor, "rho": rho, "k": k, "leave_out": leave_out,
        "settings": settings,
    }  # fmt: skip
    with working(f"four models of {endpoint}"):
        found = average(evidence, endpoint, **choices)
    if output == "json":
        print_json(found)
    else:
        _print(found)


def _print(found: Averaging) -> None:
    from reanalysis.cli.output import Page, until_closed
    from reanalysis.cli.tables import estimates_table
    from reanalysis.files import as_json
    from reanalysis.reporting.sections.averaging import models_table

    page, spec = Page(), found.spec
    priors = ", ".join(f"{parameter} ~ {prior}" for parameter, prior in spec.priors.as_text().items())
    with until_closed(page.file):  # type: ignore[arg-type]
        page.lines(
            f"{found.evidence.endpoint_label(found.endpoint)}: {spec.model}, averaged by quadrature", style="bold"
        )
        page.lines(f"priors: {priors}")
        for study in found.data.silent:
            page.lines(f"{study.study}: {study.silence}: says nothing of a ratio, and contributes nothing")
        page.table(models_table(found))
        page.lines(found.text)
        page.table(estimates_table(as_json(found)["estimates"]))
