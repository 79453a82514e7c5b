"""The studies of one endpoint, ready to be modelled: all that an engine knows of the evidence."""

from __future__ import annotations

from dataclasses import dataclass, field

from reanalysis.evidence.candidates.candidates import Candidates, Silence, silence
from reanalysis.evidence.problems import listed
from reanalysis.evidence.reading.contrasts import Claim
from reanalysis.model.distributions import Distribution


@dataclass(frozen=True)
class AdjustedRatio:
    """A log ratio with its standard error, taken as normal on the log scale."""

    log_ratio: float
    standard_error: float


@dataclass(frozen=True)
class Benchmark:
    """An external rate that stands in for the control a study lacks, as a robust mixture prior of its baseline."""

    candidates: Candidates
    """What was reported of it."""
    rho: float
    """Discount for coming from elsewhere."""
    share: float
    """Prior weight of the benchmark; the rest is the vague baseline's."""


@dataclass(frozen=True)
class Part:
    """A part of a treated arm, whose covariates are its own."""

    subgroup: str
    """As the evidence names it."""
    candidates: Candidates
    """What was reported of it."""
    covariates: tuple[float, ...]
    """As those of :class:`StudyData`."""


@dataclass(frozen=True)
class Told:
    """What a source says of a comparison in words, without figures of both arms."""

    claims: tuple[Claim, ...]
    """What it says of the treated arm against the control arm; all of it holds."""
    alpha: float
    points: float
    """Level of the test, and percentage points within which rates are similar."""
    baseline: Distribution
    """Prior of the study's own baseline: the mean of its two logits, or its control logit beside a benchmark."""
    benchmark: Benchmark | None = None
    """What its control rate is likely to be."""

    @property
    def below(self) -> float:
        """Share of the study's effect by which its control logit lies below its baseline."""
        return 0.5 if self.benchmark is None else 0.0


@dataclass(frozen=True)
class StudyData:
    """One study as the likelihood sees it.

    Parameters
    ----------
    study : str
        Study id.
    control, treated : Candidates or None
        Observations of the arms, weighted arms already at their effective size; None where not observed. Of a study
        that is told in words: the counts of which they are said, every count of its size of an arm without figures.
    rho : float
        Intra-arm correlation of the study's design, 0 for none.
    adjusted : AdjustedRatio or None
        Replaces the arms in the adjusted route.
    bias, bias_mean : float
        SD and mean of the additive bias of the study's effect, in log odds (``bias``).
    benchmark : Benchmark or None
        What its baseline is likely to be, where its control is missing (``all-cohort``).
    covariates : tuple of float
        One for each moderator, less the moderator's centre; of a study with parts the mean of theirs (``moderated``).
    parts : tuple of Part
        Parts of the treated arm, two or more, which then stand in its place.
    told : Told or None
        What is said of the arms in words, in place of their counts.
    """

    study: str
    control: Candidates | None
    treated: Candidates | None
    rho: float
    adjusted: AdjustedRatio | None = None
    bias: float = 0.0
    benchmark: Benchmark | None = None
    covariates: tuple[float, ...] = ()
    parts: tuple[Part, ...] = ()
    bias_mean: float = 0.0
    told: Told | None = None

    def __post_init__(self) -> None:
        if all(known is None for known in (self.adjusted, self.control, self.treated, self.benchmark)):
            raise ValueError(f"study {self.study!r} has no observation")
        if not (self.rho == 0 or 1e-6 <= self.rho < 1):
            raise ValueError(f"rho must be 0 or lie in [0.000001, 1): {self.rho}")
        if not 0 <= self.bias < float("inf"):
            raise ValueError(f"the SD of a bias is at least 0: {self.bias}")
        if self.benchmark is not None and self.control is not None:
            raise ValueError(f"study {self.study!r} has a control and needs no benchmark")
        if self.told is not None and (self.control is None or self.treated is None):
            raise ValueError(f"study {self.study!r} is told in words: both arms need the counts that are possible")

    @property
    def counted(self) -> bool:
        """Whether its arms reported counts, so that their rates have a posterior; not a ratio, nor words alone."""
        return self.adjusted is None and self.told is None

    def observed(self, arm: str) -> Candidates | None:
        """What an arm reported; ``treated``, ``treated_2`` and so on are the parts of a treated arm that has parts."""
        if arm == "control":
            return self.control
        part = int(arm.partition("_")[2] or 1) - 1
        if self.parts:
            return self.parts[part].candidates if part < len(self.parts) else None
        return self.treated if part == 0 else None

    @property
    def silence(self) -> Silence | None:
        """Why the study says nothing of a ratio, None where it does; a benchmark stands in for a missing control."""
        control = self.benchmark.candidates if self.benchmark else self.control
        return silence(control, self.treated) if self.counted else None

    @property
    def plain(self) -> bool:
        """Whether it is whole counts of both arms as they were reported: no discount, nothing latent.

        Or a ratio, or words: what no baseline of the others bears on.
        """
        if not self.counted:
            return True
        arms = (self.control, self.treated)
        whole = all(
            arm is not None and arm.certain and (*arm.events, *arm.n) == tuple(map(round, (*arm.events, *arm.n)))
            for arm in arms
        )
        return whole and self.rho == 0 and self.bias == 0 and self.bias_mean == 0

    @property
    def comparative(self) -> bool:
        """Whether the study compares two arms of its own (or reports their ratio, or what is said of them in words)."""
        return self.adjusted is not None or not (self.control is None or self.treated is None)


@dataclass(frozen=True)
class Moderator:
    """A covariate of studies, and the values of it at which effects are asked for."""

    name: str
    label: str
    """Id, and name for readers."""
    centre: float
    """Value at which the average is the effect."""
    values: tuple[tuple[str, float], ...]
    """Named values."""


@dataclass(frozen=True, repr=False)
class ModelData:
    """The studies of one endpoint in a fixed order (sorted by id, so that row order changes nothing).

    Parameters
    ----------
    endpoint : str
        Endpoint id.
    studies : tuple of StudyData
        Studies that the model is fitted to, one or more.
    silent : tuple of StudyData
        Studies with two arms that say nothing of a ratio (see :attr:`StudyData.silence`): patients without a
        contribution to an effect or its heterogeneity.
    moderators : tuple of Moderator
        What the covariates of the studies are (``moderated``).
    uncovered : tuple of (str, str)
        Studies left out because they lack a covariate, and what they lack.
    """

    endpoint: str
    studies: tuple[StudyData, ...]
    silent: tuple[StudyData, ...] = field(default=(), kw_only=True)
    moderators: tuple[Moderator, ...] = field(default=(), kw_only=True)
    uncovered: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        if not self.studies:
            raise ValueError(f"no study informs {self.endpoint!r}")

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {self.endpoint}: {len(self.studies)} studies ({listed(self.names)})"

    @property
    def names(self) -> tuple[str, ...]:
        """Study ids in order."""
        return tuple(s.study for s in self.studies)

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms of :meth:`StudyData.observed`."""
        most = max(len(one.parts) for one in self.studies)
        return ("control", "treated", *(f"treated_{part}" for part in range(2, most + 1)))

    @property
    def comparative(self) -> tuple[str, ...]:
        """Ids of the comparative studies."""
        return tuple(s.study for s in self.studies if s.comparative)


@dataclass(frozen=True)
class SharedDenominator:
    """One denominator that is not reported and that several endpoints of an arm share."""

    study: str
    arm: str
    """Whose patients."""
    endpoints: tuple[str, ...]
    """Endpoints counted among them, two or more."""
    n: tuple[float, ...]
    """Possible denominators, length K."""
    weight: tuple[float, ...]
    """Their prior weights, length K."""


@dataclass(frozen=True, repr=False)
class JointData(ModelData):
    """The studies of one endpoint with those of the endpoints it is modelled with."""

    parts: tuple[ModelData, ...] = ()
    """All endpoints, this one among them, in the folder's order."""
    shared: tuple[SharedDenominator, ...] = ()
    """At most one for a study's arm."""

    @property
    def all_studies(self) -> tuple[str, ...]:
        """Ids of the studies of any endpoint, sorted."""
        return tuple(sorted({name for part in self.parts for name in part.names}))

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Endpoint ids in order."""
        return tuple(part.endpoint for part in self.parts)
