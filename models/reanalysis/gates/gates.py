"""May a posterior be published? All gates of one fit."""

from __future__ import annotations

from reanalysis.engines.posterior import Posterior
from reanalysis.gates.agreement import check_agreement
from reanalysis.gates.convergence import check_convergence
from reanalysis.gates.divergences import check_divergences
from reanalysis.gates.effective_sample import check_effective_sample
from reanalysis.gates.energy import check_energy
from reanalysis.gates.result import CheckResult


def gates(posterior: Posterior, quadrature: Posterior | None = None) -> tuple[CheckResult, ...]:
    """Gates of a NUTS posterior, with its quadrature twin where there is one; quadrature alone has none to fail.

    A quadrature posterior that its grid cannot hold raises while it is computed.
    """
    if posterior.engine != "nuts":
        return ()
    results = (
        check_convergence(posterior),
        check_effective_sample(posterior),
        check_divergences(posterior),
        check_energy(posterior),
    )
    return results if quadrature is None else (*results, check_agreement(posterior, quadrature))
