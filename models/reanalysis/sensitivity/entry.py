"""How does a notebook vary one choice at a time, or weigh an audit? Tables of everything the report shows."""

from __future__ import annotations

from typing import Any

import pandas as pd

from reanalysis.evidence.audit import ledger
from reanalysis.evidence.folder import Evidence
from reanalysis.model.selection import default_spec
from reanalysis.model.specification import specification
from reanalysis.sensitivity.first_set import sensitivity_set
from reanalysis.sensitivity.scenario import as_table
from reanalysis.sensitivity.weighed_ledger import WeighedLedger, weigh


def audit(evidence: Evidence) -> WeighedLedger:
    """Check every printed figure, and weigh what the findings do to the results.

    Returns
    -------
    WeighedLedger
        ``.table()`` lists the findings, ``.influence_table()`` what they move, ``.question_table()`` what to ask.
    """
    return weigh(evidence, ledger.audit(evidence), default_spec(evidence))


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
    groups = sensitivity_set(evidence, specification(evidence, **choices), endpoint)
    return as_table([outcome for outcomes in groups.values() for outcome in outcomes])
