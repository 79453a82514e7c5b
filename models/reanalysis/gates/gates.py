"""The list of gates that a sampled posterior passes before it is published."""

from __future__ import annotations

from collections.abc import Callable

from reanalysis.engines.posterior import Posterior
from reanalysis.gates.agreement import check_agreement
from reanalysis.gates.convergence import check_convergence, check_effective_sample
from reanalysis.gates.hamiltonian import check_divergences, check_energy
from reanalysis.gates.result import CheckResult

OF_DRAWS: tuple[Callable[[Posterior], CheckResult], ...] = (
    check_convergence,
    check_effective_sample,
    check_divergences,
    check_energy,
)
"""Of the draws alone, in the order of reports."""

OF_TWO_ENGINES: tuple[Callable[[Posterior, Posterior], CheckResult], ...] = (check_agreement,)
"""Of the draws against the same posterior by quadrature."""


def gates(posterior: Posterior, quadrature: Posterior | None = None) -> tuple[CheckResult, ...]:
    """Gates of a NUTS posterior, with its quadrature twin where there is one; quadrature alone has none to fail.

    A quadrature posterior that its grid cannot hold raises while it is computed.
    """
    if posterior.engine != "nuts":
        return ()
    own = tuple(check(posterior) for check in OF_DRAWS)
    return own if quadrature is None else (*own, *(check(posterior, quadrature) for check in OF_TWO_ENGINES))
