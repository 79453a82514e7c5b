"""Many designs: evaluated in batches anywhere, continued after an interruption, and searched for the smallest."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import reanalysis
from reanalysis.decisions.next_trial import Operating, assurance, evaluate, power
from reanalysis.decisions.trial_design import Design, treated_patients
from reanalysis.engines.batches import Progress, Store, in_batches

_ALONE, _TOGETHER = 100, 50
"""Designs up to which each is a batch of its own, and designs in a batch of more."""

MOST_SEARCHED = 1_000_000
"""Outcomes up to which a smallest trial is looked for: about 1,000 patients an arm."""

_FIRST = 8
_WINDOW = 12
"""Sizes in a row that miss a target before smaller ones are given up: power is a sawtooth in the size."""


def evaluate_all(
    designs: Sequence[Design],
    executor: Executor | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> list[Operating]:
    """Operating characteristics of designs, in their order; the same bits wherever they are computed.

    Parameters
    ----------
    executor : Executor, optional
        What runs the batches, local processes or those of a cluster; by default this process.
    folder : Path, optional
        Where finished batches are kept, from which an interrupted run goes on.
    progress : callable, optional
        Called with the number of designs done and of all.
    """
    size = 1 if len(designs) <= _ALONE else _TOGETHER
    store = None if folder is None else Store(folder, _key(designs))
    found = in_batches(_evaluated, designs, size=size, executor=executor, store=store, progress=progress)
    return [Operating(**one) for one in found]


def _evaluated(designs: Sequence[Design]) -> list[dict[str, Any]]:
    return [evaluate(design).as_dict() for design in designs]


def _key(designs: Sequence[Design]) -> str:
    """What the results depend on: the designs, and the code that evaluates them."""
    code = hashlib.sha256()
    package = Path(reanalysis.__file__).parent
    for room in ("model", "engines", "estimands", "decisions"):
        for path in sorted((package / room).rglob("*.py")):
            code.update(path.read_bytes())
    asked = hashlib.sha256(b"".join(pickle.dumps(design) for design in designs))
    return json.dumps([code.hexdigest(), asked.hexdigest()])


@dataclass(frozen=True)
class Smallest:
    """The smallest trial that reaches a target."""

    of: str
    """``assurance``, or a truth as it was written."""
    target: float
    """Probability of success to be reached."""
    threshold: float
    ratio: float
    """Of the rule, and treated patients per control."""
    n_control: int | None
    n_treated: int | None
    """Patients of each arm; None where no size searched reaches it."""
    reached: float
    """Probability of success with so many, or with the most that were searched."""
    searched: int
    """Patients of the control arm up to which sizes were searched."""


def smallest(design: Design, ratio: float, target: float) -> list[Smallest]:
    """The smallest trial with which the assurance, and the power at each truth, reach a target.

    Power is a sawtooth in the size: the one found is the smallest of all that reach the target within reach of where it
    first does, and a few of the sizes above it may miss it by a little. ``design`` may have any size.
    """
    known: dict[tuple[str, int], float] = {}
    measures: dict[str, Callable[[Design], float]] = {"assurance": assurance}
    for truth in design.truths:
        measures[truth.text] = lambda sized, truth=truth: power(sized, truth)  # type: ignore[misc]

    def reached(of: str, n: int) -> float:
        if (of, n) not in known:
            known[of, n] = measures[of](design.sized(n, ratio))
        return known[of, n]

    least = next(n for n in count(1) if treated_patients(n, ratio) >= 1)
    most = int((MOST_SEARCHED / ratio) ** 0.5) - 1
    return [_smallest(of, reached, design, ratio, target, least, most) for of in measures]


def _smallest(
    of: str, reached: Callable[[str, int], float], design: Design, ratio: float, target: float, least: int, most: int
) -> Smallest:
    high = max(_FIRST, least)
    while high < most and reached(of, high) < target:
        high = min(2 * high, most)
    if reached(of, high) < target:
        return Smallest(of, target, design.rule.threshold, ratio, None, None, reached(of, high), most)
    low = max(high // 2, least)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(of, middle) >= target else (middle, high)
    found, n = high, high
    while n > least and n > found - _WINDOW:
        n -= 1
        if reached(of, n) >= target:
            found = n
    n_treated = design.sized(found, ratio).n_treated
    return Smallest(of, target, design.rule.threshold, ratio, found, n_treated, reached(of, found), most)
