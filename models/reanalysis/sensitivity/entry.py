"""How does a notebook vary one choice at a time, or weigh an audit? Tables of everything the report shows."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import asdict
from typing import Any

import pandas as pd

from reanalysis.evidence.audit import ledger
from reanalysis.evidence.folder import Evidence
from reanalysis.model.specification import specification
from reanalysis.sensitivity.first_set import sensitivity_set
from reanalysis.sensitivity.multiverse import multiverse as crossed
from reanalysis.sensitivity.multiverse.multiverse import MOST, Multiverse
from reanalysis.sensitivity.scenario import as_table
from reanalysis.sensitivity.tipping import points
from reanalysis.sensitivity.weighed_ledger import WeighedLedger, weigh


def audit(evidence: Evidence) -> WeighedLedger:
    """Check every printed figure, and weigh what the findings do to the results.

    Returns
    -------
    WeighedLedger
        ``.table()`` lists the findings, ``.influence_table()`` what they move, ``.question_table()`` what to ask.
    """
    spec = specification(evidence)
    return weigh(evidence, ledger.audit(evidence), spec)


def sensitivity(evidence: Evidence, endpoint: str, **choices: Any) -> pd.DataFrame:
    """The headline under every alternative that the report shows, leave-one-out first, by quadrature.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    **choices
        As of :func:`reanalysis.model.specification.specification`: what the alternatives are alternatives to.

    Returns
    -------
    DataFrame
        One row an alternative: ``group``, ``choice``, odds ratios and probabilities; what is not defined is NaN.
    """
    groups = sensitivity_set(evidence, specification(evidence, endpoint, **choices), endpoint)
    return as_table([outcome for outcomes in groups.values() for outcome in outcomes])


def multiverse(
    evidence: Evidence, endpoint: str, executor: Executor | None = None, most: int = MOST, **choices: Any
) -> Multiverse:
    """Every combination of the choices, fitted by quadrature.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    executor : Executor, optional
        What runs the fits; by default this process.
    most : int
        Combinations of choices about the evidence; a choice that would make more is held, and named in ``.held``.
    **choices
        As of :func:`reanalysis.model.specification.specification`: the primary specification.

    Returns
    -------
    Multiverse
        ``.table`` has one row a specification.
    """
    return crossed.multiverse(
        evidence, endpoint, specification(evidence, endpoint, **choices), executor=executor, most=most
    )


def tipping_points(evidence: Evidence, endpoint: str, **choices: Any) -> pd.DataFrame:
    """The value of each assumption at which P(benefit) or P(harm) crosses 0.5, 0.8 and 0.95.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    **choices
        As of :func:`reanalysis.model.specification.specification`: the primary specification.

    Returns
    -------
    DataFrame
        One row an assumption, side and threshold; ``value`` is missing where none from ``low`` to ``high`` crosses it.
    """
    return pd.DataFrame(
        [asdict(p) for p in points.tipping_points(evidence, endpoint, specification(evidence, endpoint, **choices))]
    )
