"""Bayesian re-analysis of small cohorts that disagree, from what was printed.

>>> import reanalysis as ra
>>> evidence = ra.read_evidence("data/anakinra")
>>> ra.audit(evidence)
>>> fitted = ra.fit(evidence, "icans_any")
>>> ra.effects(fitted)

Heavy imports wait for their first use; ``__init__.pyi`` lists and types the names.
"""

from __future__ import annotations

from importlib.metadata import version

import lazy_loader

from reanalysis import evidence as evidence  # callable: the function and the package of that name are one

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = version("reanalysis")
