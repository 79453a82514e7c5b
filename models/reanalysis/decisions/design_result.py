"""Designs with what they do, as values, tables and JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from reanalysis.decisions.design_grid import Smallest
from reanalysis.decisions.next_trial import Operating


@dataclass(frozen=True)
class Designs:
    """Operating characteristics of one or more designs of the next trial.

    Parameters
    ----------
    endpoint : str
        Endpoint id.
    designs : tuple of Operating
        In the order of n, ratio and threshold.
    smallest : tuple of Smallest
        The smallest trials that reach a target, where one was asked for.
    evpi : float or None
        Expected value of perfect information, in events per patient; None without a good side.
    today : dict
        Today's probabilities of an effect beyond the margin, by side: limits of what any trial can be expected to show.
    spec : dict
        Everything that determines the result.
    """

    endpoint: str
    designs: tuple[Operating, ...]
    smallest: tuple[Smallest, ...]
    evpi: float | None
    today: dict[str, float]
    spec: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "endpoint": self.endpoint,
            "designs": [design.as_dict() for design in self.designs],
            "smallest": [asdict(one) for one in self.smallest],
            "evpi": self.evpi,
            "probability_beyond_margin": self.today,
            "spec": self.spec,
        }

    def to_frame(self) -> pd.DataFrame:
        """One row a design: its size, threshold, assurance, errors and power, expected width and EVSI."""
        rows: list[dict[str, Any]] = [
            {
                "n_control": one.n_control,
                "n_treated": one.n_treated,
                "threshold": one.threshold,
                "assurance": one.assurance,
                "type_1_error": one.type_1_error,
            }
            | {f"power {truth}": chance for truth, chance in one.power.items()}
            | {"expected_width": one.expected_width, "evsi": one.evsi}
            for one in self.designs
        ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return f"Designs of a trial of {self.endpoint}: {self.spec['rule']}\n{self.to_frame().round(3)}"

    def _repr_html_(self) -> str:
        return f"<p>{self.spec['rule']}</p>{self.to_frame().to_html(index=False)}"
