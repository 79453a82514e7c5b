"""Tables, settings and sources as evidence, by whichever door they came: every check, and every problem at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, Problem
from reanalysis.evidence.reading.arms_table import ARMS, read_arms
from reanalysis.evidence.reading.benchmarks import BENCHMARKS, read_benchmarks
from reanalysis.evidence.reading.contrasts import CONTRASTS
from reanalysis.evidence.reading.cross_references import cross_references
from reanalysis.evidence.reading.risk_of_bias import RISK_OF_BIAS
from reanalysis.evidence.reading.settings import Settings, Source
from reanalysis.evidence.reading.table import Table
from reanalysis.evidence.reading.text_table import Records
from reanalysis.evidence.reading.texts import require_plain

TABLES: Mapping[str, Table] = {  # type: ignore[type-arg]
    "arms": ARMS,
    "contrasts": CONTRASTS,
    "benchmarks": BENCHMARKS,
    "risk_of_bias": RISK_OF_BIAS,
}
"""Tables of evidence in the order in which their problems are listed."""


@dataclass(frozen=True)
class Door:
    """What evidence is made of, and how it is asked for."""

    folder: Path
    """Where it is, or what it is called."""
    tables: Mapping[str, Callable[[], Records]]
    """The records of each table that there is."""
    settings: Callable[[], Settings]
    sources: Callable[[], dict[str, Source]]
    """What analysis.toml and sources.toml hold."""
    names: Mapping[str, str]
    """What tables and ``settings`` are called in problems."""
    text: Callable[[], str] = str
    """Of analysis.toml, empty without that file."""


def gathered(door: Door) -> Evidence:
    """Evidence with its tables read and held against each other; nothing of where it was read but its folder.

    Raises
    ------
    InvalidInput
        With every problem of every part, or of the parts together where each is right.
    """
    problems: dict[str, tuple[Problem | str, ...]] = {}
    names = dict(door.names)

    def read[T](part: str, reader: Callable[[], T]) -> T | None:
        try:
            return reader()
        except InvalidInput as error:
            problems[part] = error.problems
            return None

    def table[T](name: str, reader: Callable[[Records], T]) -> T | None:
        def opened() -> T:
            records = door.tables[name]()
            names[name] = records.file
            return reader(records)

        return read(name, opened) if name in door.tables else None

    declared = read("settings", door.settings)
    settings = declared or Settings()
    arms, ignored = table("arms", lambda records: read_arms(records, declared)) or ((), ())
    contrasts, _ = table("contrasts", CONTRASTS.read) or ((), ())
    benchmarks = table("benchmarks", read_benchmarks) or ()
    risk_of_bias, _ = table("risk_of_bias", RISK_OF_BIAS.read) or ((), ())
    sources = read("sources", door.sources) or {}
    found = [problem for part in (*TABLES, "settings", "sources") for problem in problems.get(part, ())]
    if not found:
        known = (arms, contrasts, benchmarks, settings, sources, risk_of_bias)
        found = list(cross_references(names, door.text(), *known))
    if found:
        raise InvalidInput(found)
    evidence = Evidence(door.folder, arms, contrasts, settings, sources, ignored, {}, benchmarks, risk_of_bias)
    require_plain(evidence, names)
    return evidence
