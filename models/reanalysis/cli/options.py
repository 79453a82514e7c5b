"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA",
        help="Evidence folder: arms.csv, and optionally contrasts.csv, benchmarks.csv, risk_of_bias.csv, "
        "analysis.toml, sources.toml.",
    ),
]
Format = Annotated[str, typer.Option("--format", help="table for people, json for programs.")]
Seed = Annotated[int | None, typer.Option(help="Seed of every random step.")]
Workers = Annotated[
    int | None, typer.Option(help="Processes; by default one a processor. Results do not depend on it.")
]
