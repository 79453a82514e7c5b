"""The next trial as a report plans it: what trials of declared sizes would conclude, and the same over the size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reanalysis.decisions.design_request import Request, trial_request
from reanalysis.decisions.designs import Designs, answer
from reanalysis.decisions.trial_design import Design, Truth
from reanalysis.engines.errors import EngineError
from reanalysis.evidence.evidence import Evidence
from reanalysis.evidence.problems import InvalidInput

_SIZES = 20
"""Of a curve."""


@dataclass(frozen=True)
class PlannedTrial:
    """Randomised trials of two equal arms that look for fewer events and for more."""

    trials: Designs
    """Of the sizes that are asked for."""
    curve: Designs
    """Of 20 sizes up to the largest, without the width of the interval."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        of_curve = [
            {name: getattr(one, name) for name in ("n_control", "n_treated", "conclusions", "type_1_error", "evsi")}
            for one in self.curve.designs
        ]
        return self.trials.as_dict() | {"curve": of_curve}


def planned_trial(evidence: Evidence, endpoint: str, patients: tuple[int, ...]) -> PlannedTrial:
    """Trials of one endpoint, at its first control risk, under what its studies say today.

    The trial concludes fewer events with treatment, or more, where their posterior probability exceeds 0.95 under the
    folder's own prior. Its power is told where the risks differ by each margin of the endpoint, either way, as far as
    the control risk leaves room.

    Parameters
    ----------
    evidence : Evidence
        The folder, or the part of it that matters to the endpoint.
    patients : tuple of int
        Of both arms together, even.

    Raises
    ------
    InvalidInput
        If nothing is known of the endpoint.
    EngineError
        If today's posterior cannot be computed.
    """
    arms = tuple(n // 2 for n in patients)
    curve = sorted({max(1, round(n)) for n in np.linspace(max(arms) / _SIZES, max(arms), _SIZES)})
    request = trial_request(evidence, endpoint, n=(*arms, *curve), side="both")
    truths = tuple(_truths(evidence.endpoint(endpoint).margins, request.designs[0].baseline))
    designs = [replace(design, truths=truths) for design in request.designs]
    told = {one.text: {"control_risk": one.control, "treated_risk": one.treated} for one in truths}
    request = replace(request, spec=request.spec | {"truths": told})
    return PlannedTrial(_answered(request, designs[: len(arms)], True), _answered(request, designs[len(arms) :], False))


def trial_or_reason(evidence: Evidence, endpoint: str, patients: tuple[int, ...]) -> PlannedTrial | str:
    """The same, or why there is none: a report is published without it."""
    try:
        return planned_trial(evidence, endpoint, patients)
    except (EngineError, InvalidInput) as error:
        return str(error)


def _truths(margins: tuple[float, ...], control: float) -> Iterator[Truth]:
    """From the largest difference below to the largest above."""
    for points in sorted({sign * margin for margin in margins for sign in (-1, 1)}):
        if 0 < control + points / 100 < 1:
            yield Truth(f"RD={points / 100:g}", control, control + points / 100)


def _answered(request: Request, designs: list[Design], width: bool) -> Designs:
    return answer(replace(request, designs=tuple(replace(design, width=width) for design in designs)))
