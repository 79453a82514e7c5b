"""Which effect stands for an endpoint? The average with two comparisons or more, else the one study's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reanalysis.engines.marginal import Marginal
from reanalysis.engines.posterior import Posterior


@dataclass(frozen=True)
class Headline:
    """The effect reported first.

    Parameters
    ----------
    kind : {"average", "single study"}
        Whether several studies were averaged.
    study : str or None
        The one study.
    comparative : tuple of str
        Studies that compare two arms.
    log_odds_ratio : Marginal
        Its posterior.
    """

    kind: Literal["average", "single study"]
    study: str | None
    comparative: tuple[str, ...]
    log_odds_ratio: Marginal


def headline(posterior: Posterior) -> Headline:
    """Headline of a ``contrast`` posterior.

    Raises
    ------
    ValueError
        Without pooling there is no average of several studies.
    """
    comparative = posterior.data.comparative
    if len(comparative) == 1 and len(posterior.data.studies) == 1:
        study = comparative[0]
        return Headline("single study", study, comparative, posterior.study[study]["log_odds_ratio"])
    if "log_odds_ratio" not in posterior.overall:
        raise ValueError("without pooling, several studies have no average effect")
    return Headline("average", None, comparative, posterior.overall["log_odds_ratio"])
