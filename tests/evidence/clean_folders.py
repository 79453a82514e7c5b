"""Evidence folders as honest authors print them: real patients, counted, weighted, tested and rounded correctly.

Run as a program (``python tests/evidence/clean_folders.py 1000``) it audits that many and prints how many of each kind
of finding above info it found: all of them false alarms.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
from scipy.stats import chi2_contingency, fisher_exact, norm

Row = dict[str, object]
ARMS = ("control", "treated")
NESTED = (("crs_any", "crs_g3"), ("icans_any", "icans_g3"), ("orr", "cr"))


def rounded(value: float | Decimal, decimals: int) -> str:
    """Half up, as people round."""
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def percent(events: int, n: int, decimals: int) -> str:
    """A count as a percentage."""
    return rounded(Decimal(100 * events) / Decimal(n), decimals)


@dataclass
class Printed:
    """What goes into a folder."""

    arms: list[Row] = field(default_factory=list)
    contrasts: list[Row] = field(default_factory=list)
    toml: str = ""

    def write(self, where: Path) -> Path:
        """The folder's files."""
        from evidence.folders import folder, table

        return folder(where, self.arms, toml=self.toml, contrasts=table(self.contrasts) if self.contrasts else "")


@dataclass(frozen=True)
class Style:
    """How one publication prints."""

    decimals: int
    counts: bool
    percentages: bool


def clean_folder(rng: np.random.Generator, arms: int = 200) -> Printed:
    """A folder of so many rows of arms, by as many studies as that takes."""
    printed = Printed()
    number = 0
    while len(printed.arms) < arms:
        number += 1
        study = f"S{number}"
        if rng.random() < 0.15:
            _weighted_study(rng, study, printed)
        else:
            _counted_study(rng, study, printed)
    del printed.arms[arms:]
    present = {row["study"] for row in printed.arms}
    printed.contrasts = [row for row in printed.contrasts if row["study"] in present]
    endpoints = {row["endpoint"] for row in printed.arms}
    for whole, part in (*NESTED, ("infection_any", "infection_g3")):
        if {whole, part} <= endpoints:
            printed.toml += f'[endpoints.{part}]\npart_of = "{whole}"\n'
    return printed


# ------------------------------------------------------------------ studies that count


def _counted_study(rng: np.random.Generator, study: str, printed: Printed) -> None:
    style = Style(int(rng.integers(0, 2)), *((True, False), (True, True), (False, True))[rng.integers(3)])
    sizes = {arm: int(rng.integers(12, 400)) for arm in ARMS}
    effect = rng.normal(0, 0.8)
    measure = "OR" if rng.random() < 0.7 else "RR"
    doses = {arm: _split(rng, sizes[arm]) for arm in ARMS}
    for whole, part in NESTED:
        if whole != "crs_any" and rng.random() < 0.2:
            continue  # every study prints its numbers of patients with one endpoint at least
        base, share = rng.beta(3, 3), rng.beta(2, 2)
        latent = whole == "orr" and style.percentages and rng.random() < 0.3
        tables: dict[str, dict[str, tuple[int, int]]] = {whole: {}, part: {}}
        for arm in ARMS:
            n = int(sizes[arm] * rng.uniform(0.7, 1)) if latent else sizes[arm]
            odds = base / (1 - base) * math.exp(effect if arm == "treated" else 0)
            events = rng.random(n) < odds / (1 + odds)
            inner = events & (rng.random(n) < share)
            for endpoint, patients in ((whole, events), (part, inner)):
                x = int(patients.sum())
                tables[endpoint][arm] = (x, n)
                printed.arms.append(_row(rng, study, arm, endpoint, x, n, style, latent))
                if not latent and rng.random() < 0.15:
                    printed.arms += _subgroups(rng, study, arm, endpoint, patients, doses[arm], style)
        for endpoint, found in tables.items():
            if not latent and rng.random() < 0.3:
                printed.contrasts += _ratio(rng, study, endpoint, found, measure)


def _row(
    rng: np.random.Generator, study: str, arm: str, endpoint: str, x: int, n: int, style: Style, latent: bool
) -> Row:
    row: Row = {"study": study, "arm": arm, "endpoint": endpoint}
    if latent:
        return row | {"percent": percent(x, n, style.decimals)}
    if style.counts and not style.percentages and rng.random() < 0.1:
        return row | {"events": f"{max(0, x - int(rng.integers(3)))}..{min(n, x + int(rng.integers(3)))}", "n": n}
    if style.counts:
        row["events"] = x
    if style.percentages:
        row["percent"] = percent(x, n, style.decimals)
    return row | {"n": n}


def _split(rng: np.random.Generator, n: int) -> list[np.ndarray]:
    """Patients of two or three dose levels."""
    cuts = np.sort(rng.choice(np.arange(1, n), size=int(rng.integers(1, 3)), replace=False))
    return np.split(rng.permutation(n), cuts)


def _subgroups(
    rng: np.random.Generator,
    study: str,
    arm: str,
    endpoint: str,
    patients: np.ndarray,
    doses: list[np.ndarray],
    style: Style,
) -> Iterator[Row]:
    for name, members in zip("abc", doses, strict=False):
        x, n = int(patients[members].sum()), len(members)
        row = _row(rng, study, arm, endpoint, x, n, Style(style.decimals, True, style.percentages), False)
        yield row | {"subgroup": f"dose {name}"}


def _ratio(
    rng: np.random.Generator, study: str, endpoint: str, found: dict[str, tuple[int, int]], measure: str
) -> Iterator[Row]:
    """An unadjusted odds or risk ratio with Wald's interval and the p-value of one of the usual tests."""
    (x0, n0), (x1, n1) = found["control"], found["treated"]
    if min(x0, x1, n0 - x0, n1 - x1) < 3:
        return
    if measure == "OR":
        log_ratio = math.log(x1 * (n0 - x0) / (x0 * (n1 - x1)))
        error = math.sqrt(1 / x0 + 1 / (n0 - x0) + 1 / x1 + 1 / (n1 - x1))
    else:
        log_ratio = math.log(x1 * n0 / (x0 * n1))
        error = math.sqrt(1 / x0 - 1 / n0 + 1 / x1 - 1 / n1)
    table = [[x0, n0 - x0], [x1, n1 - x1]]
    tests: list[Callable[[], float]] = [
        lambda: chi2_contingency(table, correction=False).pvalue,
        lambda: chi2_contingency(table, correction=True).pvalue,
        lambda: fisher_exact(table).pvalue,
        lambda: 2 * norm.sf(abs(log_ratio) / error),
    ]
    p = tests[rng.integers(4)]()
    yield _printed_ratio(study, endpoint, measure, log_ratio, error, p, "none")


def _printed_ratio(
    study: str, endpoint: str, measure: str, log_ratio: float, error: float, p: float, adjustment: str
) -> Row:
    lower, upper = (math.exp(log_ratio + side * norm.ppf(0.975) * error) for side in (-1, 1))
    return {
        "study": study, "endpoint": endpoint, "measure": measure, "estimate": rounded(math.exp(log_ratio), 2),
        "lower": rounded(lower, 2), "upper": rounded(upper, 2), "p": _p(p), "adjustment": adjustment,
        "use": "context", "reason": "as printed",
    }  # fmt: skip


def _p(p: float) -> str:
    return "<0.001" if p < 0.001 else rounded(p, 3 if p < 0.1 else 2)


# ------------------------------------------------------------------ studies that weight


def _weighted_study(rng: np.random.Generator, study: str, printed: Printed) -> None:
    """Patients with two covariates, a propensity score fitted to them, and outcomes weighted by its inverse."""
    n = int(rng.integers(120, 500))
    smallest = 0
    while smallest < 20:  # honest authors do not weight where there is no overlap
        covariates = np.column_stack([np.ones(n), rng.random((n, 2)) < rng.uniform(0.3, 0.7, 2)]).astype(float)
        truth = np.array([rng.normal(0, 0.3), *rng.normal(0, 0.6, 2)])
        treated = rng.random(n) < 1 / (1 + np.exp(-covariates @ truth))
        cells = [(covariates[:, i] == value) & (treated == arm) for i in (1, 2) for value in (0, 1) for arm in (0, 1)]
        smallest = min(int(cell.sum()) for cell in cells)
    propensity = 1 / (1 + np.exp(-covariates @ _logistic(covariates, treated, np.ones(n))))
    weights = np.where(treated, 1 / propensity, 1 / (1 - propensity))
    groups = {"control": ~treated, "treated": treated}
    kish = min(weights[g].sum() ** 2 / (weights[g] ** 2).sum() / g.sum() for g in groups.values())
    printed.toml += f"[studies.{study}]\nk = {kish:.2f}\n"
    for i in (1, 2):
        for arm, g in groups.items():
            x = int(covariates[g, i].sum())
            printed.arms.append(
                {"study": study, "arm": arm, "endpoint": f"baseline_{i}", "percent": percent(x, int(g.sum()), 0),
                 "n": int(g.sum()), "timepoint": "before weighting", "use": "context", "reason": "baseline"}
            )  # fmt: skip
    level, effect = rng.normal(-0.5, 0.5), rng.normal(0, 0.6)
    logit = level + effect * treated + covariates[:, 1:] @ rng.normal(0, 0.5, 2)
    whole = rng.random(n) < 1 / (1 + np.exp(-logit))
    part = whole & (rng.random(n) < rng.beta(3, 3))
    other = rng.random(n) < 1 / (1 + np.exp(0.3 - logit))
    for endpoint, events in (("infection_any", whole), ("infection_g3", part), ("icans_any", other)):
        rates = {arm: float(weights[g & events].sum() / weights[g].sum()) for arm, g in groups.items()}
        for arm, g in groups.items():
            printed.arms.append(
                {"study": study, "arm": arm, "endpoint": endpoint, "percent": rounded(100 * rates[arm], 1),
                 "n": int(g.sum()), "weighting": "iptw"}
            )  # fmt: skip
        p = _weighted_p(rates, groups, weights, events)
        printed.contrasts.append(
            {"study": study, "endpoint": endpoint, "p": _p(p), "adjustment": "IPTW", "use": "context", "reason": "p"}
        )
        if events.sum() > 60:
            design = np.column_stack([covariates, treated])
            fitted = _logistic(design, events, weights)
            error = _sandwich(design, events, weights, fitted)
            if abs(fitted[-1]) > 3:
                continue  # separated: honest authors see it
            printed.contrasts.append(
                _printed_ratio(
                    study, endpoint, "OR", fitted[-1], error, 2 * norm.sf(abs(fitted[-1]) / error),
                    "IPTW + regression on age, LDH",
                )
            )  # fmt: skip


def _weighted_p(
    rates: dict[str, float], groups: dict[str, np.ndarray], weights: np.ndarray, events: np.ndarray
) -> float:
    """Two-sided p-value of the difference of weighted rates, its variance linearised as survey software has it."""
    variance = 0.0
    for arm, g in groups.items():
        w = weights[g] / weights[g].sum()
        variance += float((w**2 * (events[g] - rates[arm]) ** 2).sum())
    return float(2 * norm.sf(abs(rates["treated"] - rates["control"]) / math.sqrt(variance)))


def _logistic(design: np.ndarray, events: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted logistic regression by Newton's method."""
    beta = np.zeros(design.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-design @ beta))
        beta = beta + np.linalg.solve(
            (design * (weights * p * (1 - p))[:, None]).T @ design, design.T @ (weights * (events - p))
        )
    return beta


def _sandwich(design: np.ndarray, events: np.ndarray, weights: np.ndarray, beta: np.ndarray) -> float:
    """Robust standard error of the last coefficient."""
    p = 1 / (1 + np.exp(-design @ beta))
    bread = np.linalg.inv((design * (weights * p * (1 - p))[:, None]).T @ design)
    scores = design * (weights * (events - p))[:, None]
    return float(math.sqrt((bread @ (scores.T @ scores) @ bread)[-1, -1]))


# ------------------------------------------------------------------ false alarms


def false_alarms(folders: int, first_seed: int = 0, arms: int = 200) -> tuple[Counter[str], Counter[str], list[str]]:
    """Folders with a finding above info, and such findings, by kind; and what the findings say."""
    from reanalysis.evidence.audit.ledger import audit
    from reanalysis.evidence.reading.folder import read_evidence

    by_folder: Counter[str] = Counter()
    by_finding: Counter[str] = Counter()
    said = []
    for seed in range(first_seed, first_seed + folders):
        with tempfile.TemporaryDirectory() as where:
            ledger = audit(read_evidence(clean_folder(np.random.default_rng(seed), arms).write(Path(where))))
        raised = [f for f in ledger.findings if f.severity != "info"]
        by_folder.update({f.kind for f in raised} | ({"any"} if raised else set()))
        by_finding.update(f.kind for f in raised)
        said += [f"folder {seed}: {f.severity} {f.kind} {f.where}: {f.message}" for f in raised]
    return by_folder, by_finding, said


def main() -> None:
    """Print the table of false alarms."""
    folders = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    by_folder, by_finding, said = false_alarms(folders)
    print(f"{folders} clean folders of 200 rows\n{'kind':<22}{'folders':>9}{'findings':>10}")
    for kind, many in sorted(by_folder.items(), key=lambda item: (item[0] != "any", -item[1])):
        print(f"{kind:<22}{many:>9}{by_finding[kind] if kind != 'any' else by_finding.total():>10}")
    for line in said[:20]:
        print(line)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
