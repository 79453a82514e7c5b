"""What does an engine need to know of the evidence? The studies of one endpoint, ready to be modelled."""

from __future__ import annotations

from dataclasses import dataclass

from reanalysis.evidence.observation import Candidates


@dataclass(frozen=True)
class AdjustedRatio:
    """A log ratio with its standard error, taken as normal on the log scale."""

    log_ratio: float
    standard_error: float


@dataclass(frozen=True)
class StudyData:
    """One study as the likelihood sees it.

    Parameters
    ----------
    study : str
        Study id.
    control, treated : Candidates or None
        Observations of the arms, weighted arms already at their effective size; None where not observed.
    rho : float
        Intra-arm correlation of the study's design, 0 for none.
    adjusted : AdjustedRatio or None
        Replaces the arms in the adjusted route.
    """

    study: str
    control: Candidates | None
    treated: Candidates | None
    rho: float
    adjusted: AdjustedRatio | None = None

    def __post_init__(self) -> None:
        if self.adjusted is None and self.control is None and self.treated is None:
            raise ValueError(f"study {self.study!r} has no observation")
        if not (self.rho == 0 or 1e-6 <= self.rho < 1):
            raise ValueError(f"rho must be 0 or lie in [0.000001, 1): {self.rho}")

    @property
    def comparative(self) -> bool:
        """Whether the study compares two arms of its own (or reports their ratio)."""
        return self.adjusted is not None or not (self.control is None or self.treated is None)


@dataclass(frozen=True)
class ModelData:
    """The studies of one endpoint in a fixed order (sorted by id, so that row order changes nothing)."""

    endpoint: str
    studies: tuple[StudyData, ...]

    def __post_init__(self) -> None:
        if not self.studies:
            raise ValueError(f"no study informs {self.endpoint!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """Study ids in order."""
        return tuple(s.study for s in self.studies)

    @property
    def comparative(self) -> tuple[str, ...]:
        """Ids of the comparative studies."""
        return tuple(s.study for s in self.studies if s.comparative)
