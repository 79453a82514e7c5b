"""The ledger of the audit with what its findings do to the results, and what the authors are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from textwrap import shorten
from typing import Any

import pandas as pd

from reanalysis.alternatives.influence import BUDGET, Influence, influences
from reanalysis.alternatives.questions import Question, questions
from reanalysis.evidence.audit.finding import Finding
from reanalysis.evidence.audit.ledger import Ledger, require_consistent
from reanalysis.evidence.coverage import modelled_endpoints
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput, printable
from reanalysis.model.selection import select
from reanalysis.model.spec import ModelSpec

BUDGET_OF_ALL = 2000
"""Studies fitted for one ledger, some seconds."""

_SHOWN, _WIDEST = 20, 160
"""Findings and characters of a line that a terminal is given."""


@dataclass(frozen=True)
class WeighedLedger:
    """An audit with what its findings do to the results.

    Parameters
    ----------
    ledger : Ledger
        The findings.
    influences : tuple of Influence
        Largest first.
    questions : tuple of Question
        Those whose answer could move most first.
    not_weighed : dict of str to str
        Endpoints that cannot be fitted as they are, and why.
    """

    ledger: Ledger
    influences: tuple[Influence, ...]
    questions: tuple[Question, ...]
    not_weighed: dict[str, str]

    def shift(self, finding: Finding) -> float | None:
        """Largest change of P(log odds ratio < 0) that the finding's alternatives make, None where it has none."""
        return max((i.shift for i in self.influences if i.alternatives and i.concerns(finding)), default=None)

    def table(self) -> pd.DataFrame:
        """One row a finding, most severe first."""
        columns = ["severity", "kind", "where", "finding", "used as", "shift"]
        rows = [(f.severity, f.kind, f.where, f.message, f.used_as, self.shift(f)) for f in self.ledger.findings]
        return pd.DataFrame(rows, columns=columns)

    def to_frame(self) -> pd.DataFrame:
        """The same as :meth:`table`."""
        return self.table()

    def influence_table(self) -> pd.DataFrame:
        """One row an alternative that a finding leaves open, by how far it moves P(log odds ratio < 0)."""
        return pd.DataFrame(
            [
                {"kind": i["kind"], "endpoint": i["endpoint"], "arm": "/".join([*i["studies"], i["arm"]]).strip("/")}
                | outcome
                | {"shift": i["shift"]}
                for i in map(Influence.as_dict, self.influences)
                for outcome in (i["as_analysed"], *i["alternatives"])
            ]
        )

    def question_table(self) -> pd.DataFrame:
        """One row a question to the authors."""
        return pd.DataFrame([q.as_dict() for q in self.questions], columns=["study", "question", "endpoints", "shift"])

    def __repr__(self) -> str:
        counts = (f"{sum(f.severity == s for f in self.ledger.findings)} {s}s" for s in ("error", "warning"))
        notes = sum(f.severity == "info" for f in self.ledger.findings)
        above = [f for f in self.ledger.findings if f.severity != "info"]
        lines = [f"{f.severity} {f.where}: {f.message}" for f in above[:_SHOWN]]
        lines += [f"and {len(above) - _SHOWN} more"] if len(above) > _SHOWN else []
        asked = f"{len(self.questions)} questions: .question_table()"
        lines += [f"{', '.join(counts)}, {notes} notes: .table(); {asked}"]
        return "\n".join(shorten(printable(line), _WIDEST, placeholder=" \N{HORIZONTAL ELLIPSIS}") for line in lines)

    def _repr_html_(self) -> str:
        above = self.table().query("severity != 'info'")
        notes = len(self.ledger.findings) - len(above)
        return f"{above.to_html(index=False, float_format='{:.3f}'.format)}<p>and {notes} notes: .table()</p>"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the ledger, the shift of each finding, the influences and the questions."""
        plain = self.ledger.as_dict()
        for finding, found in zip(self.ledger.findings, plain["findings"], strict=True):
            found["shift"] = self.shift(finding)
        return plain | {
            "influence": [i.as_dict() for i in self.influences],
            "questions": [q.as_dict() for q in self.questions],
            "not_weighed": self.not_weighed,
        }


def weigh(
    evidence: Evidence,
    ledger: Ledger,
    spec: ModelSpec,
    influences_of: Callable[[str], Iterable[Influence]] | None = None,
) -> WeighedLedger:
    """Fit every endpoint under each alternative that the audit left open, by quadrature.

    Endpoints whose reports contradict themselves, or that need a declaration first, are not weighed.

    Parameters
    ----------
    influences_of : callable, optional
        Gives the influences on one endpoint, where they are known already.
    """
    budget, found, not_weighed = BUDGET_OF_ALL, list[Influence](), {}
    for endpoint in modelled_endpoints(evidence):
        try:
            require_consistent(evidence, (endpoint,), ledger)
            select(evidence, spec, endpoint)
        except InvalidInput as error:
            not_weighed[endpoint] = str(error)
            continue
        if influences_of is not None:
            found += influences_of(endpoint)
            continue
        fitted = influences(evidence, spec, endpoint, min(BUDGET, budget))
        budget -= sum(len(i.primary.studies) * (1 + len(i.alternatives)) for i in fitted)
        found += fitted
    found.sort(key=lambda one: -one.shift)
    return WeighedLedger(ledger, tuple(found), tuple(questions(evidence, ledger, found)), not_weighed)
