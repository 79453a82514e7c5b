"""What somebody asks of a report beside the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reanalysis.model.spec import Engine


@dataclass(frozen=True)
class Request:
    """Choices of a report."""

    engine: Engine = "nuts"  # whether NUTS checks the published posteriors, which are those of quadrature
    seed: int | None = None  # instead of the folder's
    all_models: bool = False
    """Whether the models without quadrature are sampled as well, for what they say of each endpoint of the first page.
    """
