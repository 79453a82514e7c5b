"""Rule: an external figure is the same wherever it is printed, and was checked against a published text."""

from __future__ import annotations

from collections.abc import Iterator

from reanalysis.evidence.audit.finding import Finding, rule
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.reading.table import grouped


@rule("benchmark")
def check_benchmarks(evidence: Evidence) -> Iterator[Finding]:
    """Benchmarks that sources print differently, and those that nobody checked."""
    for rows in grouped(evidence.benchmarks, lambda row: (row.product, row.endpoint, row.label)).values():
        used = next((row for row in rows if row.use == "primary"), None)
        for row in rows if used else ():
            assert used is not None
            if row.use == "context" and (row.percent, row.events) != (used.percent, used.events):
                message = (
                    f"{row.label} ({row.product}): {used.printed} by {used.source or 'its source'}, "
                    f"{row.printed} by {row.source or 'another'}"
                )
                yield Finding(
                    "benchmark", "warning", "", "", row.endpoint, message, (), f"{used.printed}", "benchmarks",
                    (used.line, row.line),
                )  # fmt: skip
    for row in evidence.benchmarks:
        if row.checked == "no" and row.use == "primary":
            message = f"{row.label} ({row.product}): {row.printed} was not checked against the published text"
            yield Finding(
                "benchmark", "info", "", "", row.endpoint, message, (), "a named control risk, and all-cohort",
                "benchmarks", (row.line,),
            )  # fmt: skip
