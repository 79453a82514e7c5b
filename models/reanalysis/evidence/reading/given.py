"""Evidence from tables in memory: pandas frames, with direction, labels and priors as arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from reanalysis.digests import of_value
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput
from reanalysis.evidence.reading.arguments import Arguments, Better, ids_of
from reanalysis.evidence.reading.frames import Frame, frame_records
from reanalysis.evidence.reading.gathering import TABLES, Door, gathered
from reanalysis.evidence.reading.settings import Design
from reanalysis.evidence.reading.text_table import Records
from reanalysis.evidence.reading.toml import sources_of
from reanalysis.evidence.reading.wide import Group, long_records


def evidence(
    arms: Frame,
    contrasts: Frame | None = None,
    benchmarks: Frame | None = None,
    risk_of_bias: Frame | None = None,
    *,
    better: Better | Mapping[str, Better] | None = None,
    labels: Mapping[str, str] | None = None,
    priors: Mapping[str, object] | None = None,
    design: Design | Mapping[str, Design] | None = None,
    title: str = "",
    endpoint: str = "",
    treated: Group | None = None,
    settings: Mapping[str, object] | None = None,
    sources: Mapping[str, Mapping[str, object]] | None = None,
) -> Evidence:
    """Evidence from data frames, through the same checks as an evidence folder.

    Parameters
    ----------
    arms : DataFrame, or what one can be made of
        Long, with the columns of arms.csv: ``study, arm, endpoint, events, n`` and any others. Or wide, a row a study:
        ``study, events_treated, n_treated, events_control, n_control``; ``ai, n1i, ci, n2i`` or ``ai, bi, ci, di``;
        ``event.e, n.e, event.c, n.c``; ``r1, n1, r2, n2`` with ``treated``. Counts may be written ``12/40`` and
        ``12 (30%)``. Percentages are text, because their printed decimals matter.
    contrasts, benchmarks, risk_of_bias : DataFrame, optional
        With the columns of the files of that name.
    better : {"lower", "higher"} or mapping, optional
        The good side of every endpoint, or of each by its id. Without it no side is called good.
    labels : mapping, optional
        Names for readers, by id of a study or an endpoint.
    priors : mapping, optional
        Distributions of ``mu``, ``tau`` and ``baseline``, such as ``"halfnormal(1)"``, and the ``anchor``.
    design : str or mapping, optional
        Design of every study, or of each by its id: randomised, weighted, matched, historical or external. It decides
        the discount rho; without it there is none.
    title : str
        For readers.
    endpoint : str
        What a wide table counts, where it has no column ``endpoint``.
    treated : {1, 2}, optional
        Which group of a wide table with numbered groups is the treated one.
    settings, sources : mapping, optional
        Anything else, as analysis.toml and sources.toml have it.

    Returns
    -------
    Evidence
        A value like one that was read from a folder. ``.assumed`` says what was read into a wide table;
        :func:`reanalysis.write_evidence` makes a folder of it.

    Raises
    ------
    InvalidInput
        With every problem; rows are called as the frame's index calls them.

    Examples
    --------
    >>> import reanalysis as ra
    >>> wide = {"study": ["A", "B"], "ai": [7, 9], "n1i": [21, 31], "ci": [3, 4], "n2i": [20, 30]}
    >>> made = ra.evidence(wide, endpoint="infection", better="lower")
    >>> [row.printed for row in made.arms]
    ['3 of 20', '7 of 21', '4 of 30', '9 of 31']
    >>> made.assumed[1]
    'treated arm: ai of n1i, as metafor counts its groups, 1 treated and 2 control'
    """
    given = {"arms": arms, "contrasts": contrasts, "benchmarks": benchmarks, "risk_of_bias": risk_of_bias}
    opened = {name: _opened(name, frame, endpoint, treated) for name, frame in given.items() if frame is not None}
    records = {name: one[0] for name, one in opened.items() if not isinstance(one, InvalidInput)}
    ids = (ids_of(records, "study"), ids_of(records, "endpoint"))
    arguments = Arguments(*ids, better, labels or {}, priors or {}, design, title)
    door = Door(
        Path("evidence"),
        {name: partial(_or_raise, one) for name, one in opened.items()},
        partial(arguments.settings, settings or {}),
        lambda: sources_of("sources", "", sources or {}),
        {name: name for name in TABLES} | {"settings": "settings"},
    )
    found = gathered(door)
    digests = {one.file: of_value([list(row) for row in one.rows]) for one in records.values()}
    assumed = tuple(told for one in opened.values() if not isinstance(one, InvalidInput) for told in one[1])
    return replace(found, sha256=digests, assumed=assumed)


Opened = tuple[Records, tuple[str, ...]] | InvalidInput
"""Records and what was read into them, or why there are none."""


def _opened(name: str, frame: Frame, endpoint: str, treated: Group | None) -> Opened:
    try:
        records = frame_records(name, frame, TABLES[name].printed)
        return long_records(records, endpoint, treated) if name == "arms" else (records, ())
    except InvalidInput as error:
        return error


def _or_raise(opened: Opened) -> Records:
    if isinstance(opened, InvalidInput):
        raise opened
    return opened[0]
