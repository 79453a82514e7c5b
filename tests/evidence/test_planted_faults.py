"""A fault planted in an honest folder is found, where it stands and with the severity that it deserves."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from evidence.clean_folders import Printed, Row, clean_folder, percent, rounded
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.audit.ledger import audit
from reanalysis.evidence.candidates.printing import Percentage, counts_of
from reanalysis.evidence.reading.folder import read_evidence

SEEDS = range(60)
ENOUGH = 8
"""Folders of each fault; some find few places to be planted in."""

Place = tuple[str, str, str, str]
"""Kind, severity, study and endpoint of the finding that a fault deserves."""


def number(row: Row, column: str) -> int:
    return int(str(row[column]))


def counted(printed: Printed) -> Iterator[Row]:
    """Whole arms with a certain count."""
    for row in printed.arms:
        if not row.get("subgroup") and "n" in row and str(row.get("events", "")).isdigit():
            yield row


def of(row: Row, kind: str, severity: str) -> Place:
    return kind, severity, str(row["study"]), str(row["endpoint"])


def percent_off_by_one(printed: Printed) -> Place | None:
    for row in counted(printed):
        if "percent" in row:
            decimals = len(str(row["percent"]).partition(".")[2])
            wrong = float(str(row["percent"])) + 10.0**-decimals
            if wrong <= 100:
                row["percent"] = rounded(wrong, decimals)
                return of(row, "count-percent", "error")
    return None


def percent_of_no_count(printed: Printed) -> Place | None:
    for row in printed.arms:
        if "percent" in row and "events" not in row and "n" in row and row.get("use") is None:
            for wrong in range(1, 100):
                fits, _ = counts_of(Percentage(str(wrong)), number(row, "n"))
                if row.get("weighting") != "iptw" and not fits:
                    row["percent"] = str(wrong)
                    return of(row, "count-percent", "error")
    return None


def subgroup_that_does_not_sum(printed: Printed) -> Place | None:
    for row in printed.arms:
        whole = [r for r in counted(printed) if all(r[c] == row[c] for c in ("study", "arm", "endpoint"))]
        if row.get("subgroup") and whole and str(row["events"]).isdigit() and number(row, "events") < number(row, "n"):
            parts = [r for r in printed.arms if r.get("subgroup") and r["endpoint"] == row["endpoint"]]
            parts = [r for r in parts if (r["study"], r["arm"]) == (row["study"], row["arm"])]
            if sum(number(r, "n") for r in parts) == number(whole[0], "n") and ".." not in str(
                [r.get("events") for r in parts]
            ):
                row["events"] = number(row, "events") + 1
                if "percent" in row:
                    decimals = len(str(row["percent"]).partition(".")[2])
                    row["percent"] = percent(number(row, "events"), number(row, "n"), decimals)
                return of(row, "subgroups", "error")
    return None


def complete_above_overall_response(printed: Printed) -> Place | None:
    rows = {(r["study"], r["arm"], r["endpoint"]): r for r in counted(printed)}
    for (study, arm, endpoint), whole in rows.items():
        part = rows.get((study, arm, "cr"))
        if endpoint == "orr" and part and number(whole, "events") < number(whole, "n"):
            part["events"] = number(whole, "events") + 1
            if "percent" in part:
                decimals = len(str(part["percent"]).partition(".")[2])
                part["percent"] = percent(number(part, "events"), number(part, "n"), decimals)
            return of(part, "nesting", "error")
    return None


def interval_not_symmetric(printed: Printed) -> Place | None:
    for row in printed.contrasts:
        if "upper" in row:
            row["upper"] = rounded(1.5 * float(str(row["upper"])), 2)
            return of(row, "interval", "warning")
    return None


def p_that_contradicts(printed: Printed) -> Place | None:
    for row in printed.contrasts:
        if "estimate" in row:
            small = str(row["p"]).startswith("<") or float(str(row["p"])) < 0.3
            row["p"] = "0.80" if small else "0.010"
            return of(row, "p-value", "warning")
    return None


def ratio_the_wrong_way_round(printed: Printed) -> Place | None:
    for row in printed.contrasts:
        if row.get("adjustment") == "none" and "estimate" in row and abs(math.log(float(str(row["estimate"])))) > 0.2:
            arms = [r for r in counted(printed) if (r["study"], r["endpoint"]) == (row["study"], row["endpoint"])]
            if len(arms) == 2:
                bounds = [1 / float(str(row[c])) for c in ("estimate", "upper", "lower")]
                row |= {c: rounded(v, 2) for c, v in zip(("estimate", "lower", "upper"), bounds, strict=True)}
                return of(row, "ratio", "warning")
    return None


def percentages_of_swapped_arms(printed: Printed) -> Place | None:
    pairs: dict[tuple[object, object], list[Row]] = defaultdict(list)
    for row in counted(printed):
        if "percent" in row:
            pairs[row["study"], row["endpoint"]].append(row)
    for (study, _), (one, *others) in pairs.items():
        if others and one["percent"] != others[0]["percent"]:
            for (other_study, _), found in pairs.items():
                if other_study == study and len(found) == 2:
                    found[0]["percent"], found[1]["percent"] = found[1]["percent"], found[0]["percent"]
            return "order", "warning", str(study), ""
    return None


FAULTS: list[Callable[[Printed], Place | None]] = [
    percent_off_by_one,
    percent_of_no_count,
    subgroup_that_does_not_sum,
    complete_above_overall_response,
    interval_not_symmetric,
    p_that_contradicts,
    ratio_the_wrong_way_round,
    percentages_of_swapped_arms,
]


def place(finding: Finding) -> Place:
    return finding.kind, finding.severity, finding.study, finding.endpoint


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found_where_it_stands(tmp_path: Path, fault: Callable[[Printed], Place | None]) -> None:
    outcomes: Counter[str] = Counter()
    for seed in SEEDS:
        if outcomes.total() == ENOUGH:
            break
        printed = clean_folder(np.random.default_rng(1000 + seed), 40)
        before = {place(f) for f in audit(read_evidence(printed.write(tmp_path / f"{seed}" / "clean"))).findings}
        deserved = fault(printed)
        if deserved is None:
            continue  # nothing in this folder to plant it in
        assert deserved not in before
        after = {place(f) for f in audit(read_evidence(printed.write(tmp_path / f"{seed}" / "faulty"))).findings}
        outcomes["found" if deserved in after else f"missed in folder {seed}: {deserved}"] += 1
    assert outcomes["found"] == outcomes.total() >= 3, outcomes
