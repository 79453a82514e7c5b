"""The next trial: from a request to designs with their operating characteristics, as values, tables and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from reanalysis.decisions.design_grid import Smallest, evaluate_all, smallest
from reanalysis.decisions.design_request import Request, trial_request
from reanalysis.decisions.logit_pairs import LogitPairs, Scale
from reanalysis.decisions.next_trial import Operating, evpi
from reanalysis.decisions.trial_design import Design, Side
from reanalysis.engines.batches import Progress
from reanalysis.estimands.beta_mixture import BetaMixture
from reanalysis.evidence.evidence import Evidence
from reanalysis.model.distributions import Distribution

Analysis = Literal["contrast", "arms"]

StatedPriors = Mapping[str, str | Distribution | BetaMixture] | Iterable[str]
"""Priors by name, or texts ``NAME=DISTRIBUTION``."""


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


def design(
    evidence: Evidence,
    endpoint: str,
    n: int | Iterable[int] | str | None = None,
    *,
    ratio: float | Iterable[float] = 1.0,
    analysis: Analysis = "contrast",
    priors: StatedPriors | None = None,
    threshold: float | Iterable[float] = 0.95,
    margin: float | None = None,
    scale: Scale = "rd",
    side: Side | None = None,
    no_go: float | None = None,
    truth: str | Iterable[str] = (),
    baseline: float | str | None = None,
    design_prior: StatedPriors | None = None,
    worthwhile: float = 0.0,
    target: float | None = None,
    width: bool = True,
    executor: Executor | None = None,
    store: Path | str | None = None,
    progress: Progress | None = None,
) -> Designs:
    """Operating characteristics of a randomised two-arm trial with a binary endpoint, by enumeration of all outcomes.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    endpoint : str
        Endpoint id.
    n : int or several, optional
        Patients of the control arm, one design each; may be left out where a target is asked for.
    ratio : float or several
        Treated patients per control.
    analysis : {"contrast", "arms"}
        A vague baseline and a prior of the effect, or independent rates of the arms.
    priors : mapping or texts ``NAME=DISTRIBUTION``, optional
        ``contrast``: ``mu`` (log odds ratio) and ``baseline``, by default the folder's. ``arms``: ``control``, by
        default the folder's robust MAP prior, and ``treated``, by default beta(1,1). Beside distributions, ``today`` is
        the folder's posterior and ``robust`` the same with a vague component of weight 0.2; mixtures as
        ``0.8*beta(33.9,103)+0.2*beta(1,1)``.
    threshold : float or several
        The trial succeeds where P(effect beyond the margin) exceeds it.
    margin : float, optional
        A risk difference or odds ratio, treated against control; by default no effect.
    scale : {"rd", "or"}
        Of the margin, and of the interval whose width is expected.
    side : {"lower", "higher", "both"}, optional
        Where an effect counts: by default on the better side of the endpoint, else on that of the truths, else on both.
    no_go : float, optional
        The trial says no where that probability is below it; a grey zone lies between.
    truth : str or several
        Effects at which the power is computed: ``OR=0.5``, ``RD=-0.1``.
    baseline : float or str, optional
        Control risk of the truths and of the type I error, as a proportion or the label of a baseline of the folder; if
        it is given, the design prior has it too. By default the first baseline of the endpoint, else the mean of the
        MAP prior.
    design_prior : mapping or texts, optional
        ``mu`` and ``control``, or ``control`` and ``treated``: over what the power is averaged. By default the effect
        of a new study today, and the MAP prior of the control rate.
    worthwhile : float
        Smallest risk difference, at or above 0, that is worth the treatment: for the value of information.
    target : float, optional
        Probability of success for which the smallest trials are sought.
    width : bool
        Whether to compute the expected width of the interval.
    executor : Executor, optional
        What runs many designs; by default this process.
    store : Path or str, optional
        Folder of finished batches, from which an interrupted run goes on.
    progress : callable, optional
        Called with the number of designs done and of all.

    Returns
    -------
    Designs
        ``.to_frame()`` has a row a design, ``.as_dict()`` what ``reanalysis design --format json`` prints.

    Raises
    ------
    InvalidInput
        With everything that is wrong with the request.
    EngineError
        If today's posterior cannot be computed.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> found = ra.design(evidence, "icans_any", n=(20, 40), truth="OR=0.5", baseline=0.35, width=False)
    >>> found.to_frame().shape[0]
    2
    """
    request = trial_request(
        evidence, endpoint, n=n, ratio=ratio, analysis=analysis, priors=priors, threshold=threshold, margin=margin,
        scale=scale, side=side, no_go=no_go, truth=truth, baseline=baseline, design_prior=design_prior,
        worthwhile=worthwhile, target=target, width=width,
    )  # fmt: skip
    return answer(request, executor, store, progress)


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
