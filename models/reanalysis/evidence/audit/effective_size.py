"""Rule: the patients that a weighted arm is worth, its effective-size factor k, from p-values and from imbalance.

A test of two rates at k times the printed sizes has k times the chi-square of the test at the printed sizes, so each
printed p-value gives k = (z_p / z_1)^2 under each test that may have been used. The factor that weights alone must
cost is Kish's (sum w)^2 / sum w^2 (Kish 1965, Survey Sampling, section 11.7) of the weights that balance one printed
characteristic.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from scipy.special import ndtri

from reanalysis.evidence.audit.arithmetic import half_unit, log_odds_wald, pooled_chi_square, unpooled_wald
from reanalysis.evidence.audit.crude import is_unadjusted
from reanalysis.evidence.audit.finding import Finding, rule
from reanalysis.evidence.candidates.printing import Percentage, counts_of
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.contrasts import p_number

_FAR = 1.2
"""How far k may differ between endpoints: robust variances depend on the outcome too (2 % of simulated studies)."""
_ABOVE = 1.1
"""Weighting for a strong predictor of the outcome can gain a little: k a little above 1 is no contradiction."""
_HEAVY, _FEW = 2.0, 20
"""Patients this much heavier than their share, and fewer than this, carry a weighted arm."""


@dataclass(frozen=True)
class Range:
    """A range of k with the value at the printed figures."""

    low: float
    value: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


TESTS: dict[str, Callable[[float, float, float, float], float]] = {
    "pooled chi-square": pooled_chi_square,
    "unpooled Wald": unpooled_wald,
    "log-odds Wald": log_odds_wald,
}


def factor_from_p(control: tuple[Percentage, int], treated: tuple[Percentage, int], p: str, test: str) -> Range | None:
    """K that a printed p-value implies, over the rounding of the p-value and of both percentages.

    None where the p-value is a bound (``<0.001``), or a rate of 0 or 1 leaves the test undefined.
    """
    if p[:1] in "<>":
        return None
    statistic = TESTS[test]
    value, half_p = p_number(p), half_unit(p)
    ps = (value - half_p, value, value + half_p)

    def corners(percent: Percentage) -> tuple[float, ...]:
        half = 0.5 / 10**percent.decimals
        return tuple(
            min(max(v, 1e-6), 100 - 1e-6) / 100 for v in (percent.value - half, percent.value, percent.value + half)
        )

    (low0, mid0, high0), (low1, mid1, high1) = corners(control[0]), corners(treated[0])
    n0, n1 = control[1], treated[1]
    if {control[0].value, treated[0].value} & {0.0, 100.0}:
        return None
    ones = [statistic(a, n0, b, n1) for a, b in itertools.product((low0, high0), (low1, high1))]
    nearest = 0.0 if (low0 - high1) * (high0 - low1) < 0 else min(ones)
    z = [float(ndtri(1 - min(max(v, 1e-12), 1.0) / 2)) ** 2 for v in ps]
    middle = statistic(mid0, n0, mid1, n1)
    if middle <= 0:
        return None
    return Range(z[2] / max(ones), z[1] / middle, z[0] / nearest if nearest > 0 else math.inf)


@dataclass(frozen=True)
class ImpliedFactor:
    """k implied by the p-value of one endpoint, by test."""

    endpoint: str
    p: str
    by_test: dict[str, Range]
    lines: tuple[int, ...]


def implied_factors(evidence: Evidence, study: str) -> list[ImpliedFactor]:
    """K from every p-value printed beside a study's weighted rates."""
    found = []
    for row in evidence.contrasts:
        if row.study != study or not row.p or row.estimate or not is_unadjusted(row, weighted=True):
            continue
        rows = evidence.rows_of_cell.get((study, row.endpoint), ())
        arms = {r.arm: r for r in rows if r.weighting == "iptw" and not r.subgroup}
        rates = [_rate(arms.get(arm)) for arm in ("control", "treated")]
        if rates[0] is None or rates[1] is None:
            continue
        by_test = {test: factor_from_p(rates[0], rates[1], row.p, test) for test in TESTS}
        known = {test: value for test, value in by_test.items() if value is not None}
        if known:
            found.append(ImpliedFactor(row.endpoint, row.p, known, tuple(r.line for r in arms.values())))
    return found


def _rate(row: ArmRow | None) -> tuple[Percentage, int] | None:
    if row is None or row.percent is None or row.n is None or row.use == "excluded":
        return None
    return row.percent, row.n


def common_range(ranges: Sequence[tuple[str, Range]]) -> tuple[tuple[float, float], tuple[str, ...]]:
    """The stretch of k that lies in the most ranges, and the names of those that do not contain it.

    Returns
    -------
    stretch : tuple of float
        Ends of the stretch; ties go to the narrower total of ranges.
    outside : tuple of str
        Names whose range does not contain it.
    """
    edges = sorted({edge for _, r in ranges for edge in (r.low, r.high)})
    best: tuple[int, float, float] = (0, math.nan, math.nan)
    for low, high in itertools.pairwise(edges):
        middle = 0.5 * (low + min(high, low + 10))
        inside = sum(r.low <= middle <= r.high for _, r in ranges)
        if inside > best[0]:
            best = (inside, low, high)
    _, low, high = best
    middle = 0.5 * (low + min(high, low + 10))
    return (low, high), tuple(name for name, r in ranges if not r.low <= middle <= r.high)


@dataclass(frozen=True)
class Reliance:
    """Patients of one arm in one stratum, and the share of the arm that they stand for once it is weighted."""

    arm: str
    patients: int
    of: int
    share: float

    @property
    def weight(self) -> float:
        """Mean weight of these patients, 1 for no change."""
        return self.share * self.of / self.patients


@dataclass(frozen=True)
class Imbalance:
    """What balancing one binary characteristic by weighting costs."""

    endpoint: str
    control: tuple[int, int]
    treated: tuple[int, int]
    """Patients with the characteristic, and patients, in each arm."""
    k: tuple[float, float]
    """Kish factor of the control and of the treated arm under weights for the whole population."""
    reliance: Reliance
    """Where the fewest patients of an arm stand for the most."""


def imbalance(endpoint: str, control: tuple[int, int], treated: tuple[int, int]) -> Imbalance | None:
    """Kish factors of the weights that balance one characteristic; None where a stratum has an empty arm."""
    strata = [(control[0], treated[0]), (control[1] - control[0], treated[1] - treated[0])]
    if min(min(s) for s in strata) == 0:
        return None
    total = control[1] + treated[1]
    factors, reliance = [], []
    for arm, (name, size) in enumerate((("control", control[1]), ("treated", treated[1]))):
        weights = [(s[arm], sum(s) / s[arm]) for s in strata]
        squares = sum(count * w**2 for count, w in weights)
        factors.append(total**2 / squares / size)
        reliance += [Reliance(name, count, size, count * w / total) for count, w in weights]
    return Imbalance(endpoint, control, treated, (factors[0], factors[1]), max(reliance, key=lambda one: one.weight))


def baseline_imbalances(evidence: Evidence, study: str) -> list[Imbalance]:
    """Imbalances of a weighted study's unweighted characteristics whose counts are certain, strongest first."""
    rows: dict[str, dict[str, tuple[int, int]]] = {}
    for row in evidence.arms:
        if row.study != study or row.weighting != "none" or row.subgroup or row.n is None or row.use == "excluded":
            continue
        counts = range(row.events[0], row.events[1] + 1) if row.events else range(0)
        if row.percent is not None and row.events is None:
            counts, _ = counts_of(row.percent, row.n)
        if len(counts) == 1:
            rows.setdefault(row.endpoint, {})[row.arm] = (counts[0], row.n)
    found = [imbalance(endpoint, arms["control"], arms["treated"]) for endpoint, arms in rows.items() if len(arms) == 2]
    return sorted((one for one in found if one is not None), key=lambda one: min(one.k))


@rule("effective-size", "imbalance", "positivity")
def check_effective_size(evidence: Evidence) -> Iterator[Finding]:
    """Effective sizes by p-value and imbalance, endpoints that disagree, and strata that rest on few patients."""
    studies = dict.fromkeys(r.study for r in evidence.arms if r.weighting == "iptw")
    for study in studies:
        k = evidence.study(study).k
        used = f"k = {k:g}" if k is not None else "refused until k is set"
        yield from _from_p_values(evidence, study, used)
        yield from _from_imbalance(evidence, study, used)
        yield from _both(evidence, study, used)


def _from_p_values(evidence: Evidence, study: str, used: str) -> Iterator[Finding]:
    factors = implied_factors(evidence, study)
    if not factors:
        return
    lines = tuple(line for one in factors for line in one.lines)
    outside_by_test = []
    for test in TESTS:
        ranges = [(one.endpoint, one.by_test[test]) for one in factors if test in one.by_test]
        if not ranges:
            continue
        (low, high), outside = common_range(ranges)
        inside = len(ranges) - len(outside)
        far = {name for name, r in ranges if name in outside and (r.low > high * _FAR or r.high < low / _FAR)}
        outside_by_test.append(far if inside > max(1, len(outside)) else set())
        yield Finding(
            "effective-size", "info", study, "", "",
            f"{test}: the printed p-values imply k between {low:.2f} and {high:.2f} for {inside} of {len(ranges)} "
            "endpoints",
            feasible=tuple(f"{endpoint}: k = {value}" for endpoint, value in ranges), used_as=used, lines=lines,
        )  # fmt: skip
    odd = set.intersection(*outside_by_test)
    for one in factors:
        lowest = min(value.low for value in one.by_test.values())
        if one.endpoint in odd or lowest > _ABOVE:
            values = "; ".join(f"{test} {value}" for test, value in one.by_test.items())
            what = "another k than the other endpoints do" if one.endpoint in odd else "more patients than there are"
            what += ", more patients than there are" if one.endpoint in odd and lowest > 1 else ""
            yield Finding(
                "effective-size", "warning", study, "", one.endpoint, f"p = {one.p} implies {what}: {values}",
                used_as="the p-value is not used", lines=one.lines,
            )  # fmt: skip


def _from_imbalance(evidence: Evidence, study: str, used: str) -> Iterator[Finding]:
    found = baseline_imbalances(evidence, study)
    if not found:
        return
    worst = found[0]
    name = evidence.endpoint_label(worst.endpoint)
    yield Finding(
        "imbalance", "info", study, "", worst.endpoint,
        f"balancing {name} alone ({worst.treated[0]} of {worst.treated[1]} treated against {worst.control[0]} of "
        f"{worst.control[1]} controls) costs k = {worst.k[1]:.2f} (treated) and {worst.k[0]:.2f} (control); "
        "other imbalances can only lower it",
        feasible=tuple(f"{evidence.endpoint_label(one.endpoint)}: k = {min(one.k):.2f}" for one in found[:8]),
        used_as=used,
    )  # fmt: skip
    heaviest = max(found, key=lambda one: one.reliance.weight)
    reliance, name = heaviest.reliance, evidence.endpoint_label(heaviest.endpoint)
    if reliance.weight > _HEAVY and reliance.patients < _FEW:
        yield Finding(
            "positivity", "warning", study, reliance.arm, heaviest.endpoint,
            f"{reliance.patients} of {reliance.of} patients in a stratum of {name} stand for "
            f"{100 * reliance.share:.0f} % of the arm once it is weighted, {reliance.weight:.1f} times their share: "
            "close to a violation of positivity",
            used_as=used,
        )  # fmt: skip


def _both(evidence: Evidence, study: str, used: str) -> Iterator[Finding]:
    """Weights that balance one characteristic cost more patients than the p-values leave room for."""
    found, factors = baseline_imbalances(evidence, study), implied_factors(evidence, study)
    if not found or len(factors) < 2:
        return
    cap = max(found[0].k)
    stretches = []
    for test in TESTS:
        (low, high), outside = common_range(
            [(one.endpoint, one.by_test[test]) for one in factors if test in one.by_test]
        )
        stretches.append((low, high, len(factors) - len(outside)))
    low, high = min(one[0] for one in stretches), max(one[1] for one in stretches)
    if min(inside for _, _, inside in stretches) > 1 and low > cap:
        name = evidence.endpoint_label(found[0].endpoint)
        yield Finding(
            "effective-size", "warning", study, "", "",
            f"balancing {name} alone leaves k at {cap:.2f} at most, the printed p-values imply {low:.2f} to "
            f"{high:.2f}: both cannot hold of one set of weights for the whole population; weights for another "
            "population, cut weights, or p-values of another test would explain it",
            used_as=used, lines=tuple(line for one in factors for line in one.lines),
        )  # fmt: skip
