"""Files of other programs as evidence: long and wide tables, and the data of Cochrane reviews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from reanalysis.digests import of_value
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import TableName, refused, spot
from reanalysis.evidence.reading.arguments import Arguments, Better, ids_of
from reanalysis.evidence.reading.arms_table import ARMS
from reanalysis.evidence.reading.gathering import TABLES, Door, gathered
from reanalysis.evidence.reading.reviews import Review
from reanalysis.evidence.reading.revman import read_revman
from reanalysis.evidence.reading.settings import Design
from reanalysis.evidence.reading.text_table import Records, read_records
from reanalysis.evidence.reading.wide import Group, long_records

_TABLES, _REVIEWS = (".csv", ".xlsx"), (".zip", ".rm5")


def import_evidence(
    file: str | Path,
    *,
    endpoint: str = "",
    treated: Group | None = None,
    comparison: str = "",
    better: Better | Mapping[str, Better] | None = None,
    design: Design | Mapping[str, Design] | None = None,
) -> Evidence:
    """Evidence from a file of another program, through the same checks as an evidence folder.

    Parameters
    ----------
    file : str or Path
        A table (.csv, .xlsx), long or wide with the columns that :func:`reanalysis.evidence` takes; the data package of
        RevMan Web (.zip, or the folder it unpacks to); or a review of RevMan 5 (.rm5).
    endpoint : str
        What a wide table counts, where it has no column ``endpoint``.
    treated : {1, 2}, optional
        Which group of a wide table with numbered groups is the treated one.
    comparison : str
        Number of the comparison of a review that has several.
    better, design
        As of :func:`reanalysis.evidence`.

    Returns
    -------
    Evidence
        ``.assumed`` says what was read into it. Ratios that RevMan printed are contrasts: the audit holds them against
        the counts.

    Raises
    ------
    InvalidInput
        With every problem of the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import reanalysis as ra
    >>> file = Path(tempfile.mkdtemp()) / "trials.csv"
    >>> _ = file.write_text("study,event.e,n.e,event.c,n.c" + chr(10) + "A,7,21,3,20" + chr(10))
    >>> made = ra.import_evidence(file, endpoint="infection", better="lower")
    >>> print(*made.assumed, sep=chr(10))
    control arm: event.c of n.c
    treated arm: event.e of n.e, e is for experimental, c for control
    no design is declared: no discount (rho = 0), as for randomised studies
    """
    path = Path(file)
    if path.suffix.lower() in _REVIEWS or path.is_dir():
        review = Review(read_revman(path), comparison)
        arms, _ = long_records(review.arms())
        contrasts, others, assumed = review.contrasts(), review.settings(), review.assumed()
        tables = {"arms": arms} | ({"contrasts": contrasts} if contrasts else {})
    elif path.suffix.lower() in _TABLES:
        arms, assumed = long_records(_table(path), endpoint, treated)
        tables, others = {"arms": arms}, {}
    else:
        rule = f"must end in {', '.join(_TABLES)}, or for reviews in {' or '.join(_REVIEWS)}"
        raise refused(path.name, rule)
    arguments = Arguments(ids_of(tables, "study"), ids_of(tables, "endpoint"), better, {}, {}, design, "")
    door = Door(
        path,
        {name: partial(tables.__getitem__, name) for name in tables},
        partial(arguments.settings, others),
        dict,
        dict.fromkeys(TABLES, path.name) | {"settings": "settings"},
    )
    if design is None:
        assumed += ("no design is declared: no discount (rho = 0), as for randomised studies",)
    if better is None:
        assumed += ("no good side is declared: nothing is called benefit or harm",)
    spots = [f"{spot(arms.file, line)} of {path.name}" for line in range(2, arms.rows[-1][0] + 1)]
    digest = of_value([list(row) for row in arms.rows])
    return replace(gathered(door), sha256={TableName("arms", spots): digest}, assumed=assumed)


def _table(path: Path) -> Records:
    records = read_records(path, ARMS.printed)
    if "analysis group" in records.header:
        rule = "is a part of a data package of RevMan: import its .zip or its folder"
        raise refused(path.name, rule)
    return records
