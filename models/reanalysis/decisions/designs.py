"""From a request to designs with their operating characteristics."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from reanalysis.decisions.design_grid import evaluate_all, smallest
from reanalysis.decisions.design_request import Request, trial_request
from reanalysis.decisions.design_result import Designs
from reanalysis.decisions.logit_pairs import LogitPairs
from reanalysis.decisions.next_trial import evpi
from reanalysis.decisions.trial_design import Design
from reanalysis.engines.batches import Progress
from reanalysis.evidence.evidence import Evidence


def designs(
    evidence: Evidence,
    endpoint: str,
    *,
    executor: Executor | None = None,
    store: Path | str | None = None,
    progress: Progress | None = None,
    **choices: Any,
) -> Designs:
    """Operating characteristics of the designs that are asked for; see :func:`reanalysis.api.design`."""
    return answer(trial_request(evidence, endpoint, **choices), executor, store, progress)


def answer(
    request: Request,
    executor: Executor | None = None,
    store: Path | str | None = None,
    progress: Progress | None = None,
) -> Designs:
    """The designs of a request; where only a target is asked for, those of the smallest trials found."""
    found = tuple(one for design, ratio in request.searches for one in smallest(design, ratio, request.target or 0.0))
    asked = request.designs or tuple(
        dict.fromkeys(
            design.sized(one.n_control, ratio)
            for design, ratio in request.searches
            for one in found
            if one.n_control is not None and (one.threshold, one.ratio) == (design.rule.threshold, ratio)
        )
    )
    folder = None if store is None else Path(store)
    operating = evaluate_all(asked, executor, folder, progress)
    known = (request.designs or tuple(design for design, _ in request.searches))[0]
    return Designs(request.endpoint, tuple(operating), found, evpi(known), _today(known), request.spec)


def _today(design: Design) -> dict[str, float]:
    """Probability under the design prior of an effect beyond the margin, by side."""
    pairs = LogitPairs.of(design.design_prior, 50, 50)
    above = {side: pairs.prior_above(design.rule.scale, margin) for side, margin in design.rule.margins.items()}
    return {side: 1 - chance if side == "lower" else chance for side, chance in above.items()}
