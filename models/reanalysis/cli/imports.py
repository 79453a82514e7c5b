"""``reanalysis import``: a table or a review of another program as an evidence folder, with what was assumed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from reanalysis.cli.errors import reports_errors
from reanalysis.cli.output import print_line


@reports_errors
def import_command(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A table (.csv, .xlsx), long or wide; RevMan's data package (.zip, or its folder); RevMan 5 (.rm5).",
        ),
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make; nothing in it is overwritten.")],
    endpoint: Annotated[str, typer.Option(help="What a wide table counts, where no column endpoint says so.")] = "",
    treated: Annotated[
        int | None, typer.Option(help="1 or 2: the treated group of a wide table with numbered groups, such as r1, r2.")
    ] = None,
    comparison: Annotated[str, typer.Option(help="Number of the comparison, of a review that has several.")] = "",
    better: Annotated[
        list[str] | None,
        typer.Option(help="lower or higher: the good side of every endpoint; ENDPOINT=SIDE for one, repeatable."),
    ] = None,
    design: Annotated[
        list[str] | None,
        typer.Option(
            help="randomised, weighted, matched, historical or external: of every study; STUDY=DESIGN for one."
        ),
    ] = None,
) -> None:
    """Make an evidence folder of a table or a review; nothing is written where anything is wrong."""
    from reanalysis.evidence.reading.imported import import_evidence
    from reanalysis.evidence.reading.written import write_evidence

    evidence = import_evidence(
        file,
        endpoint=endpoint,
        treated=treated,  # type: ignore[arg-type]  # anything but 1 and 2 is refused there
        comparison=comparison,
        better=_for_all_or_each("better", better),
        design=_for_all_or_each("design", design),
    )
    files = write_evidence(evidence, folder)
    for one in evidence.assumed:
        print_line(f"assumed: {one}")
    print_line(f"{folder}: {', '.join(files)} written; next: reanalysis audit {folder}")


def _for_all_or_each(option: str, given: list[str] | None) -> Any:
    """One word for all, or words by id."""
    from reanalysis.evidence.problems import BadChoice, InvalidInput

    if not given:
        return None
    pairs = [word.rpartition("=") for word in given]
    if len(given) == 1 and not pairs[0][1]:
        return given[0]
    wrong = [word for word, (name, _, _) in zip(given, pairs, strict=True) if not name]
    if wrong:
        rule = ": one word for all, or ID=WORD for each"
        raise InvalidInput([BadChoice(option, f" {word!r}{rule}") for word in wrong])
    return {name: word for name, _, word in pairs}
