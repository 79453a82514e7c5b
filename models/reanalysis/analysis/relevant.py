"""The part of an evidence folder that can matter to one endpoint: what the tasks of that endpoint see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from reanalysis.evidence.candidates.possible import bound_of
from reanalysis.evidence.coverage import cell_report
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.settings import NextTrial, Reasons, ReportDetails


@cache
def tables() -> dict[str, type]:
    """Tables of an evidence folder as ``Evidence`` declares them: name, and the class of a row with its endpoint."""
    hints = get_type_hints(Evidence)
    rows = {name: get_args(hint)[0] for name, hint in hints.items() if get_origin(hint) is tuple}
    return {name: row for name, row in rows.items() if "endpoint" in _columns(row)}


def _columns(row: Any) -> set[str]:
    return {one.name for one in fields(row)} if is_dataclass(row) else set(getattr(row, "model_fields", ()))


def relevant(evidence: Evidence, endpoint: str) -> Evidence:
    """The part of a folder that can matter to one endpoint, and nothing else.

    Tasks of an endpoint are given this and no more, so its digest covers all that they can see: the endpoint's own rows
    of every table; where an arm does not report its denominator all rows of that arm, whose percentages share it, and
    those of the other arm where that one bounds it; both arms of a study that is told in words, for their sizes; the
    studies concerned, and how their bias is judged for all endpoints; and the settings that belong to no other
    endpoint. Lines are numbered anew, so that a row inserted for another endpoint changes nothing here.
    """
    shared = {*_arms_that_share_a_denominator(evidence, endpoint), *_arms_told_in_words(evidence, endpoint)}
    order = {study: number for number, study in enumerate(evidence.studies)}
    kept: dict[str, tuple[Any, ...]] = {}
    for name in tables():
        rows = getattr(evidence, name)
        own = [r for r in rows if r.endpoint == endpoint or (name == "arms" and (r.study, r.arm) in shared)]
        own.sort(key=lambda row: order.get(getattr(row, "study", ""), -1))
        kept[name] = tuple(replace(row, line=number) for number, row in enumerate(own, 2))
    named = [row for rows in kept.values() for row in rows]
    studies = {row.study for row in named if hasattr(row, "study")}
    judged = [replace(row, line=0) for row in evidence.risk_of_bias if not row.endpoint and row.study in studies]
    kept["risk_of_bias"] += tuple(judged)
    endpoints = {row.endpoint for row in named} | {endpoint}
    bias = evidence.settings.bias
    settings = evidence.settings.model_copy(
        update=dict.fromkeys(("title", "question", "population", "search"), "")
        | {
            "limits": (),
            "words": evidence.settings.words.model_copy(update={"reason": ""}),
            "bias": bias and bias.model_copy(update={"reason": ""}),
            "reasons": Reasons(),
            "report": ReportDetails(),
            "next_trial": NextTrial(),
            "weights": {},
            "studies": {s: v for s, v in evidence.settings.studies.items() if s in studies},
            "endpoints": {e: v for e, v in evidence.settings.endpoints.items() if e in endpoints},
        }
    )
    nothing = {"folder": Path(), "sources": {}, "ignored_columns": (), "sha256": {}, "assumed": ()}
    return replace(evidence, **kept | nothing | {"settings": settings})  # type: ignore[arg-type]


def _arms_that_share_a_denominator(evidence: Evidence, endpoint: str) -> Iterator[tuple[str, str]]:
    for row in evidence.arms:
        if row.endpoint == endpoint and row.n is None:
            yield row.study, row.arm
            bound = bound_of(evidence, row.study, row.arm)
            if bound is not None and bound.basis == "other arm":
                yield from ((row.study, "control"), (row.study, "treated"))


def _arms_told_in_words(evidence: Evidence, endpoint: str) -> Iterator[tuple[str, str]]:
    for study in evidence.studies:
        cell = cell_report(evidence, study, endpoint)
        if cell.kind != "comparison" and cell.without_figures:
            yield from ((study, "control"), (study, "treated"))
