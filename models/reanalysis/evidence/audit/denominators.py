"""Which denominators do percentages without n allow together? A search of all up to n_max."""

from __future__ import annotations

from collections.abc import Iterator

from reanalysis.evidence.audit.finding import Finding, allowed, counts_text
from reanalysis.evidence.feasible import Solution
from reanalysis.evidence.folder import Evidence
from reanalysis.evidence.latent import latent_rows, n_max
from reanalysis.evidence.narrowing import latent_solutions
from reanalysis.evidence.printing import CONVENTIONS


def check_denominators(evidence: Evidence) -> Iterator[Finding]:
    """Feasible shared denominators of every arm that prints percentages without n."""
    arms = sorted({(r.study, r.arm) for r in evidence.arms if r.modelled and r.n is None})
    for study, arm in arms:
        rows = latent_rows(evidence, study, arm)
        printed = ", ".join(f"{r.endpoint} {r.printed}" for r in rows)
        endpoints = sorted({r.endpoint for r in rows})
        lines = tuple(r.line for r in rows)
        top = n_max(evidence, study, arm)
        solutions, convention = latent_solutions(evidence, study, arm)
        endpoint = endpoints[0] if len(endpoints) == 1 else ""
        if not solutions:
            yield Finding(
                "denominator", "error", study, arm, endpoint,
                f"no denominator up to {top} allows {printed} together", lines=lines,
                used_as="refused until n_max is raised or readings are declared",
            )  # fmt: skip
            continue
        unique = len(solutions) == 1
        message = (
            f"n is not printed; {printed} allow n = {solutions[0].n} only (up to {top})"
            if unique
            else f"n is not printed; {printed} allow {len(solutions)} denominators up to {top}"
        )
        usual = convention == CONVENTIONS[0]
        if not usual:
            message += f", under {convention}"
        yield Finding(
            "denominator", "info" if usual else "warning", study, arm, endpoint, message,
            feasible=allowed((_text(s) for s in solutions), len(solutions)), lines=lines,
            used_as="the deduced denominator" if unique else "a mixture over these denominators",
        )  # fmt: skip


def _text(solution: Solution) -> str:
    counts = ", ".join(f"{name} {counts_text(found)}" for name, found in sorted(solution.counts.items()))
    return f"n = {solution.n}: {counts}"
