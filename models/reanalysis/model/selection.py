"""The studies that enter a model: from the evidence and a specification to the data of an engine."""

from __future__ import annotations

from dataclasses import dataclass

from reanalysis.evidence.candidates.candidates import Candidates
from reanalysis.evidence.candidates.observation import NoCandidates, Observation, observations
from reanalysis.evidence.coverage import coverage_cell
from reanalysis.evidence.evidence import Evidence, once_per_folder
from reanalysis.evidence.problems import InconsistentReport, InvalidInput
from reanalysis.model.data import AdjustedRatio, Benchmark, JointData, ModelData, StudyData
from reanalysis.model.distributions import Distribution
from reanalysis.model.family import BIAS_SETTINGS, FAMILIES, PRIMARY
from reanalysis.model.joint import joint_endpoints, shared_denominators
from reanalysis.model.spec import DEFAULT_PRIORS, ModelName, ModelSpec, Priors


def default_priors(evidence: Evidence, model: ModelName, basket: bool = False) -> Priors:
    """Priors of a model: those of analysis.toml for models of contrasts, the model's own otherwise."""
    if basket or FAMILIES[model].arms == "one":
        return DEFAULT_PRIORS["rates"]
    texts = evidence.settings.priors
    try:
        return Priors(*(Distribution.parse(text) for text in (texts.mu, texts.tau, texts.baseline)))
    except ValueError as error:
        raise InvalidInput([f"analysis.toml, priors: {error}"]) from None


def default_spec(evidence: Evidence, model: ModelName = PRIMARY, basket: bool = False) -> ModelSpec:
    """The primary specification of a folder, or that of another model."""
    priors = default_priors(evidence, model, basket)
    anchor = evidence.settings.priors.anchor
    return ModelSpec(model=model, basket=basket, priors=priors, anchor=anchor, seed=evidence.settings.seed)


def study_rho(evidence: Evidence, study: str, spec: ModelSpec) -> float:
    """Intra-arm correlation of a study: the specification's, else that of its design class, else 0."""
    if spec.rho is not None:
        return spec.rho
    if not spec.family.rho:
        return 0.0  # the model spreads or discounts in its own way
    design = evidence.study(study).design
    return 0.0 if design is None else float(getattr(evidence.settings.rho, design))


def study_bias(evidence: Evidence, study: str, spec: ModelSpec) -> float:
    """SD of the additive bias of a study: by its design class in ``bias``, else 0."""
    design = evidence.study(study).design
    return 0.0 if not spec.family.bias or design is None else spec.number(BIAS_SETTINGS[design].name)


def study_k(evidence: Evidence, study: str, spec: ModelSpec) -> float:
    """Effective-size factor of a weighted study.

    Raises
    ------
    InvalidInput
        If neither the specification nor analysis.toml gives one.
    """
    k = spec.k if spec.k is not None else evidence.study(study).k
    if k is None:
        raise InvalidInput(
            [
                f"arms.csv: study {study!r} has weighted arms and no effective-size factor; "
                f"set [studies.{study}] k in analysis.toml or pass --k"
            ]
        )
    return k


class NothingLeft(InvalidInput):
    """No study informs an endpoint."""


@dataclass(frozen=True)
class Selection:
    """The data of a model with the observations it was made from."""

    data: ModelData
    observations: dict[tuple[str, str], Observation]


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
            bias = study_bias(evidence, study, spec)
            studies.append(StudyData(study, None, None, 0.0, adjusted[study], bias=bias))
            continue
        arms = {arm: found[study, arm] for arm in ("control", "treated") if (study, arm) in found}
        filled = _benchmark(evidence, spec, endpoint, study) if fills and "control" not in arms else None
        if not rates and len(arms) < 2 and filled is None:
            continue
        scaled = {arm: _scaled(evidence, spec, one) for arm, one in arms.items()}
        studies.append(
            StudyData(
                study,
                scaled.get("control"),
                scaled.get("treated"),
                study_rho(evidence, study, spec),
                bias=study_bias(evidence, study, spec),
                benchmark=filled,
            )
        )
        used.update({(study, arm): one for arm, one in arms.items()})
    silent = tuple(one for one in studies if spec.baselines and one.silence)
    telling = tuple(one for one in studies if one not in silent)
    if not telling:
        raise NothingLeft([_nothing_left(evidence, spec, endpoint, silent)])
    if spec.anchor == "conditional":
        _require_plain_counts(telling)
    return Selection(ModelData(endpoint, telling, silent=silent), used)


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
