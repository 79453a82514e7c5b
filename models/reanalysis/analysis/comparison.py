"""The comparison of two reports by their records: rows, settings, versions and the numbers of every endpoint."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from reanalysis.analysis.changes import PROBABILITY, RATIO, Change, Changes, EndpointChange, RowChange, Shift
from reanalysis.analysis.record import IDENTITY, TABLES, Record

_TOML = "analysis"
"""Under this name stand the settings of analysis.toml."""


def compare(old: Record, new: Record, probability: float = PROBABILITY, ratio: float = RATIO) -> Changes:
    """What changed from one report to another.

    A conclusion has moved if a probability shifts by more than ``probability``, or the median odds ratio changes by a
    factor larger than ``ratio``, up or down.
    """
    made_old, made_new = dict(old.making), dict(new.making)
    packages = made_old.pop("packages"), made_new.pop("packages")
    systems = [{name: made.pop(name) for name in ("python", "machine")} for made in (made_old, made_new)]
    return Changes(
        tuple(change for table in TABLES for change in _rows(table, old.evidence, new.evidence)),
        _different(made_old | {_TOML: old.evidence["settings"]}, made_new | {_TOML: new.evidence["settings"]}),
        _different(systems[0] | packages[0], systems[1] | packages[1], split=False),
        tuple(_endpoints(old.results, new.results)),
        probability,
        ratio,
    )


def _rows(table: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[RowChange]:
    """Rows that are gone, new, or other than they were; equal ones are paired off first, then those of one identity."""
    gone, come = list(old.get(table, ())), list(new.get(table, ()))
    for row in list(gone):
        if row in come:
            gone.remove(row)
            come.remove(row)
    for row in gone:
        twin = next((other for other in come if _identity(other) == _identity(row)), None)
        if twin is None:
            yield RowChange(table, "removed", _named(row), _cells(row, {}))
        else:
            come.remove(twin)
            yield RowChange(table, "altered", _named(row), _cells(row, twin))
    for row in come:
        yield RowChange(table, "added", _named(row), _cells({}, row))


def _identity(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in IDENTITY if name != "use")


def _named(row: dict[str, Any]) -> str:
    return "/".join(str(row[name]) for name in IDENTITY if row.get(name) and row[name] != "primary")


def _cells(old: dict[str, Any], new: dict[str, Any]) -> tuple[Change, ...]:
    if not old or not new:
        row = old or new
        kept = {k: v for k, v in row.items() if v not in (None, "", "none") and k not in IDENTITY}
        return tuple(Change(k, v if old else None, v if new else None) for k, v in kept.items())
    names = dict.fromkeys([*old, *new])
    return tuple(Change(n, old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n))


def _different(old: dict[str, Any], new: dict[str, Any], split: bool = True) -> tuple[Change, ...]:
    before, after = (dict(_flat(one) if split else one.items()) for one in (old, new))
    names = dict.fromkeys([*before, *after])
    return tuple(Change(n, before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n))


def _flat(value: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, one in value.items():
        if isinstance(one, dict) and one:
            yield from _flat(one, f"{above}{name}.")
        else:
            yield f"{above}{name}", one


def _endpoints(old: dict[str, Any], new: dict[str, Any]) -> Iterator[EndpointChange]:
    failed = {f["endpoint"]: f for f in new.get("failed", ())}
    for endpoint in dict.fromkeys([*old["endpoints"], *new["endpoints"], *failed]):
        before, after = old["endpoints"].get(endpoint), new["endpoints"].get(endpoint)
        label = (after or before or failed[endpoint])["label"]
        if endpoint in failed:
            yield EndpointChange(endpoint, label, f"has no result now: {failed[endpoint]['reason']}")
        elif before is None:
            yield EndpointChange(endpoint, label, "is new")
        elif after is None:
            yield EndpointChange(endpoint, label, "is gone")
        else:
            yield EndpointChange(endpoint, label, _basis(before, after), tuple(_shifts(before, after)))


def _basis(old: dict[str, Any], new: dict[str, Any]) -> str:
    """Whether the headline is still the same kind of effect with the same good side."""
    was, now = old["headline"], new["headline"]
    if (was["kind"], was["study"]) != (now["kind"], now["study"]):
        return f"its headline was {_effect(was)} and is {_effect(now)}"
    if old["better"] != new["better"]:
        return f"its good side was {old['better'] or 'not declared'} and is {new['better'] or 'not declared'}"
    return ""


def _effect(headline: dict[str, Any]) -> str:
    return "the average effect" if headline["study"] is None else f"the effect of {headline['study']} alone"


def _shifts(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Shift]:
    was, now = old["headline"], new["headline"]
    for end, name in (("median", "odds ratio"), ("lower", "lower end"), ("upper", "upper end")):
        error = math.hypot(was["monte_carlo"][end], now["monte_carlo"][end])
        values = [math.exp(one["log_odds_ratio"][end]) for one in (was, now)]
        yield Shift(name, "ratio", values[0], values[1], error, counts=end == "median")
    for title, part in (("", "headline"), (" in a new study", "new_study")):
        yield from _probabilities(title, old[part], new[part])


def _probabilities(title: str, was: dict[str, Any], now: dict[str, Any]) -> Iterator[Shift]:
    sided = was["p_benefit"] is not None and now["p_benefit"] is not None
    pairs = [("P(benefit)", was["p_benefit"], now["p_benefit"])] if sided else []
    pairs += [("P(fewer events)", was["p_below_0"], now["p_below_0"])] if not sided else []
    others = {one["label"]: one for one in now["baselines"]}
    for one in was["baselines"]:
        same = others.get(one["label"])
        if same is None or same["control_risk"] != one["control_risk"]:
            continue
        at = f"at {100 * one['control_risk']:.3g} % ({one['label']})"
        beyond = {b["points"]: b for b in same["beyond"]}
        for b in one["beyond"]:
            if b["points"] in beyond:
                for side, word in (("p_fewer", "fewer"), ("p_more", "more")):
                    name = f"P({b['points']:g} points {word}) {at}"
                    pairs.append((name, b[side], beyond[b["points"]][side]))
        if one["rope_points"] == same["rope_points"]:
            name = f"P(within {one['rope_points']:g} points) {at}"
            pairs.append((name, one["p_within_rope"], same["p_within_rope"]))
    for name, before, after in pairs:
        error = math.hypot(_error(before, was["monte_carlo"]), _error(after, now["monte_carlo"]))
        yield Shift(f"{name}{title}", "probability", before, after, error)


def _error(probability: float, known: dict[str, Any]) -> float:
    size = known["effective_sample_size"]
    return math.sqrt(probability * (1 - probability) / size) if size else 0.0
