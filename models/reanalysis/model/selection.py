"""The studies that enter a model: from the evidence and a specification to the data of an engine."""

from __future__ import annotations

from dataclasses import dataclass

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.candidates.observation import NoCandidates, Observation, observations
from reanalysis.evidence.coverage import coverage_cell
from reanalysis.evidence.evidence import Evidence, once_per_folder
from reanalysis.evidence.problems import InconsistentReport, InvalidInput, listed
from reanalysis.model.claims import Claims, claims_of
from reanalysis.model.covariates import with_covariates
from reanalysis.model.data import AdjustedRatio, Benchmark, JointData, ModelData, StudyData
from reanalysis.model.discounts import study_bias, study_k, study_rho
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import FAMILIES, PRIMARY
from reanalysis.model.joint import joint_endpoints, shared_denominators
from reanalysis.model.spec import DEFAULT_PRIORS, ModelName, ModelSpec, Priors


def default_priors(evidence: Evidence, model: ModelName, basket: bool = False) -> Priors:
    """Priors of a model: those of analysis.toml for models of contrasts, the model's own otherwise."""
    if basket or FAMILIES[model].arms == "one":
        return DEFAULT_PRIORS["rates"]
    texts = evidence.settings.priors
    try:
        return Priors(*(Distribution.parse(text) for text in (texts.mu, texts.tau, texts.baseline, texts.moderator)))
    except ValueError as error:
        raise InvalidInput([f"analysis.toml, priors: {error}"]) from None


def default_spec(
    evidence: Evidence, model: ModelName = PRIMARY, basket: bool = False, moderators: tuple[str, ...] = ()
) -> ModelSpec:
    """The primary specification of a folder, or that of another model."""
    priors = default_priors(evidence, model, basket)
    anchor = evidence.settings.priors.anchor
    if not FAMILIES[model].moderators:
        moderators = ()
    elif not moderators:  # a request without any is refused before it is fitted
        moderators = evidence.moderators[:1] or ("none",)
    return ModelSpec(
        model, basket=basket, priors=priors, anchor=anchor, seed=evidence.settings.seed, moderators=moderators
    )


class NothingLeft(InvalidInput):
    """No study informs an endpoint."""


@dataclass(frozen=True, repr=False)
class Selection:
    """The data of a model with the observations it was made from.

    Parameters
    ----------
    data : ModelData
        Studies.
    observations : dict of (str, str) to Observation
        What the arms reported, by study and arm.
    unheard : tuple of (str, str)
        Studies told in words whose words cannot be weighed, and why; empty unless words are asked for.
    """

    data: ModelData
    observations: dict[tuple[str, str], Observation]
    unheard: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Selection of {self.data.endpoint}: {listed(self.data.names)}; {len(self.observations)} arms observed"


def select(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Selection:
    """Assemble the studies of one endpoint.

    Parameters
    ----------
    evidence : Evidence
        The folder.
    spec : ModelSpec
        What to fit.
    endpoint : str
        Endpoint id.

    Raises
    ------
    InvalidInput
        If the endpoint or a study left out is unknown, no study is left, or a weighted arm has no k.
    InconsistentReport
        If no count fits a print.

    Examples
    --------
    >>> evidence = ra.load("anakinra")
    >>> chosen = ra.select(evidence, ra.specification(evidence), "icans_any")
    >>> chosen.data.names
    ('iptw', 'phase1', 'phase2')
    """
    _require_known(evidence, spec, endpoint)
    if spec.family.several:
        return _select_joint(evidence, spec, endpoint)
    return _select(evidence, spec, endpoint)


def _select_joint(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Selection:
    """The endpoint with those it is modelled with; of the others, those that some study still informs."""
    own = _select(evidence, spec, endpoint)
    found = {endpoint: own}
    for other in joint_endpoints(evidence, endpoint):
        if other == endpoint:
            continue
        try:
            found[other] = _select(evidence, spec, other)
        except NothingLeft:
            continue
    parts = tuple(found[e].data for e in evidence.endpoints if e in found)
    shared = shared_denominators(evidence, parts, {e: one.observations for e, one in found.items()})
    return Selection(JointData(endpoint, own.data.studies, parts, shared, silent=own.data.silent), own.observations)


def _select(evidence: Evidence, spec: ModelSpec, endpoint: str) -> Selection:
    rates, fills = spec.rates, spec.family.benchmarks
    try:
        both: tuple[str, ...] = (spec.arm,) if rates else ("control", "treated")
        found = _observed(evidence, endpoint, both, rates or fills, spec.readings, spec.denominators)
    except NoCandidates as error:
        raise InconsistentReport([f"{endpoint}: {error}; declare readings"]) from None
    adjusted = _adjusted_ratios(evidence, endpoint) if spec.route == "adjusted" and not rates else {}
    studies: list[StudyData] = []
    used: dict[tuple[str, str], Observation] = {}
    for study in sorted({s for s, _ in found} | set(adjusted)):
        if study in spec.leave_out:
            continue
        if study in adjusted:
            bias, bias_mean = study_bias(evidence, study, endpoint, spec)
            studies.append(StudyData(study, None, None, 0.0, adjusted[study], bias=bias, bias_mean=bias_mean))
            continue
        arms = {arm: found[study, arm] for arm in ("control", "treated") if (study, arm) in found}
        filled = _benchmark(evidence, spec, endpoint, study) if fills and "control" not in arms else None
        if not rates and len(arms) < 2 and filled is None:
            continue
        scaled = {arm: _scaled(evidence, spec, one) for arm, one in arms.items()}
        bias, bias_mean = study_bias(evidence, study, endpoint, spec)
        studies.append(
            StudyData(
                study,
                scaled.get("control"),
                scaled.get("treated"),
                study_rho(evidence, study, spec),
                bias=bias,
                benchmark=filled,
                bias_mean=bias_mean,
            )
        )
        used.update({(study, arm): one for arm, one in arms.items()})
    claims = Claims()
    if spec.words:
        claims = claims_of(evidence, spec, endpoint, [one.study for one in studies])
        studies = sorted((*studies, *claims.counted), key=lambda one: one.study)
    covered = with_covariates(evidence, spec, endpoint, studies, used) if spec.moderators else None
    if covered is not None:
        studies = list(covered.studies)
        used = {place: one for place, one in used.items() if place[0] not in dict(covered.uncovered)}
    silent = tuple(one for one in studies if spec.baselines and one.silence)
    telling = tuple(one for one in studies if one not in silent)
    if not telling:
        raise NothingLeft(
            [covered.nothing if covered and not studies else _nothing_left(evidence, spec, endpoint, silent)]
        )
    if spec.anchor == "conditional":
        _require_plain_counts(telling)
    if covered is not None:
        return Selection(covered.centred(endpoint, telling, silent), used)
    return Selection(ModelData(endpoint, telling, silent=silent), used, claims.left_out)


@once_per_folder
def _observed(
    evidence: Evidence, endpoint: str, arms: tuple[str, ...], sensitivity: bool,
    readings: tuple[tuple[str, str], ...], denominators: tuple[tuple[str, int], ...],
) -> dict[tuple[str, str], Observation]:  # fmt: skip
    """What the arms of an endpoint reported, worked out once: thousands of specifications differ in rho and k alone."""
    return observations(
        evidence, endpoint, arms=arms, sensitivity=sensitivity, readings=dict(readings), denominators=dict(denominators)
    )


def _require_plain_counts(studies: tuple[StudyData, ...]) -> None:
    """The conditional likelihood is a probability of whole counts."""
    without = [one.study for one in studies if not one.plain]
    if without:
        raise InvalidInput(
            [f"the conditional likelihood needs plain counts of both arms, without rho; {', '.join(without)}: has none"]
        )


def _benchmark(evidence: Evidence, spec: ModelSpec, endpoint: str, study: str) -> Benchmark | None:
    row = evidence.benchmark(study, endpoint)
    return None if row is None else Benchmark(row.candidates(), evidence.settings.rho.external, spec.number("w"))


def _scaled(evidence: Evidence, spec: ModelSpec, observation: Observation) -> Candidates:
    if not observation.weighted:
        return observation.candidates
    return observation.candidates.scaled(study_k(evidence, observation.study, spec))


@once_per_folder
def _adjusted_ratios(evidence: Evidence, endpoint: str) -> dict[str, AdjustedRatio]:
    return {
        row.study: AdjustedRatio(row.log_ratio, row.standard_error)
        for row in evidence.contrasts
        if row.endpoint == endpoint and row.use == "sensitivity" and row.has_interval
    }


def _require_known(evidence: Evidence, spec: ModelSpec, endpoint: str) -> None:
    if endpoint not in evidence.endpoints:
        raise InvalidInput([f"unknown endpoint {endpoint!r}; {evidence.folder} has {', '.join(evidence.endpoints)}"])
    unknown = [s for s in spec.leave_out if s not in evidence.studies]
    if unknown:
        raise InvalidInput(
            [f"unknown study {s!r}; {evidence.folder} has {', '.join(evidence.studies)}" for s in unknown]
        )


def _nothing_left(evidence: Evidence, spec: ModelSpec, endpoint: str, silent: tuple[StudyData, ...]) -> str:
    if silent:
        reasons = "; ".join(f"{one.study}: {one.silence}" for one in silent)
        return f"no study says anything of a ratio of {endpoint!r}: {reasons}"
    cells = {s: coverage_cell(evidence, s, endpoint) for s in evidence.studies}
    reported = "; ".join(f"{s}: {c}" for s, c in cells.items() if c != "missing") or "nothing is reported"
    wanted = f"a {spec.arm} arm" if spec.rates else "a comparison of two arms within one study"
    out = f" after leaving out {', '.join(spec.leave_out)}" if spec.leave_out else ""
    return f"no study informs {endpoint!r}{out}: the model needs {wanted} ({reported})"
