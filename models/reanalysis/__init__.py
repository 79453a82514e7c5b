"""Bayesian re-analysis of small cohorts that disagree, from what was printed.

>>> import reanalysis as ra
>>> evidence = ra.read_evidence("data/anakinra")
>>> ra.audit(evidence)
>>> fitted = ra.fit(evidence, "icans_any")
>>> ra.effects(fitted)

Heavy imports wait for their first use.
"""

from __future__ import annotations

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"effects", "sensitivity", "report"},  # packages that can be called
    submod_attrs={
        "sensitivity.entry": ["audit", "multiverse", "tipping_points"],
        "checks.entry": ["fit"],
        "model.specification": ["specification"],
        "evidence.folder": ["read_evidence"],
        "evidence.coverage": ["coverage", "modelled_endpoints"],
        "evidence.problems": ["InvalidInput"],
        "model.distributions": ["Distribution"],
        "model.selection": ["select"],
        "model.spec": ["ModelSpec", "Priors"],
        "report.analysis": ["analyse"],
        "report.figures.beyond": ["plot_beyond"],
        "report.figures.coverage": ["plot_coverage"],
        "report.figures.energy": ["plot_energy"],
        "report.figures.forest": ["plot_forest"],
        "report.figures.overview": ["plot_overview"],
        "report.figures.prior_posterior": ["plot_prior_posterior"],
        "report.figures.ranks": ["plot_ranks"],
        "report.figures.sensitivity": ["plot_sensitivity"],
        "report.figures.specification_curve": ["plot_specification_curve"],
        "report.figures.sbc_ecdf": ["plot_sbc_ecdf"],
    },
)
