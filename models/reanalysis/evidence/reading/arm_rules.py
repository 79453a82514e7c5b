"""The rules that rows of arms.csv obey, alone and together, and the sentence for each that is broken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reanalysis.evidence.problems import Problem
from reanalysis.evidence.reading.arms import ArmRow, range_problem
from reanalysis.evidence.reading.names import alike
from reanalysis.evidence.reading.settings import LARGEST_N_MAX, Settings
from reanalysis.evidence.reading.size_bound import size_bound

_ANOTHER = "another study needs another name"


def row_problems(file: str, row: ArmRow) -> list[Problem]:
    """What is wrong with a row by itself."""
    found = []

    def add(column: str, value: object, rule: str) -> None:
        found.append(Problem(file, row.line, column, str(value), rule))

    if row.events is None and row.percent is None:
        add("events", "", "a report of the events is needed: a count, a range or a percentage")
    value, rule = range_problem(row.events, row.n)
    if rule:
        add("events", value, rule)
    if row.reading_weight is not None and not row.reading:
        add("reading_weight", row.reading_weight, "a weight needs the name of its reading")
    if row.weighting == "iptw" and row.n is None and row.modelled:
        add("n", "", "a weighted arm needs its printed n")
    if row.use != "primary" and not row.reason:
        add("reason", "", f"a reason is needed where use is {row.use}")
    return found


def duplicates(file: str, rows: Sequence[ArmRow]) -> list[Problem]:
    """Rows that stand there already."""
    seen: dict[tuple[str, ...], int] = {}
    found = []
    for row in rows:
        where = (row.study, row.arm, row.endpoint, row.subgroup, row.reading)
        key = where if row.modelled else (*where, row.timepoint, row.use)
        if key in seen:
            rule = f"{'/'.join(part for part in where if part)} stands on line {seen[key]} already"
            if row.modelled:
                rule += (
                    f"; {_ANOTHER}, and alternative readings of one print need different names in the column reading"
                )
            found.append(Problem(file, row.line, "", "", rule))
        else:
            seen[key] = row.line
    return found


def reading_problems(file: str, rows: Sequence[ArmRow]) -> list[Problem]:
    """Rows of one arm-endpoint that are no set of alternative readings."""
    groups: dict[tuple[str, str, str], list[ArmRow]] = defaultdict(list)
    for row in rows:
        if row.modelled:
            groups[row.study, row.arm, row.endpoint].append(row)
    found = []

    def add(row: ArmRow, column: str, value: str, rule: str) -> None:
        found.append(Problem(file, row.line, column, value, rule))

    for group in groups.values():
        if len({row.reading for row in group}) < 2:
            continue  # one row, or duplicates
        for row in group:
            if not row.reading:
                rule = f"{_ANOTHER}, and one of several readings of an arm-endpoint needs the name of its reading"
                add(row, "reading", "", rule)
        bare = [row for row in group if row.reading_weight is None]
        if 0 < len(bare) < len(group):
            add(bare[0], "reading_weight", "", "either all readings of an arm-endpoint have a weight or none")
        odd = next((row for row in group if row.weighting != group[0].weighting), None)
        if odd:
            add(odd, "weighting", odd.weighting, "readings of one arm-endpoint must share their weighting")
    return found


def names_alike(file: str, rows: Sequence[ArmRow]) -> list[Problem]:
    """Names of studies and endpoints, and of parts and readings of one arm, that differ by case or blanks only."""
    found = alike("study", ((row.study, (file, row.line)) for row in rows))
    found += alike("endpoint", ((row.endpoint, (file, row.line)) for row in rows))
    cells: dict[tuple[str, str, str], list[ArmRow]] = defaultdict(list)
    for row in rows:
        cells[row.study, row.arm, row.endpoint].append(row)
    for cell in cells.values():
        found += alike("subgroup", ((row.subgroup, (file, row.line)) for row in cell))
        found += alike("reading", ((row.reading, (file, row.line)) for row in cell))
    return found


def unbounded_sizes(file: str, rows: Sequence[ArmRow], settings: Settings) -> list[Problem]:
    """Rows for a model without n, and without what bounds it.

    Parameters
    ----------
    settings : Settings
        Where denominators may be declared.
    """
    of_arm: dict[tuple[str, str], list[ArmRow]] = defaultdict(list)
    for row in rows:
        of_arm[row.study, row.arm].append(row)
    found = []
    for row in rows:
        if row.n is not None or row.use not in ("primary", "sensitivity") or row.weighting == "iptw":
            continue  # a weighted row without n has its own rule
        study = settings.studies.get(row.study)
        declared = study.denominator.get(row.arm) if study else None  # type: ignore[call-overload]
        bound = size_bound(of_arm, declared, row.study, row.arm)
        key = f'[studies."{row.study}".denominator.{row.arm}]'
        remedy = f"fill it in, or declare n_max under {key} in analysis.toml"
        largest = max(declared.weight, default=0) if declared else 0
        if row.percent is None and (bound is None or bound.basis != "declared"):
            rule = f"a count needs its n, the number of patients that it is of; {remedy}"
        elif bound is None:
            rule = f"a percentage needs its n, or a bound of it, and no n is printed for this study; {remedy}"
        elif bound.n_max > LARGEST_N_MAX:
            rule = f"n could be any number up to {bound}, and at most {LARGEST_N_MAX} are searched; {remedy}"
        elif largest > bound.n_max:
            rule = f"{key} gives weight to {largest}, above {bound}; declare n_max there"
        else:
            continue
        found.append(Problem(file, row.line, "n", "", rule))
    return found
