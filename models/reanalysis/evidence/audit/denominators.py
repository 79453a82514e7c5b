"""Rule: the denominators that percentages without n allow together, by a search of all up to n_max."""

from __future__ import annotations

from collections.abc import Iterator

from reanalysis.evidence.audit.finding import Finding, allowed, rule
from reanalysis.evidence.candidates.narrowing import latent_solutions
from reanalysis.evidence.candidates.observation import NoCandidates, denominator_prior
from reanalysis.evidence.candidates.possible import bound_of, denominator_of, latent_rows
from reanalysis.evidence.candidates.printing import CONVENTIONS, Solution
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import listed
from reanalysis.evidence.reading.arms import counts_text


@rule("denominator")
def check_denominators(evidence: Evidence) -> Iterator[Finding]:
    """Feasible shared denominators of every arm that reports percentages without n."""
    arms = sorted({(r.study, r.arm) for r in evidence.arms if r.modelled and r.n is None})
    for study, arm in arms:
        rows = latent_rows(evidence, study, arm)
        printed = "; ".join(f"{evidence.endpoint_label(r.endpoint)} {r.printed}" for r in rows)
        endpoints = sorted({r.endpoint for r in rows})
        lines = tuple(r.line for r in rows)
        bound = bound_of(evidence, study, arm)
        solutions, convention = latent_solutions(evidence, study, arm)
        endpoint = endpoints[0] if len(endpoints) == 1 else ""
        if not solutions:
            yield Finding(
                "denominator", "error", study, arm, endpoint,
                f"no denominator up to {bound} allows {printed} together", lines=lines,
                used_as="refused until n_max is raised or readings are declared",
            )  # fmt: skip
            continue
        unique = len(solutions) == 1
        message = (
            f"n is not printed; {printed} allow n = {solutions[0].n} only (up to {bound})"
            if unique
            else f"n is not printed; {printed} allow {len(solutions)} denominators up to {bound}"
        )
        usual = convention == CONVENTIONS[0]
        if not usual:
            message += f", under {convention}"
        if guessed := bound is not None and bound.basis == "other arm":
            message += "; the arms may differ in size: declare n_max"
        sizes = [s.n for s in solutions]
        weights = denominator_of(evidence, study, arm).weight
        if beyond := [f"{n} ({w:g})" for n, w in weights.items() if n not in sizes]:
            message += f"; declared weight falls on sizes that the figures rule out: {listed(beyond)}"
        yield Finding(
            "denominator", "info" if usual and not guessed and not beyond else "warning", study, arm, endpoint, message,
            feasible=allowed(_texts(evidence, study, arm, solutions), len(solutions)), lines=lines,
            used_as="the deduced denominator" if unique else "a mixture over these denominators",
        )  # fmt: skip


def _texts(evidence: Evidence, study: str, arm: str, solutions: tuple[Solution, ...]) -> Iterator[str]:
    """Each size with its weight, and the counts that it allows."""
    try:
        prior = denominator_prior(evidence, study, arm, [s.n for s in solutions])
    except NoCandidates:  # what a fit refuses
        prior = {}
    for solution in solutions:
        counts = "; ".join(f"{evidence.endpoint_label(e)} {counts_text(x)}" for e, x in sorted(solution.counts.items()))
        yield f"n = {solution.n} (weight {prior.get(solution.n, 0):.3g}): {counts}"
