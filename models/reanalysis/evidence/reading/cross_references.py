"""Names that the files of a folder share: sources, studies, endpoints and products that must be known to each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from reanalysis.evidence.problems import Problem, did_you_mean, listed
from reanalysis.evidence.reading.arms import ArmRow
from reanalysis.evidence.reading.benchmarks import BenchmarkRow
from reanalysis.evidence.reading.contrasts import ContrastRow
from reanalysis.evidence.reading.names import alike
from reanalysis.evidence.reading.risk_of_bias import RiskOfBiasRow
from reanalysis.evidence.reading.settings import Settings, Source
from reanalysis.evidence.reading.toml import line_of


def cross_references(
    files: Mapping[str, str],
    text: str,
    arms: tuple[ArmRow, ...],
    contrasts: tuple[ContrastRow, ...],
    benchmarks: tuple[BenchmarkRow, ...],
    settings: Settings,
    sources: Mapping[str, Source],
    risk_of_bias: tuple[RiskOfBiasRow, ...] = (),
) -> Iterator[Problem]:
    """Names in one file that no other file has.

    Parameters
    ----------
    files : mapping
        Names of the files, or of what was given instead, by ``arms``, ``contrasts``, ``benchmarks``, ``risk_of_bias``
        and ``settings``.
    text : str
        Of analysis.toml, to find its lines.
    sources : mapping
        Where it is empty, any source may be named.
    """

    def problem(key: tuple[str, ...], value: str, rule: str) -> Problem:
        return Problem(files["settings"], line_of(text, key), ".".join(key), value, rule)

    def nowhere(what: str, name: str, known: Iterable[str]) -> str:
        return f"no row of {files['arms']} or {files['contrasts']} has this {what}{did_you_mean(name, known)}"

    def of_no_row(name: str, key: tuple[str, ...], value: str = "") -> Iterator[Problem]:
        if name not in endpoints:
            yield problem(key, value, nowhere("endpoint", name, endpoints))

    def from_nowhere(source: str, key: tuple[str, ...]) -> Iterator[Problem]:
        if not _is_known(source, sources):
            yield problem(key, source, _unknown(source, sources))

    reports: tuple[tuple[str, tuple[ArmRow | ContrastRow, ...]], ...] = (
        (files["arms"], arms),
        (files["contrasts"], contrasts),
    )
    for file, rows in (*reports, (files["benchmarks"], benchmarks), (files["risk_of_bias"], risk_of_bias)):
        yield from unknown_sources(file, rows, sources)
    named = [(row, (file, row.line)) for file, rows in reports for row in rows]
    studies, endpoints = (dict.fromkeys(getattr(row, column) for row, _ in named) for column in ("study", "endpoint"))
    yield from alike("study", ((row.study, place) for row, place in named))
    yield from alike("endpoint", ((row.endpoint, place) for row, place in named))
    for name, study in settings.studies.items():
        if name not in studies:
            yield problem(("studies", name), "", nowhere("study", name, studies))
        yield from from_nowhere(study.source, ("studies", name, "source"))
    products = dict.fromkeys(study.product for study in settings.studies.values() if study.product)
    for benchmark in benchmarks:
        if benchmark.endpoint not in endpoints:
            rule = nowhere("endpoint", benchmark.endpoint, endpoints)
            yield Problem(files["benchmarks"], benchmark.line, "endpoint", benchmark.endpoint, rule)
        if benchmark.product not in products:
            rule = f"no study of {files['settings']} has this product{did_you_mean(benchmark.product, products)}"
            yield Problem(files["benchmarks"], benchmark.line, "product", benchmark.product, rule)
    for name, study in settings.studies.items():
        if study.primary_endpoint and (aim := study.primary_endpoint.endpoint):
            yield from of_no_row(aim, ("studies", name, "primary_endpoint", "endpoint"), aim)
    for judged in risk_of_bias:
        for column, value, known in (("study", judged.study, studies), ("endpoint", judged.endpoint, endpoints)):
            if value and value not in known:
                rule = nowhere(column, value, known)
                yield Problem(files["risk_of_bias"], judged.line, column, value, rule)
        if judged.direction and settings.bias is None:
            rule = "a direction needs the sizes of biases: declare [bias] in analysis.toml, with a reason"
            yield Problem(files["risk_of_bias"], judged.line, "direction", judged.direction, rule)
    for name in settings.weights:
        yield from of_no_row(name, ("weights", name))
    subgroups = dict.fromkeys(row.subgroup for row in arms if row.subgroup and row.arm == "treated")
    for name, moderator in settings.moderators.items():
        if not moderator.levels and not any(name in study.covariates for study in settings.studies.values()):
            rule = "has no value of any study: give [studies.ID.covariates], or levels by subgroup"
            yield problem(("moderators", name), "", rule)
        for level in moderator.levels:
            if level not in subgroups:
                rule = f"no row of a treated arm has this subgroup{did_you_mean(level, subgroups)}"
                yield problem(("moderators", name, "levels", level), level, rule)
    for name in settings.next_trial.endpoints:
        yield from of_no_row(name, ("next_trial", "endpoints"), name)
    for name, informed in settings.informed.items():
        yield from from_nowhere(informed.source, ("informed", name, "source"))
    for name, endpoint in settings.endpoints.items():
        yield from of_no_row(name, ("endpoints", name))
        if endpoint.expected:
            yield from from_nowhere(endpoint.expected.source, ("endpoints", name, "expected", "source"))
        for baseline in endpoint.baselines:
            yield from from_nowhere(baseline.source, ("endpoints", name, "baselines"))
        whole = endpoint.part_of
        if whole and whole not in endpoints:
            rule = f"unknown endpoint{did_you_mean(whole, endpoints)}"
            yield problem(("endpoints", name, "part_of"), whole, rule)
        elif _contains_itself(settings, name):
            rule = "an endpoint cannot be part of itself, nor of its own parts"
            yield problem(("endpoints", name, "part_of"), whole, rule)


class _Cited(Protocol):
    """A row that names its source."""

    @property
    def line(self) -> int: ...

    @property
    def source(self) -> str: ...


def unknown_sources(file: str, rows: Iterable[_Cited], sources: Mapping[str, Source]) -> Iterator[Problem]:
    """Rows of a table whose source is not in sources.toml; without that file any source may be named."""
    for row in rows:
        if not _is_known(row.source, sources):
            yield Problem(file, row.line, "source", row.source, _unknown(row.source, sources))


def _is_known(source: str, sources: Mapping[str, Source]) -> bool:
    return not source or not sources or source in sources


def _unknown(source: str, sources: Mapping[str, Source]) -> str:
    return f"unknown source{did_you_mean(source, sources)}; sources.toml has {listed(sources)}"


def _contains_itself(settings: Settings, endpoint: str) -> bool:
    seen: set[str] = set()
    above = endpoint
    while above and above not in seen:
        seen.add(above)
        above = settings.endpoints[above].part_of if above in settings.endpoints else ""
    return above == endpoint
