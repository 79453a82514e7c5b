"""Bayesian re-analysis of small cohorts that disagree, from what was printed.

>>> import reanalysis as ra
>>> evidence = ra.read_evidence("data/anakinra")
>>> fitted = ra.fit_endpoint(evidence, "icans_any", engine="quadrature")

Heavy imports wait for their first use.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "evidence.folder": ["read_evidence"],
        "evidence.audit.ledger": ["audit"],
        "evidence.coverage": ["coverage", "modelled_endpoints"],
        "evidence.problems": ["InvalidInput"],
        "model.distributions": ["Distribution"],
        "model.selection": ["default_spec", "select"],
        "model.spec": ["ModelSpec", "Priors"],
        "engines.fit": ["fit"],
        "checks.checked_fit": ["fit_endpoint"],
        "sensitivity.first_set": ["sensitivity_set"],
        "sensitivity.scenario": ["as_table"],
        "report.analysis": ["analyse"],
        "report.build": ["build_report"],
    },
)
