"""What somebody asks of a report beside the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reanalysis.model.spec import Engine


@dataclass(frozen=True)
class Request:
    """Choices of a report.

    Parameters
    ----------
    engine : {"nuts", "quadrature"}
        Whether NUTS checks the published posteriors, which are those of quadrature.
    seed : int, optional
        Instead of the folder's.
    all_models : bool
        Whether the models without quadrature are sampled as well, for what they say of each endpoint of the first page.
    """

    engine: Engine = "nuts"
    seed: int | None = None
    all_models: bool = False
